// The client of a BrainOps server: every verb of its HTTP API, one operation through its three calls, and the stream.

const environment = globalThis.process?.env ?? {};
const RETRIED = new Set([429, 502, 503, 504]);
const CLOSED = Symbol("closed"); // an operation whose end is told

/** What the server answered in place of a value (RFC 9457), or what kept it from answering. */
export class BrainOpsError extends Error {
  constructor(problem, options) {
    super(problem.detail ? `${problem.type}: ${problem.detail}` : problem.type, options);
    this.name = "BrainOpsError";
    this.type = problem.type;
    this.status = problem.status ?? 0;
    this.wayOut = problem.way_out ?? "";
    this.requestId = problem.request_id ?? "";
    this.problem = problem;
  }
}

const wait = (milliseconds, signal) =>
  new Promise((resolve, reject) => {
    const stop = () => (clearTimeout(timer), reject(signal.reason));
    const timer = setTimeout(() => (signal?.removeEventListener("abort", stop), resolve()), milliseconds);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });

/** Up to one second before the first repetition, twice as much before each further one, and half of it by chance. */
const pause = (attempt) => Math.min(8000, 500 * 2 ** attempt) * (1 + Math.random());

const unreachable = (cause) =>
  new BrainOpsError(
    {
      type: "Unreachable",
      detail: `the memory does not answer (${cause?.message ?? cause})`,
      way_out: "see whether the server runs and the address is right: brainops service status",
    },
    { cause },
  );

const event = (error, deep = 0) =>
  error instanceof Error
    ? {
        type: error.name,
        message: error.message,
        chain: error.cause instanceof Error && deep < 5 ? [event(error.cause, deep + 1)] : [],
        source: "javascript",
      }
    : String(error);

/** What JSON can hold of a result; of a loop or a BigInt, how it reads. */
const kept = (result) => {
  try {
    return JSON.parse(JSON.stringify(result ?? null));
  } catch {
    return String(result);
  }
};

class Client {
  #url;
  #options;
  #named = new Map(); // the operations that were begun and not ended, by their names
  #acted = new WeakMap(); // and those that were executed, by their actions
  #fetched; // the key that was fetched last, until a server knows it no more

  constructor({ url = environment.BRAINOPS_URL || "http://127.0.0.1:8321", ...options } = {}) {
    this.#url = String(url).replace(/\/+$/, "");
    this.#options = { deadline: 30, retries: 3, down: "open", fetch: globalThis.fetch, ...options };
  }

  /** Call a verb by its name: call("runs.start", {name: "deploy"}). */
  call = async (verb, parameters = {}, options = {}) => {
    const given = { ...this.#options, ...options };
    const headers = await this.#headers(given);
    headers["content-type"] = "application/json";
    headers["brainops-deadline"] = String(given.deadline);
    headers["brainops-call"] = crypto.randomUUID(); // made before it is sent: a repetition does nothing twice
    if (given.idempotencyKey) headers["idempotency-key"] = given.idempotencyKey;
    if (given.session) headers["brainops-session"] = given.session;
    if (given.proof) headers["brainops-proof"] = given.proof;
    const request = { method: "POST", headers, body: JSON.stringify(parameters) };
    const url = `${this.#url}/v1/${verb.replaceAll(".", "/")}`;
    try {
      return await this.#sent(url, given, request);
    } catch (error) {
      if (error.status !== 401 || typeof given.key !== "function") throw error;
      Object.assign(headers, await this.#headers(given, true));
      return await this.#sent(url, given, request);
    }
  };

  /** Yield what is on all pages of a list: all("operations.list", {name: "deploy"}). */
  async *all(verb, parameters = {}, options = {}) {
    for (let after; ; ) {
      const page = await this.call(verb, after ? { ...parameters, after } : parameters, options);
      yield* page.items;
      if (!(after = page.next)) return;
    }
  }

  async #headers({ key }, anew) {
    let known = key;
    if (typeof key === "function") {
      if (anew) this.#fetched = undefined;
      known = await (this.#fetched ??= (async () => key())().catch((error) => {
        this.#fetched = undefined;
        throw error instanceof BrainOpsError ? error : unreachable(error);
      }));
    }
    return known ? { authorization: `Bearer ${known}` } : {};
  }

  async #sent(url, { signal, deadline, retries, fetch }, request) {
    const until = Date.now() + deadline * 1000;
    for (let attempt = 0; ; attempt++) {
      const left = until - Date.now();
      const timeout = AbortSignal.timeout(Math.max(1, left));
      let problem;
      try {
        const response = await fetch(url, { ...request, signal: signal ? AbortSignal.any([signal, timeout]) : timeout });
        if (response.ok) return response.status === 204 ? null : await response.json();
        problem = await this.#problem(response);
        if (!RETRIED.has(response.status)) throw problem;
      } catch (cause) {
        if (signal?.aborted) throw signal.reason;
        if (cause instanceof BrainOpsError) throw cause;
        problem = unreachable(cause); // an answer that breaks off, or is none of ours, too
      }
      const asked = Number(problem.retryAfter) * 1000;
      const rest = asked > 0 ? asked * (1 + Math.random() / 4) : pause(attempt);
      if (attempt >= retries || Date.now() + rest >= until) throw problem;
      await wait(rest, signal);
    }
  }

  async #problem(response) {
    const text = await response.text();
    let said;
    try {
      said = JSON.parse(text);
    } catch {
      said = { type: "Unexpected", detail: `${response.status} ${text.slice(0, 200)}` };
    }
    const problem = new BrainOpsError({ status: response.status, ...said });
    problem.retryAfter = response.headers.get("retry-after");
    return problem;
  }

  /** Yield what happens, as it happens; a connection that is lost is made anew where it was. */
  async *stream({ kinds = [], after, signal } = {}) {
    for (let attempt = 0; ; attempt++) {
      try {
        const url = new URL(`${this.#url}/v1/stream`);
        if (kinds.length) url.searchParams.set("kinds", [].concat(kinds).join(","));
        const headers = { accept: "text/event-stream", ...(await this.#headers(this.#options, attempt > 0)) };
        if (after) headers["last-event-id"] = after;
        const response = await this.#options.fetch(url, { headers, signal });
        if (!response.ok) throw await this.#problem(response);
        for await (const { id, data } of events(response.body)) {
          attempt = 0;
          if (id) after = id;
          if (data) yield JSON.parse(data);
        }
      } catch (error) {
        if (signal?.aborted) return;
        if (error instanceof BrainOpsError && error.type !== "Unreachable" && !RETRIED.has(error.status)) throw error;
      }
      try {
        await wait(pause(attempt), signal);
      } catch {
        return;
      }
    }
  }

  /**
   * Ask memory before something is done, and begin its operation. Where the server is away, an operation without
   * guidance comes back (`down: "open"`), or what kept it from answering is thrown (`down: "closed"`). What the guard
   * forbids is thrown either way.
   */
  fetchMemoryContext = async (name, { target, context, service, signal } = {}) => {
    try {
      const begun = await this.call("operations.begin", { name, target, context, service }, { signal });
      return this.#begun({ ...begun, name });
    } catch (error) {
      if (!this.#open(error)) throw error;
      return this.#begun({ id: null, name, guidance: null, decision: null, down: error });
    }
  };

  #begun(operation) {
    this.#named.set(operation.name, operation);
    return operation;
  }

  /** Do something with what memory said, and tell how it ended; what it throws passes through. */
  executeWithMemory = async (action, operation) => {
    this.#acted.set(action, operation);
    let result;
    try {
      result = await (typeof action === "function" ? action(operation) : action.run(operation));
    } catch (error) {
      await this.#end(operation, { error: event(error) });
      throw error;
    }
    await this.#end(operation, { result });
    return result;
  };

  /**
   * Tell how something ended that was begun under this name, by this action, or as this operation. After
   * `executeWithMemory` it is told already, and nothing is recorded twice.
   */
  storeActionResult = async (action, result) => {
    const operation =
      typeof action === "string" ? this.#named.get(action) : (this.#acted.get(action) ?? ("id" in action ? action : undefined));
    if (!operation) {
      throw new BrainOpsError({
        type: "NotFound",
        detail: `no operation was begun for ${typeof action === "string" ? action : "this action"}`,
        way_out: "begin one with fetchMemoryContext(NAME), and store its result under that name",
      });
    }
    await this.#end(operation, result instanceof Error ? { error: event(result) } : { result });
  };

  async #end(operation, how) {
    if (operation[CLOSED]) return;
    operation[CLOSED] = true; // from here on: what was done is done, whatever becomes of telling it
    if (this.#named.get(operation.name) === operation) this.#named.delete(operation.name);
    if (!operation.id) return; // the server was away, and knows of no beginning
    try {
      const told = "result" in how ? { result: kept(how.result) } : how;
      await this.call("operations.finish", { operation_id: operation.id, ...told });
    } catch (error) {
      operation.untold = error; // the action has ended: its result is not thrown away for that
    }
  }

  #open(error) {
    const away = error instanceof BrainOpsError && (error.type === "Unreachable" || error.status >= 500);
    return away && this.#options.down === "open";
  }

  /** Return a function that does the same with memory around it. */
  wrap = (name, action, options = {}) =>
    async (...given) =>
      this.executeWithMemory(() => action(...given), await this.fetchMemoryContext(name, options));

  /** Remember errors that nobody caught, each once and so many at most; returns what ends it. */
  captureErrors = ({ target = globalThis, most = 20, service } = {}) => {
    const seen = new Set();
    const capture = (error) => {
      const known = `${error?.name}: ${error?.message ?? error}`;
      if (seen.size >= most || seen.has(known)) return;
      seen.add(known);
      this.call("capture_error", { error: event(error), service }, { retries: 0 }).catch(() => {});
    };
    const thrown = (happened) => capture(happened.error ?? happened.message);
    const rejected = (happened) => capture(happened.reason);
    target.addEventListener("error", thrown);
    target.addEventListener("unhandledrejection", rejected);
    return () => {
      target.removeEventListener("error", thrown);
      target.removeEventListener("unhandledrejection", rejected);
    };
  };
}

/** Yield the events of a server-sent stream: {id, event, data}. */
async function* events(body) {
  let text = "";
  for await (const piece of body.pipeThrough(new TextDecoderStream())) {
    text += piece;
    const ends = text.split(/\r?\n\r?\n/);
    text = ends.pop();
    for (const block of ends) {
      const found = {};
      for (const line of block.split(/\r?\n/)) {
        const [, name, value] = /^(\w+): ?(.*)$/.exec(line) ?? [];
        if (name) found[name] = name === "data" && found.data !== undefined ? `${found.data}\n${value}` : value;
      }
      yield found;
    }
  }
}

const verbs = (client, path) =>
  new Proxy((parameters, options) => client.call(path, parameters, options), {
    get: (_, name) => (typeof name === "string" && name !== "then" ? verbs(client, `${path}.${name}`) : undefined),
  });

/** A client of a BrainOps server; `client.runs.start({name: "deploy"})` is the verb `runs.start`. */
export function createClient(options) {
  const client = new Client(options);
  return new Proxy(client, {
    get: (_, name) => {
      const own = Reflect.get(client, name, client);
      if (own !== undefined) return typeof own === "function" ? own.bind(client) : own;
      return typeof name === "string" && name !== "then" ? verbs(client, name) : undefined;
    },
  });
}

let shared;

/** Say which server the functions below ask; without it BRAINOPS_URL and BRAINOPS_KEY say so. */
export function configure(options) {
  shared = createClient(options);
  return shared;
}

const asked = () => (shared ??= createClient({ key: environment.BRAINOPS_KEY }));

export const fetchMemoryContext = (name, options) => asked().fetchMemoryContext(name, options);
export const executeWithMemory = (action, operation) => asked().executeWithMemory(action, operation);
export const storeActionResult = (action, result) => asked().storeActionResult(action, result);
export const captureErrors = (options) => asked().captureErrors(options);
