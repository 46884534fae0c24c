/**
 * @file Errors in print: one form for people, one for programs.
 *
 * ```
 * SHAPE_MISMATCH split: residual after block 3: expected […, 768], found […, 512]
 *   at    model.onnx, node "/h.3/Add_1" (Add), output 0
 *   hint  run `mas-audit inspect` to compare the configuration with the weights
 * ```
 */
import { inspect } from "node:util";
import pc from "picocolors";
import { InvariantError, MasAuditError } from "../errors.js";
import { printable } from "../report/printable.js";
import { causesOf, exitCodeOf, isInterruption } from "./exit.js";

/** How an error is printed. */
export interface ErrorStyle {
  /** Causes, and stacks of our own bugs. */
  readonly verbose: boolean;
  readonly colour: boolean;
}

/** What a program reads about an error. */
export interface ErrorRecord {
  readonly schema: "mas-audit/error@1";
  readonly exitCode: number;
  readonly error: {
    readonly type: string;
    readonly code: string;
    readonly message: string;
    readonly where: string | null;
    readonly expected: string | null;
    readonly found: string | null;
    readonly hint: string | null;
    readonly causes: readonly string[];
  };
}

const REPORT = "this is a bug in mas-audit: please report it with the command that led here";

/** The error as text for a terminal, lines ending in "\n". */
export function formatError(error: unknown, style: ErrorStyle): string {
  const { code, where, causes, ...texts } = errorRecord(error).error;
  const shown = (text: string | null): string | null => (text === null ? null : printable(text));
  const message = printable(texts.message);
  const expected = shown(texts.expected);
  const found = shown(texts.found);
  const hint = shown(texts.hint);
  const colours = pc.createColors(style.colour);
  const facts = [
    ...(expected === null ? [] : [`expected ${expected}`]),
    ...(found === null ? [] : [`found ${found}`]),
  ].join(", ");
  const rows = [
    ...(where === null ? [] : [row("at", printable(where))]),
    ...(hint === null ? [] : [row("hint", hint)]),
    ...(style.verbose ? causes.map((cause) => row("cause", printable(cause))) : []),
    ...(style.verbose ? stackOf(error) : []),
  ];
  const head = `${colours.bold(colours.red(code))} ${hang(message, "  ")}${facts === "" ? "" : `: ${hang(facts, "    ")}`}`;
  return [head, ...rows].map((line) => `${line}\n`).join("");
}

/**
 * The error as the arguments ask for it: one JSON object on a line with `--json` or `--json-progress`, else text. What
 * follows `--` is no option.
 */
export function errorText(
  error: unknown,
  { argv, colour }: { readonly argv: readonly string[]; readonly colour: boolean },
): string {
  const flags = argv.slice(0, argv.includes("--") ? argv.indexOf("--") : argv.length);
  const isJson = flags.includes("--json") || flags.includes("--json-progress");
  if (isJson) return `${JSON.stringify(errorRecord(error))}\n`;
  return formatError(error, { verbose: flags.includes("--verbose"), colour });
}

/** The error as one JSON object. */
export function errorRecord(error: unknown): ErrorRecord {
  const causes = causesOf(error).map(causeText);
  return {
    schema: "mas-audit/error@1",
    exitCode: exitCodeOf(error),
    error: { ...describe(error), causes },
  };
}

function describe(error: unknown): Omit<ErrorRecord["error"], "causes"> {
  const message = messageOf(error);
  const nothing = { where: null, expected: null, found: null };
  if (isInterruption(error)) {
    const hint = "the same command resumes with what is finished";
    return { type: "Interrupted", code: "INTERRUPTED", message, ...nothing, hint };
  }
  if (error instanceof MasAuditError) {
    const { name, code, where = null, expected = null, found = null, hint = null } = error;
    return { type: name, code, message, where, expected, found, hint };
  }
  const type = error instanceof Error ? error.name : typeof error;
  return { type, code: "INTERNAL", message: `internal: ${message}`, ...nothing, hint: REPORT };
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : `thrown ${inspect(error)}`;
}

function causeText(cause: unknown): string {
  return cause instanceof Error ? `${cause.name}: ${cause.message}` : inspect(cause);
}

/** Stacks are for our own bugs only; the first line repeats the message. */
function stackOf(error: unknown): readonly string[] {
  const ours = error instanceof MasAuditError && !(error instanceof InvariantError);
  if (ours || isInterruption(error) || !(error instanceof Error)) return [];
  const frames = (error.stack ?? "").split("\n").filter((line) => /^\s+at /.test(line));
  return frames.map((line) => `  ${line.trim()}`);
}

function row(name: string, text: string): string {
  return `  ${name.padEnd(5)} ${hang(text, "        ")}`;
}

/** Further lines of a text, indented below the first. */
function hang(text: string, indent: string): string {
  return text.replaceAll("\n", `\n${indent}`);
}
