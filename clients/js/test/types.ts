// What a program in TypeScript writes, checked by the compiler alone: each line that is wrong is expected to be.

import { configure, createClient, executeWithMemory, fetchMemoryContext, storeActionResult } from "@brainops/client";
import type { Captured, Run } from "@brainops/client";
import { useErrorCapture, useOperation } from "@brainops/client/react";

const brain = createClient({ url: "http://127.0.0.1:8321", key: async () => "token", down: "closed" });

const captured: Captured = await brain.capture({ title: "Redis is full", content: { fix: "raise maxmemory" }, tags: ["redis"] });
const run: Run = await brain.runs.start({ name: "deploy" }, { idempotencyKey: "deploy-7" });
const found = await brain.retrieve({ query: "redis" });
const first: string | undefined = found[0]?.memory.title;

// @ts-expect-error there is no such verb
await brain.runs.begin({ name: "deploy" });
// @ts-expect-error a capture has a title
await brain.capture({ content: "no title" });
// @ts-expect-error of no other type
await brain.capture({ title: 7 });

const operation = await fetchMemoryContext("checkout", { target: "shop" });
const total: number = await executeWithMemory(async () => 42, operation);
await storeActionResult("checkout", total);
const pay = brain.wrap("pay", (amount: number) => `paid ${amount}`);
const said: string = await pay(7);
for await (const change of brain.stream({ kinds: ["run.waiting"] })) console.log(change.kind, run.id, captured.id, first, said);
for await (const memory of brain.all("newest", { tags: ["redis"] })) console.log(memory.title);
// @ts-expect-error no list
brain.all("get", { memory_id: "m" });
configure({});

function Checkout() {
  const { running, operation, result, run: pay } = useOperation<number>("checkout", { target: "shop" });
  useErrorCapture({ service: "shop-web", most: 5 });
  const total: number | undefined = result;
  const paid: Promise<number> = pay(async (begun) => begun.name.length);
  // @ts-expect-error it answers a number
  pay(() => "paid");
  return [running, operation?.guidance, total, paid];
}
Checkout();
