// Against a running server, whose address stands in BRAINOPS_URL; what it takes a broken server for, one of our own.

import { createServer } from "node:http";
import { afterAll, beforeAll, describe, expect, test } from "vitest";

import { BrainOpsError, configure, createClient, executeWithMemory, fetchMemoryContext, storeActionResult } from "@brainops/client";

const url = process.env.BRAINOPS_URL;
const brain = createClient({ url });

beforeAll(() => {
  if (!url) throw new Error("BRAINOPS_URL says which server is tested: pytest tests/clients");
  configure({ url });
});

/** A server that answers with what is given, in turn. */
async function answering(...answers) {
  const asked = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const piece of request) body += piece;
    asked.push({ url: request.url, headers: request.headers, body });
    const [status, said, headers = {}] = answers[Math.min(asked.length, answers.length) - 1];
    if (status === 0) return request.socket.destroy();
    response.writeHead(status, headers).end(typeof said === "string" ? said : JSON.stringify(said));
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return { asked, url: `http://127.0.0.1:${server.address().port}`, close: () => server.close() };
}

const AWAY = { status: 503, type: "StoreUnavailable", title: "", detail: "busy", way_out: "repeat it", request_id: "r" };

describe("verbs", () => {
  test("a memory is captured and found", async () => {
    const captured = await brain.capture({ title: "Redis runs out of memory", content: { fix: "raise maxmemory" } });
    const [hit] = await brain.retrieve({ query: "redis out of memory", limit: 1 });
    expect(hit.memory.id).toBe(captured.id);
    expect((await brain.get({ memory_id: captured.id })).content).toEqual({ fix: "raise maxmemory" });
  });

  test("what is refused says why and the way out", async () => {
    const refused = await brain.get({ memory_id: "nothing of the sort" }).catch((error) => error);
    expect(refused).toBeInstanceOf(BrainOpsError);
    expect(refused.type).toBe("NotFound");
    expect(refused.status).toBe(404);
    expect(refused.wayOut).not.toBe("");
    expect(refused.requestId).not.toBe("");
    await expect(brain.capture({ title: 7 })).rejects.toMatchObject({ type: "InvalidInput" });
    await expect(brain.no.such.verb({})).rejects.toBeInstanceOf(BrainOpsError);
  });

  test("a call under a key is done once", async () => {
    const said = { title: "told twice", content: "kept once" };
    const first = await brain.capture(said, { idempotencyKey: "js-once" });
    const again = await brain.capture(said, { idempotencyKey: "js-once" });
    expect(again.id).toBe(first.id);
    await expect(brain.capture({ title: "another" }, { idempotencyKey: "js-once" })).rejects.toMatchObject({ status: 409 });
  });

  test("a list is gone through page by page", async () => {
    for (let number = 0; number < 5; number++) await brain.capture({ title: `page ${number}`, tags: ["js-paged"] });
    const titles = [];
    for await (const memory of brain.all("newest", { tags: ["js-paged"], limit: 2 })) titles.push(memory.title);
    expect(titles).toEqual(["page 4", "page 3", "page 2", "page 1", "page 0"]);
  });

  test("a client without an address asks the server of the environment", async () => {
    process.env.BRAINOPS_URL = url;
    expect((await createClient({ retries: 0 }).whoami({})).namespace).toBe("team/a");
  });

  test("a client is no promise, and can be awaited", async () => {
    expect(await createClient({ url })).toBeDefined();
  });
});

describe("an operation through its three calls", () => {
  test("is one record, however often its end is told", async () => {
    const action = async (operation) => {
      expect(operation.guidance).not.toBeNull();
      return { orders: 3 };
    };
    const memoryContext = await fetchMemoryContext("js-user-action", { target: "shop" });
    const result = await executeWithMemory(action, memoryContext);
    await storeActionResult(action, result);
    await storeActionResult(memoryContext, result);

    const { items: operations } = await brain.operations.list({ name: "js-user-action" });
    expect(operations).toHaveLength(1);
    expect(operations[0]).toMatchObject({ id: memoryContext.id, start: { target: "shop" } });
    expect(operations[0].outcome).toMatchObject({ result: { orders: 3 } });
  });

  test("is recorded with what it threw, which passes through", async () => {
    const operation = await fetchMemoryContext("js-breaks");
    const thrown = new TypeError("total is not a number", { cause: new Error("no such order") });
    await expect(executeWithMemory(() => Promise.reject(thrown), operation)).rejects.toBe(thrown);

    const [kept] = (await brain.operations.list({ name: "js-breaks" })).items;
    expect(JSON.stringify(kept.outcome)).toContain("total is not a number");
    const found = await brain.match({ error: "TypeError: total is not a number" });
    expect(found[0].exact).toBe(true);
  });

  test("may be stored under its name by who did it alone", async () => {
    const operation = await fetchMemoryContext("js-by-hand");
    await storeActionResult("js-by-hand", 7);
    expect((await brain.operations.get({ operation_id: operation.id })).outcome).toMatchObject({ result: 7 });
    await expect(storeActionResult("js-by-hand", 7)).rejects.toMatchObject({ type: "NotFound" });
  });

  test("goes on without memory where that is away and it may, and not where it may not", async () => {
    const open = createClient({ url: "http://127.0.0.1:9", retries: 0 });
    const operation = await open.fetchMemoryContext("pay");
    expect(operation).toMatchObject({ id: null, guidance: null });
    expect(operation.down.type).toBe("Unreachable");
    expect(await open.executeWithMemory(() => "paid", operation)).toBe("paid");

    const closed = createClient({ url: "http://127.0.0.1:9", retries: 0, down: "closed" });
    await expect(closed.fetchMemoryContext("pay")).rejects.toMatchObject({ type: "Unreachable" });
  });

  test("goes on and is told by its name where its key cannot be fetched either", async () => {
    for (const key of [async () => Promise.reject(new Error("no vault")), () => { throw new Error("no vault"); }]) {
      const open = createClient({ url: "http://127.0.0.1:9", retries: 0, key });
      expect((await open.fetchMemoryContext("pay")).down.type).toBe("Unreachable");
      await open.storeActionResult("pay", "paid");
      await expect(open.storeActionResult("pay", "twice")).rejects.toMatchObject({ type: "NotFound" });
    }
  });

  test("hands on what was done, whatever becomes of telling it", async () => {
    for (const finish of [[409, { status: 409, type: "Conflict", detail: "told", way_out: "", request_id: "" }], [0, null], [200, "<html>"]]) {
      const broken = await answering([200, { id: "o", guidance: null, decision: null }], finish);
      const client = createClient({ url: broken.url, retries: 0, down: "closed" });
      const operation = await client.fetchMemoryContext("charge");
      expect(await client.executeWithMemory(() => "charged", operation)).toBe("charged");
      broken.close();
    }
    const loop = { total: 7n };
    loop.self = loop;
    const operation = await fetchMemoryContext("js-loop");
    expect(await executeWithMemory(() => loop, operation)).toBe(loop);
    expect(operation.untold).toBeUndefined();
    const thrown = new Error("one");
    thrown.cause = thrown;
    await expect(executeWithMemory(() => Promise.reject(thrown), await fetchMemoryContext("js-cause"))).rejects.toBe(thrown);
  });

  test("does not go on where the guard says no, and a function can be wrapped", async () => {
    const denied = await answering([403, { status: 403, type: "OperationBlocked", detail: "ask first", way_out: "", request_id: "" }]);
    const strict = createClient({ url: denied.url });
    let done = false;
    const pay = strict.wrap("pay", () => (done = true));
    await expect(pay()).rejects.toMatchObject({ type: "OperationBlocked" });
    expect(done).toBe(false);
    denied.close();

    const add = brain.wrap("js-add", (a, b) => a + b);
    expect(await add(2, 3)).toBe(5);
    expect((await brain.operations.list({ name: "js-add" })).items).toHaveLength(1);
  });
});

describe("a server in trouble", () => {
  test("is asked again under the same call, and soon gives the answer", async () => {
    const broken = await answering([0, null], [503, AWAY, { "retry-after": "0.1" }], [200, { id: "m" }]);
    expect(await createClient({ url: broken.url }).capture({ title: "x" })).toEqual({ id: "m" });
    expect(broken.asked).toHaveLength(3);
    expect(new Set(broken.asked.map(({ headers }) => headers["brainops-call"])).size).toBe(1);
    broken.close();
  });

  test("is shown another key where it knows the one before no more, once for each call", async () => {
    const UNKNOWN = { status: 401, type: "Unauthenticated", detail: "that token has ended", way_out: "", request_id: "" };
    const ended = await answering([200, {}], [200, {}], [401, UNKNOWN], [200, {}], [401, UNKNOWN]);
    let fetched = 0;
    const client = createClient({ url: ended.url, key: async () => `token-${++fetched}` });
    await Promise.all([client.status({}), client.status({})]);
    await client.status({});
    expect(ended.asked.map(({ headers }) => headers.authorization)).toEqual([1, 1, 1, 2].map((each) => `Bearer token-${each}`));
    await expect(client.status({})).rejects.toMatchObject({ status: 401 });
    expect(fetched).toBe(3);
    ended.close();
  });

  test("is not asked again for what is wrong, nor beyond the deadline or the number of tries", async () => {
    const wrong = await answering([422, { status: 422, type: "InvalidInput", detail: "no", way_out: "", request_id: "" }]);
    await expect(createClient({ url: wrong.url }).capture({})).rejects.toMatchObject({ status: 422 });
    expect(wrong.asked).toHaveLength(1);
    wrong.close();

    const busy = await answering([503, AWAY]);
    await expect(createClient({ url: busy.url, deadline: 0.3 }).capture({ title: "x" })).rejects.toMatchObject({ status: 503 });
    await expect(createClient({ url: busy.url, retries: 0 }).capture({ title: "x" })).rejects.toMatchObject({ status: 503 });
    expect(busy.asked).toHaveLength(2);
    busy.close();
  });

  test("that says nothing of ours is told as it is", async () => {
    const proxy = await answering([500, "<html>Bad gateway</html>"]);
    await expect(createClient({ url: proxy.url }).status({})).rejects.toMatchObject({ status: 500 });
    proxy.close();
  });

  test("a call is given up when its caller says so", async () => {
    const busy = await answering([503, AWAY]);
    const abort = new AbortController();
    const waits = createClient({ url: busy.url }).capture({ title: "x" }, { signal: abort.signal });
    setTimeout(() => abort.abort(new Error("left the page")), 50);
    await expect(waits).rejects.toThrow("left the page");
    busy.close();
  });
});

describe("the stream", () => {
  test("tells what happens, and goes on where a connection was lost", async () => {
    const abort = new AbortController();
    const seen = [];
    let open;
    const connected = new Promise((resolve) => (open = resolve));
    const reading = (async () => {
      const counted = createClient({ url, fetch: (...given) => fetch(...given).finally(open) });
      for await (const change of counted.stream({ kinds: "memory", signal: abort.signal })) {
        seen.push(change);
        if (seen.length === 2) abort.abort();
      }
    })();
    await connected;
    const first = await brain.capture({ title: "streamed first" });
    const second = await brain.capture({ title: "streamed second" });
    await reading;
    expect(seen.map(({ ref }) => ref)).toEqual([first.id, second.id]);

    const resumed = createClient({ url }).stream({ kinds: "memory", after: seen[0].id });
    expect((await resumed.next()).value.ref).toBe(second.id);
    await resumed.return();
  });
});

describe("errors that nobody caught", () => {
  const page = new EventTarget();
  let stop;
  afterAll(() => stop());

  test("are remembered once each, and so many at most", async () => {
    stop = brain.captureErrors({ target: page, most: 2, service: "shop-web" });
    const happen = (name, fields) => page.dispatchEvent(Object.assign(new Event(name), fields));
    happen("error", { error: new RangeError("cart is empty in checkout") });
    happen("error", { error: new RangeError("cart is empty in checkout") });
    happen("unhandledrejection", { reason: new Error("quote was refused upstream") });
    happen("error", { error: new Error("one too many of them") });

    await expect.poll(async () => (await brain.match({ error: "RangeError: cart is empty in checkout" }))[0]?.exact).toBe(true);
    await expect.poll(async () => (await brain.match({ error: "Error: quote was refused upstream" }))[0]?.exact).toBe(true);
    expect((await brain.match({ error: "Error: one too many of them" }))[0]?.exact ?? false).toBe(false);
  });
});

test("the client is small", async () => {
  const { readFileSync } = await import("node:fs");
  const { gzipSync } = await import("node:zlib");
  expect(gzipSync(readFileSync(new URL("../src/index.js", import.meta.url))).length).toBeLessThan(5 * 1024);
});
