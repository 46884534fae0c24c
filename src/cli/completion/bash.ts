/**
 * @file The completion script for bash (4.4 or newer, without the package bash-completion).
 */
import type { CommandTree, CompletedCommand, Values } from "./tree.js";

/** Bash itself finds the paths: `-o filenames` marks folders and quotes blanks. */
const REPLIES = `_mas_audit_reply() {
  local each
  while IFS= read -r each; do COMPREPLY+=("$each"); done < <(compgen "$@" -- "$cur")
}
_mas_audit_words() { _mas_audit_reply -W "$1"; }
_mas_audit_files() { compopt -o filenames 2>/dev/null; _mas_audit_reply -f; }
_mas_audit_folders() { compopt -o filenames 2>/dev/null; _mas_audit_reply -d; }`;

/** Writes the script. */
export function bashScript({ root, commands }: CommandTree): string {
  const names = commands.map(({ name }) => name);
  const branches = [
    branch("''", root, [`((COMP_CWORD == 1)) && ${reply({ words: names }).join("")}`]),
    ...commands.map((command) => branch(command.name, command, [])),
  ];
  return `# bash completion of mas-audit: source <(mas-audit completion bash)
${REPLIES}

_mas_audit() {
  local cur=\${COMP_WORDS[COMP_CWORD]} prev=\${COMP_WORDS[COMP_CWORD-1]} command=
  COMPREPLY=()
  if ((COMP_CWORD > 1)); then
    case \${COMP_WORDS[1]} in
      ${names.join("|")}) command=\${COMP_WORDS[1]} ;;
    esac
  fi
  case $command in
${branches.join("\n")}
  esac
}
complete -F _mas_audit mas-audit
`;
}

/** What may follow: a value after its option, options after a dash, else arguments. */
function branch(pattern: string, command: CompletedCommand, first: readonly string[]): string {
  const { options, places } = command;
  const flags = options.flatMap((option) => option.flags);
  const rows = [
    ...valueRows(command),
    `        *:-*) ${reply({ words: flags }).join("; ")} ;;`,
    `        *) ${[...first, ...reply(merged(places))].join("; ") || ":"} ;;`,
  ];
  return `    ${pattern})
      case $prev:$cur in
${rows.join("\n")}
      esac ;;`;
}

/** One row for all options of one kind of value. */
function valueRows({ options }: CompletedCommand): string[] {
  const kinds = new Map<string, string[]>();
  for (const { flags, value } of options) {
    if (value === undefined) continue;
    const replies = reply(value).join("; ") || ":";
    const patterns = flags.map((flag) => `${flag}:*`);
    kinds.set(replies, [...(kinds.get(replies) ?? []), ...patterns]);
  }
  return [...kinds].map(([replies, patterns]) => `        ${patterns.join("|")}) ${replies} ;;`);
}

/** Which argument is typed is not counted: options with and without values stand between them. */
function merged(places: readonly Values[]): Values {
  const words = places.flatMap((place) => place.words ?? []);
  const hasPaths = places.some(({ paths }) => paths !== undefined);
  return { ...(words.length > 0 && { words }), ...(hasPaths && { paths: "files" }) };
}

function reply({ words, paths }: Values): string[] {
  return [
    ...(words === undefined ? [] : [`_mas_audit_words '${words.join(" ")}'`]),
    ...(paths === undefined ? [] : [`_mas_audit_${paths}`]),
  ];
}
