/**
 * @file Ctrl-C. The first one asks: the abort signal is read between batches, the handler cleans up and the run ends
 * with 130. Whoever does not listen within the grace period is ended; files are whole at every moment, because each
 * is renamed into place. The second Ctrl-C ends at once.
 *
 * A native run blocks the event loop, and with it this file. `supervise.ts` stands outside and ends the process
 * all the same.
 */
import { EXIT, Interrupted } from "./exit.js";
import { errorText } from "./format-error.js";

/** Time between the first Ctrl-C and the end, in milliseconds; a second is promised. */
export const GRACE_MS = 700;

/** Signals that mean "stop now, in good order". */
export const SIGNALS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;

/** A watch on interruptions. */
export interface InterruptWatch {
  /** Aborted with an {@link Interrupted} as its reason. */
  readonly signal: AbortSignal;
  /** Ends the watch; without this, a pending grace period would end a process that had finished. */
  stop(): void;
}

/** Watches the signals of this process, and its supervisor where it has one. `argv` says how errors are printed. */
export function watchInterrupts(supervised: boolean, argv: readonly string[]): InterruptWatch {
  const controller = new AbortController();
  let deadline: NodeJS.Timeout | undefined;
  const interrupt = (name: string): void => {
    if (controller.signal.aborted) endNow(name, argv);
    controller.abort(new Interrupted(name));
    deadline = setTimeout(() => {
      endNow(name, argv);
    }, GRACE_MS).unref();
  };
  const stopListening = supervised ? listenToSupervisor(interrupt) : listenToSignals(interrupt);
  return {
    signal: controller.signal,
    stop: () => {
      clearTimeout(deadline);
      stopListening();
    },
  };
}

function endNow(name: string, argv: readonly string[]): never {
  printInterruption(name, argv);
  process.exit(EXIT.interrupted);
}

/** Says that a run was ended, on a line of its own: a progress line may stand unfinished. */
export function printInterruption(name: string, argv: readonly string[]): void {
  const text = errorText(new Interrupted(name), { argv, colour: false });
  process.stderr.write(`${process.stderr.isTTY ? "\n" : ""}${text}`);
}

function listenToSignals(interrupt: (name: string) => void): () => void {
  for (const name of SIGNALS) process.on(name, interrupt);
  return () => {
    for (const name of SIGNALS) process.off(name, interrupt);
  };
}

/** A terminal sends Ctrl-C to both processes; only what the supervisor passes on counts, or one would count twice. */
function listenToSupervisor(interrupt: (name: string) => void): () => void {
  const ignore = (): void => undefined;
  const orphaned = (): void => {
    interrupt("the end of its supervisor");
  };
  for (const name of SIGNALS) process.on(name, ignore);
  process.on("message", interrupt);
  process.on("disconnect", orphaned);
  process.channel?.unref();
  return () => {
    for (const name of SIGNALS) process.off(name, ignore);
    process.off("message", interrupt);
    process.off("disconnect", orphaned);
  };
}
