// The page's own server: it holds the writer's key (BRAINOPS_KEY), and gives a page a token for one operation.

import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { createClient } from "@brainops/client";

const memory = process.env.BRAINOPS_URL ?? "http://127.0.0.1:8321";
const port = Number(process.env.PORT ?? 8000);
const brain = createClient({ url: memory, key: process.env.BRAINOPS_KEY });
const FILES = { "/": ["index.html", "text/html"], "/page.js": ["page.js", "text/javascript"] };

const server = createServer(async (request, response) => {
  const tell = (status, kind, body) => response.writeHead(status, { "content-type": `${kind}; charset=utf-8` }).end(body);
  try {
    if (request.method === "POST" && request.url === "/memory-token") {
      // Here a shop looks whose session it is. Another site's page sends its own origin, and gets none.
      if (request.headers["sec-fetch-site"] !== "same-origin") return tell(403, "text/plain", "not from this page");
      return tell(200, "text/plain", (await brain.keys.token({ operation: "checkout", minutes: 5 })).secret);
    }
    if (request.url === "/settings") return tell(200, "application/json", JSON.stringify({ memory }));
    const [name, kind] = FILES[request.url] ?? [];
    if (!name) return tell(404, "text/plain", "not here");
    tell(200, kind, await readFile(new URL(name, import.meta.url)));
  } catch (error) {
    tell(502, "text/plain", error.type ?? "memory is away");
  }
});
server.listen(port, "127.0.0.1", () => console.log(`http://127.0.0.1:${port}`));
