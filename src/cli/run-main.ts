/**
 * @file From a started process to its exit code; `main.ts` adds only the handlers.
 */
import type { Commands } from "./commands.js";
import { watchInterrupts } from "./interrupt.js";
import { processIo } from "./process-io.js";
import { runProgram } from "./program.js";
import { isSupervised, supervise } from "./supervise.js";

/** What `main.ts` brings. */
export interface MainParts {
  /** Arguments without node and the script. */
  readonly argv: readonly string[];
  /** Path of the script that was started: what a supervised child runs again. */
  readonly script: string;
  readonly version: string;
  /** Handlers that load what they need when they are called. */
  readonly commands: Commands;
}

/**
 * Runs the command line of this process; resolves to the exit code. The commands that run models do so in a child
 * process, which reads the same command line again.
 */
export async function runMain({ argv, script, version, commands }: MainParts): Promise<number> {
  const supervised = isSupervised();
  const watch = watchInterrupts(supervised, argv);
  const inChild = (): Promise<number> => {
    watch.stop(); // the supervisor listens from here on
    return supervise(script, argv);
  };
  const parent = {
    ...commands,
    audit: inChild,
    reproduce: inChild,
    gradcheck: inChild,
    doctor: inChild,
  };
  const io = processIo(argv, watch.signal);
  try {
    return await runProgram({ commands: supervised ? commands : parent, io, version });
  } finally {
    watch.stop();
  }
}
