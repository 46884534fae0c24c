/**
 * @file The completion script for fish.
 */
import type { CommandTree, CompletedCommand, CompletedOption, Values } from "./tree.js";

/** Writes the script. */
export function fishScript({ root, commands }: CommandTree): string {
  const names = commands.map(({ name }) => name).join(" ");
  const first = "test (count (commandline -opc)) -eq 1";
  const lines = [
    "# fish completion of mas-audit: mas-audit completion fish | source",
    "function __mas_audit_command",
    "  set -l words (commandline -opc)",
    `  test (count $words) -gt 1; and contains -- $words[2] ${names}; and echo $words[2]`,
    "end",
    ...commands.map(
      ({ name, description }) =>
        `complete -c mas-audit -n ${quote(first)} -a ${name} -d ${quote(description)}`,
    ),
    ...lineOf(root, "test -z (__mas_audit_command)"),
    ...commands.flatMap((command) =>
      lineOf(command, `test (__mas_audit_command) = ${command.name}`),
    ),
  ];
  return `${lines.join("\n")}\n`;
}

function lineOf({ options, places }: CompletedCommand, condition: string): string[] {
  const head = `complete -c mas-audit -n ${quote(condition)}`;
  const words = places.flatMap((place) => place.words ?? []);
  const hasPaths = places.some(({ paths }) => paths !== undefined);
  return [
    ...options.map((option) => `${head} ${flagsOf(option)} -d ${quote(option.description)}`),
    ...(words.length > 0 ? [`${head} -a ${quote(words.join(" "))}`] : []),
    ...(hasPaths ? [] : [`${head} -f`]),
  ];
}

function flagsOf({ flags, value }: CompletedOption): string {
  const names = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${flag.slice(2)}` : `-s ${flag.slice(1)}`,
  );
  return [...names, ...(value === undefined ? [] : [valueOf(value)])].join(" ");
}

function valueOf({ words, paths }: Values): string {
  if (paths === "folders") return "-x -a '(__fish_complete_directories)'";
  const list = words === undefined ? "" : ` -a ${quote(words.join(" "))}`;
  return paths === "files" ? `-r -F${list}` : `-x${list}`;
}

function quote(text: string): string {
  return `'${text.replaceAll("\\", "\\\\").replaceAll("'", "\\'")}'`;
}
