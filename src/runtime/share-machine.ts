/** @file The processors of the machine, shared among models that run at the same time. */
import { SessionHost } from "./session-host.js";
import type { SessionOptions } from "./session.js";

/** A thread is started from a compiled program; TypeScript run as it stands (by the tests) has none. */
const IS_COMPILED = import.meta.url.endsWith(".js");

/** Session options for each of several models, and the threads behind them. */
export interface Shares {
  readonly options: readonly SessionOptions[];
  /** Ends the threads. */
  close(): Promise<void>;
}

/**
 * Options for `count` models that are asked at the same time. On the CPU each has a thread of its own and an equal share
 * of `threads`; with fewer threads than models, and on other devices, one after the other runs in the thread that asks.
 */
export function shareMachine(
  options: SessionOptions,
  { count, program }: { readonly count: number; readonly program?: URL },
): Shares {
  const { device = "cpu", threads = 1 } = options;
  const isRunnable = program !== undefined || IS_COMPILED;
  if (device !== "cpu" || threads < count || !isRunnable)
    return {
      options: Array.from({ length: count }, () => options),
      close: () => Promise.resolve(),
    };
  const hosts = Array.from({ length: count }, () => new SessionHost(program));
  return {
    options: hosts.map((host, i) => ({
      ...options,
      host,
      threads: Math.floor((threads + i) / count),
    })),
    async close() {
      await Promise.all(hosts.map((host) => host.close()));
    },
  };
}
