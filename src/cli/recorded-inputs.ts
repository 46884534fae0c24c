/** @file The inputs of a stored run against what lies there now: every file that is missing or another, all at once. */
import { throwProblems, type Problem } from "../plan/problems.js";
import type { Manifest } from "../report/schema.js";
import { digestFile } from "../store/digest.js";
import { standingAt } from "../store/regular-file.js";
import type { ReproduceOptions } from "./commands.js";
import type { Inputs } from "./inputs.js";

const HINT = "say where the right one lies: --base, --tuned, --tuned-adapter, --tokenizer, --audit";

/**
 * Checks the files of the sides that were given no other place, before a model is loaded.
 *
 * @throws {@link PlanError} `INPUTS_DIFFER` naming every file that is missing or has another digest.
 */
export async function checkRecordedFiles(
  { inputs, timing }: Manifest,
  {
    where,
    options,
    signal,
  }: { readonly where: string; readonly options: ReproduceOptions; readonly signal: AbortSignal },
): Promise<void> {
  const moved = [
    ...(options.base === null ? [] : ["base "]),
    // an adapter's files are the base's and its own
    ...(options.tuned === null && options.tunedAdapter === null && options.base === null
      ? []
      : ["tuned "]),
    "policy", // its rules are in the result
  ];
  const problems: Problem[] = [];
  for (const { role, sha256 } of inputs) {
    const path = timing.paths[role];
    if (path === undefined || moved.some((prefix) => role.startsWith(prefix))) continue;
    const standing = standingAt(path);
    const found = standing.kind === "file" ? await digestFile(path, signal) : standing.what;
    if (found !== sha256) problems.push(problem(`${role} (${path})`, sha256, found));
  }
  refuse(problems, where);
}

/**
 * Checks everything that was read against the manifest.
 *
 * @throws {@link PlanError} `INPUTS_DIFFER` naming every file, tokenizer and audit that differs.
 */
export function checkSameInputs(manifest: Manifest, inputs: Inputs, where: string): void {
  const recorded = digestsOf(
    manifest.inputs.filter(({ role }) => role !== "policy"),
    manifest,
  );
  const now = digestsOf(inputs.files, inputs);
  const names = [...new Set([...recorded.keys(), ...now.keys()])];
  refuse(
    names
      .filter((name) => recorded.get(name) !== now.get(name))
      .map((name) => problem(name, recorded.get(name) ?? "nothing", now.get(name) ?? "nothing")),
    where,
  );
}

function digestsOf(
  files: readonly { readonly role: string; readonly sha256: string }[],
  { tokenizer, audits }: Pick<Inputs, "tokenizer" | "audits">,
): ReadonlyMap<string, string> {
  return new Map([
    ...files.map(({ role, sha256 }): [string, string] => [role, sha256]),
    ...(tokenizer === undefined ? [] : [["tokenizer", tokenizer] as [string, string]]),
    ...audits.map(({ id, sha256 }): [string, string] => [`audit "${id}"`, sha256]),
  ]);
}

function problem(what: string, recorded: string, found: string): Problem {
  const spell = (text: string): string => (/^[0-9a-f]{64}$/.test(text) ? `sha256 ${text}` : text);
  return { what, expected: spell(recorded), found: spell(found), hint: HINT };
}

function refuse(problems: readonly Problem[], where: string): void {
  const context = { kind: "plan", code: "INPUTS_DIFFER", of: "inputs of the stored run", where };
  throwProblems(problems, { ...context, kind: "plan" });
}
