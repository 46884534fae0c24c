/** @file The completion script of a shell. */
import { bashScript } from "./bash.js";
import { fishScript } from "./fish.js";
import type { CommandTree, Shell } from "./tree.js";
import { zshScript } from "./zsh.js";

const SCRIPTS: Readonly<Record<Shell, (tree: CommandTree) => string>> = {
  bash: bashScript,
  zsh: zshScript,
  fish: fishScript,
};

/** The script that makes `shell` complete the command line. */
export function completionScript(shell: Shell, tree: CommandTree): string {
  return SCRIPTS[shell](tree);
}
