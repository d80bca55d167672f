import type { Action, ClientMethods, Operation, OperationOptions } from "./index.js";

type Shared = Pick<ClientMethods, "fetchMemoryContext" | "executeWithMemory" | "captureErrors">;

export interface OperationState<T> {
  /** Whether the last call of `run` is under way. */
  running: boolean;
  /** What memory said before it; `operation.guidance` is what to show. */
  operation: Operation | null;
  result: T | undefined;
  error: unknown;
  /** Ask memory, run the action, tell how it ended; what the action throws is thrown. */
  run(action: Action<T>): Promise<T>;
}

export function useOperation<T = unknown>(name: string, options?: OperationOptions & { client?: Shared }): OperationState<T>;
export function useErrorCapture(options?: { client?: Shared; service?: string; most?: number }): void;
