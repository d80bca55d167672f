import type { Allow, Ask, Calls, Deny, FeedEntry, Guidance, Json, ProblemDetails } from "./api.js";

export type * from "./api.js";

type Named = keyof Calls & string;
type Call<V extends Named> = {} extends Calls[V][0]
  ? (parameters?: Calls[V][0], options?: CallOptions) => Promise<Calls[V][1]>
  : (parameters: Calls[V][0], options?: CallOptions) => Promise<Calls[V][1]>;
type Own = Named extends infer V ? (V extends `${string}.${string}` ? never : V) : never;
type Noun = Named extends infer V ? (V extends `${infer N}.${string}` ? N : never) : never;
type Of<N extends string> = Named extends infer V ? (V extends `${N}.${infer W}` ? W : never) : never;

type Item<A> = A extends { items: readonly (infer T)[] } ? T : never;
type Listed = { [V in Named]: Calls[V][1] extends { items: readonly unknown[] } ? V : never }[Named];

/** Every verb of the server, by its name. */
export type Verbs = { [V in Own & Named]: Call<V> } & {
  [N in Noun]: { [V in Of<N>]: `${N}.${V}` extends Named ? Call<`${N}.${V}`> : never };
};

export interface CallOptions {
  signal?: AbortSignal;
  /** Seconds within which the call is done; what is not committed by then is not written. */
  deadline?: number;
  /** How often what did not arrive is sent again; each call has a key of its own, so nothing is done twice. */
  retries?: number;
  /** Under which a later call is the same call, too. */
  idempotencyKey?: string;
  session?: string;
  /** The personal key of somebody who may approve. */
  proof?: string;
}

export interface ClientOptions extends Omit<CallOptions, "signal" | "idempotencyKey"> {
  /** Where the server is; BRAINOPS_URL or http://127.0.0.1:8321 without it. */
  url?: string | URL;
  /** A key, or what fetches one, again once the server knows it no more: a page holds short-lived tokens only. */
  key?: string | (() => string | Promise<string>);
  /** Whether an action goes on ("open") or not ("closed") while the memory does not answer. */
  down?: "open" | "closed";
  fetch?: typeof fetch;
}

export interface Operation {
  /** None where the memory did not answer. */
  id: string | null;
  name: string;
  guidance: Guidance | null;
  decision: Allow | Ask | Deny | null;
  down?: BrainOpsError;
  /** Why its end could not be told; what the action answered was handed on all the same. */
  untold?: unknown;
}

export interface OperationOptions {
  target?: string;
  context?: { readonly [name: string]: Json };
  service?: string;
  signal?: AbortSignal;
}

export type Action<T> = ((operation: Operation) => T | Promise<T>) | { run(operation: Operation): T | Promise<T> };

export interface StreamOptions {
  /** Kinds of changes, or their nouns: "run.waiting", "approval". */
  kinds?: string | string[];
  /** The `id` of the last change that was seen. */
  after?: string;
  signal?: AbortSignal;
}

export interface ClientMethods {
  call<V extends Named>(verb: V, parameters: Calls[V][0], options?: CallOptions): Promise<Calls[V][1]>;
  /** What is on all pages of a list. */
  all<V extends Listed>(verb: V, parameters?: Calls[V][0], options?: CallOptions): AsyncGenerator<Item<Calls[V][1]>, void>;
  stream(options?: StreamOptions): AsyncGenerator<FeedEntry, void>;
  fetchMemoryContext(name: string, options?: OperationOptions): Promise<Operation>;
  executeWithMemory<T>(action: Action<T>, operation: Operation): Promise<T>;
  storeActionResult(action: Action<unknown> | Operation | string, result?: unknown): Promise<void>;
  wrap<A extends unknown[], T>(name: string, action: (...given: A) => T | Promise<T>, options?: OperationOptions): (...given: A) => Promise<T>;
  captureErrors(options?: { target?: EventTarget; most?: number; service?: string }): () => void;
}

export type Client = ClientMethods & Verbs;

/** What the server answered in place of a value, or what kept it from answering (`type` "Unreachable", `status` 0). */
export class BrainOpsError extends Error {
  readonly type: string;
  readonly status: number;
  readonly wayOut: string;
  readonly requestId: string;
  readonly problem: Partial<ProblemDetails> & { type: string };
}

export function createClient(options?: ClientOptions): Client;
export function configure(options: ClientOptions): Client;
export const fetchMemoryContext: ClientMethods["fetchMemoryContext"];
export const executeWithMemory: ClientMethods["executeWithMemory"];
export const storeActionResult: ClientMethods["storeActionResult"];
export const captureErrors: ClientMethods["captureErrors"];
