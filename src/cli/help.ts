/**
 * @file The words of `--help` that are not options.
 */
import { EXIT_CODES } from "./exit.js";

export const SUMMARY = `Which causal variables fail to transfer between a language model and its
fine-tune, at which layers, and how sure are we?

Runs both checkpoints, learns for each layer a small rotated subspace per model
(Model Alignment Search), swaps it between the models and looks whether the
behaviour follows. Writes result.json and report.html into a new folder and ends
with an exit code that a release pipeline can act on.`;

export const EXAMPLES = `
Examples:
  $ mas-audit base.onnx tuned.onnx
  $ mas-audit base/ tuned/ --audit sentiment --audit my-audit.json
  $ mas-audit base/ tuned/ --layers 3,7-9 --out runs/layers --force
  $ mas-audit base/ tuned/ --json --quiet | jq .verdict
  $ mas-audit report runs/layers --policy strict.yaml
  $ mas-audit inspect tuned.onnx
`;

/** How to switch completion on, for the help of its command. */
export const COMPLETION_INSTALL = `
Put this line into the start-up file of the shell:
  ~/.bashrc                    source <(mas-audit completion bash)
  ~/.zshrc, after compinit     source <(mas-audit completion zsh)
  ~/.config/fish/config.fish   mas-audit completion fish | source`;

/** The table of exit codes, for the end of the help. */
export function exitCodesText(): string {
  const rows = EXIT_CODES.map(({ code, meaning }) => `  ${String(code).padEnd(5)} ${meaning}`);
  return `
Exit codes:
${rows.join("\n")}

stdout carries the result, stderr the conversation. Nothing is downloaded.`;
}
