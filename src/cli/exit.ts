/**
 * @file Exit codes: what each means, and which one an error ends with.
 */
import { MasAuditError } from "../errors.js";

/** Exit codes of every command, in the order in which the help lists them. */
export const EXIT_CODES = [
  { code: 0, name: "pass", meaning: "every verdict passes" },
  { code: 1, name: "fail", meaning: "the gate is closed: a variable fails to transfer" },
  { code: 2, name: "usage", meaning: "the command line or the plan is wrong" },
  { code: 3, name: "model", meaning: "a model file is not understood" },
  { code: 4, name: "numerics", meaning: "a self-check failed, or a number is NaN" },
  { code: 5, name: "host", meaning: "memory, disk or execution provider" },
  { code: 70, name: "internal", meaning: "a bug in mas-audit" },
  { code: 130, name: "interrupted", meaning: "interrupted; the same command resumes" },
] as const;

/** Name of an exit code. */
export type ExitName = (typeof EXIT_CODES)[number]["name"];

/** Exit codes by name: `EXIT.fail` is 1. */
export const EXIT = Object.fromEntries(
  EXIT_CODES.map(({ name, code }) => [name, code]),
) as Readonly<Record<ExitName, number>>; // fromEntries forgets the keys; the table above has each once

/** Reason of an abort by Ctrl-C (SIGINT) or SIGTERM; thrown by `signal.throwIfAborted()`. */
export class Interrupted extends Error {
  constructor(readonly signalName: string) {
    super(`interrupted by ${signalName}`);
    this.name = "Interrupted";
  }
}

/** Exit code that an error ends the program with; whatever is not ours is a bug (70). */
export function exitCodeOf(error: unknown): number {
  if (isInterruption(error)) return EXIT.interrupted;
  return error instanceof MasAuditError ? error.exitCode : EXIT.internal;
}

/**
 * Was this thrown because Ctrl-C aborted the run? Libraries wrap the reason in an `AbortError`, and whoever caught
 * that may have wrapped it again.
 */
export function isInterruption(error: unknown): boolean {
  return [error, ...causesOf(error)].some(
    (one) => one instanceof Interrupted || (one instanceof Error && one.name === "AbortError"),
  );
}

/** The chain of causes, outermost first; one that bites its own tail ends there. */
export function causesOf(error: unknown): readonly unknown[] {
  const chain = new Set<unknown>([error]);
  let cause = error instanceof Error ? error.cause : undefined;
  while (cause !== undefined && !chain.has(cause)) {
    chain.add(cause);
    cause = cause instanceof Error ? cause.cause : undefined;
  }
  return [...chain].slice(1);
}
