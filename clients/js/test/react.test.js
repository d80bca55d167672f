// @vitest-environment happy-dom

import { act, createElement } from "react";
import { createRoot } from "react-dom/client";
import { afterEach, beforeEach, expect, test } from "vitest";
import { useErrorCapture, useOperation } from "@brainops/client/react";

globalThis.IS_REACT_ACT_ENVIRONMENT = true;

let root, place, client, seen;

beforeEach(() => {
  place = document.body.appendChild(document.createElement("div"));
  root = createRoot(place);
  seen = { begun: [], ended: [], captured: 0 };
  client = {
    fetchMemoryContext: async (name, options) => (seen.begun.push([name, options]), { id: "o", name, guidance: { text: "raise maxmemory" } }),
    executeWithMemory: async (action, operation) => {
      try {
        return await action(operation);
      } finally {
        seen.ended.push(operation.name);
      }
    },
    captureErrors: () => (seen.captured++, () => seen.captured--),
  };
});

afterEach(() => act(() => root.unmount()));

function shown() {
  let now;
  const Checkout = ({ name = "checkout", target }) => {
    now = useOperation(name, { client, target });
    return now.running ? "..." : now.error ? `failed: ${now.error.message}` : `${now.operation?.guidance.text}: ${now.result}`;
  };
  return { Checkout, now: () => now };
}

test("a component shows what memory said, runs the action with it, and shows what came of it", async () => {
  const { Checkout, now } = shown();
  await act(() => root.render(createElement(Checkout, { target: "shop" })));
  await act(async () => expect(await now().run((operation) => operation.guidance.text.length)).toBe(15));

  expect(place.textContent).toBe("raise maxmemory: 15");
  expect(seen).toMatchObject({ begun: [["checkout", { target: "shop" }]], ended: ["checkout"] });
});

test("what an action throws is shown, and thrown to who ran it", async () => {
  const { Checkout, now } = shown();
  await act(() => root.render(createElement(Checkout)));
  const { run } = now();
  await act(() => expect(run(() => Promise.reject(new Error("card declined")))).rejects.toThrow("card declined"));

  expect(place.textContent).toBe("failed: card declined");
  expect(now().run).toBe(run); // the same from one rendering to the next
});

test("of two calls the later one is shown, and nothing once the component is gone", async () => {
  const { Checkout, now } = shown();
  await act(() => root.render(createElement(Checkout)));
  let first;
  const slow = new Promise((resolve) => (first = resolve));
  await act(async () => {
    const earlier = now().run(() => slow);
    await now().run(() => "later");
    first("earlier");
    await earlier;
  });
  expect(place.textContent).toBe("raise maxmemory: later");

  let last, running;
  await act(async () => void (running = now().run(() => new Promise((resolve) => (last = resolve)))));
  await act(() => root.unmount());
  last("too late");
  expect(await running).toBe("too late");
  expect(now().result).not.toBe("too late");
  root = createRoot(place);
});

test("errors are captured while the component is there", async () => {
  const Page = () => (useErrorCapture({ client, service: "shop-web" }), null);
  await act(() => root.render(createElement(Page)));
  expect(seen.captured).toBe(1);
  await act(() => root.render(null));
  expect(seen.captured).toBe(0);
});
