/**
 * @file The completion script for zsh.
 */
import type { CommandTree, CompletedCommand, CompletedOption, Values } from "./tree.js";

/** Writes the script: to be sourced, or put as `_mas-audit` into a folder of `fpath`. */
export function zshScript({ root, commands }: CommandTree): string {
  const listed = commands.map(({ name, description }) => `${name}:${plain(description)}`);
  return `#compdef mas-audit
# zsh completion of mas-audit: source <(mas-audit completion zsh)
_mas_audit() {
  local -a commands=(
${listed.map((each) => `    ${quote(each)}`).join("\n")}
  )
  if ((CURRENT > 2)); then
    case $words[2] in
${commands.map((command) => `      ${command.name}) shift words; ((CURRENT--)); ${call(command)}; return ;;`).join("\n")}
    esac
  elif [[ $words[2] != -* ]]; then
    _describe -t commands command commands
    _files
    return
  fi
  ${call(root)}
}
if [[ $funcstack[1] == _mas_audit ]]; then _mas_audit "$@"; else compdef _mas_audit mas-audit; fi
`;
}

function call({ options, places }: CompletedCommand): string {
  const specs = [
    ...options.flatMap(optionSpecs),
    ...places.map(({ name, ...values }, i) => `${i + 1}:${name}:${action(values)}`),
  ];
  return `_arguments ${specs.map(quote).join(" ")}`;
}

/** One spec per form of the option; forms exclude each other unless the option repeats. */
function optionSpecs({ flags, description, value, repeats }: CompletedOption): string[] {
  const head = repeats ? "*" : `(${flags.join(" ")})`;
  const tail = value === undefined ? "" : `:value:${action(value)}`;
  return flags.map((flag) => `${head}${flag}[${plain(description)}]${tail}`);
}

function action({ words, paths }: Values): string {
  const files = paths === "folders" ? "_files -/" : "_files";
  const list = `(${words?.map((word) => word.replaceAll(":", "\\:")).join(" ") ?? ""})`;
  if (words === undefined) return paths === undefined ? " " : files;
  return paths === undefined ? list : `_alternative "words:word:${list}" "files:file:${files}"`;
}

/** Brackets and colons are syntax in a spec. */
function plain(text: string): string {
  return text.replaceAll(/[[\]]/g, "").replaceAll(":", " ");
}

function quote(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}
