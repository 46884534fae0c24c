/** @file `mas-audit completion`: the script that makes a shell complete the command line. */
import type { Command } from "commander";
import { UsageError } from "../errors.js";
import { didYouMean, listNames } from "../plan/did-you-mean.js";
import type { Io } from "./commands.js";
import { completionScript } from "./completion/script.js";
import { describeTree, SHELLS } from "./completion/tree.js";
import { EXIT } from "./exit.js";

/** What to complete, and for whom. */
export interface CompletionRequest {
  readonly shell: string;
  /** The command line itself: its commands and options are read off it. */
  readonly program: Command;
  /** Built-in audits: their ids are values of `--audit`. */
  readonly audits: readonly { readonly id: string }[];
}

/** Prints the script. @throws {@link UsageError} for a shell that has none. */
export function completionCommand(
  { shell, program, audits }: CompletionRequest,
  io: Io,
): Promise<number> {
  const known = SHELLS.find((name) => name === shell);
  if (known === undefined) {
    throw new UsageError("there is no completion for this shell", {
      code: "BAD_ARGUMENT",
      expected: listNames(SHELLS),
      found: JSON.stringify(shell),
      ...didYouMean(shell, SHELLS),
    });
  }
  const ids = audits.map(({ id }) => id);
  io.stdout.write(completionScript(known, describeTree(program, ids)));
  return Promise.resolve(EXIT.pass);
}
