// Hooks of React: an operation that a component begins and ends with memory, and errors that nobody caught.

import { useCallback, useEffect, useRef, useState } from "react";
import { captureErrors, executeWithMemory, fetchMemoryContext } from "./index.js";

const shared = { captureErrors, executeWithMemory, fetchMemoryContext };
const IDLE = { running: false, operation: null, result: undefined, error: null };

/**
 * Return `run(action)` and how its last call stands. Each call is one operation: memory is asked, the action is run with
 * what it said, and how that ended is told. What an action throws stands as `error`, and is thrown to who called `run`.
 */
export function useOperation(name, { client = shared, ...options } = {}) {
  const [state, setState] = useState(IDLE);
  const given = useRef();
  const calls = useRef(0); // what an earlier call brings is shown no more, nor anything once the component is gone
  given.current = { client, options };
  useEffect(() => () => void calls.current++, []);
  const run = useCallback(
    async (action) => {
      const { client, options } = given.current;
      const call = ++calls.current;
      const show = (more) => call === calls.current && setState((before) => ({ ...before, ...more }));
      show({ ...IDLE, running: true });
      try {
        const operation = await client.fetchMemoryContext(name, options);
        show({ operation });
        const result = await client.executeWithMemory(action, operation);
        show({ running: false, result });
        return result;
      } catch (error) {
        show({ running: false, error });
        throw error;
      }
    },
    [name],
  );
  return { ...state, run };
}

/** Remember errors that nobody caught for as long as the component is there. */
export function useErrorCapture({ client = shared, service, most } = {}) {
  useEffect(() => client.captureErrors({ service, most }), [client, service, most]);
}
