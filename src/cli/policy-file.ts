/**
 * @file Reads a user's policy file, YAML or JSON. All mistakes are reported at once, each with its key, line and
 * column, what was expected and what was found. A missing key takes the default that `mas-audit schema policy` prints.
 */
import { resolve } from "node:path";
import { PlanError, present } from "../errors.js";
import { formatPath } from "../plan/json-path.js";
import type { TextPlace } from "../plan/json-text.js";
import { throwProblems, type Problem, type ProblemsContext } from "../plan/problems.js";
import { describeSchema, inputSchema, keysOf, schemaAt } from "../plan/schema-words.js";
import { shapeMistakes } from "../plan/shape-mistakes.js";
import { readYaml } from "../plan/yaml-text.js";
import { digestBytes } from "../store/digest.js";
import { decodeUtf8, readRegularFile } from "../store/regular-file.js";
import { policySchema, type Policy } from "../verdict/policy.js";
import type { InputFile } from "./inputs.js";

/** Room for a policy file; ours have a kilobyte. */
const LARGEST_BYTES = 1 << 16;

/** A policy with the file that it came from. */
export interface PolicyFile {
  readonly policy: Policy;
  readonly file: InputFile;
}

/**
 * Reads the policy file at `path`.
 *
 * @throws {@link PlanError} `POLICY_FILE_MISSING` where no file can be read, and as {@link parsePolicyFile}.
 */
export function readPolicyFile(path: string): PolicyFile {
  const read = readRegularFile(path, LARGEST_BYTES);
  const text = read.kind === "ok" ? decodeUtf8(read.bytes) : undefined;
  if (read.kind === "bad" || text === undefined) {
    throw new PlanError("the policy file cannot be read", {
      code: "POLICY_FILE_MISSING",
      where: path,
      expected: "a YAML or JSON file",
      found: read.kind === "bad" ? read.found : "bytes that are not UTF-8",
      hint: "check the path; `mas-audit schema policy` prints every key with its default",
      ...(read.kind === "bad" ? { cause: read.cause } : {}),
    });
  }
  const sha256 = digestBytes(read.bytes);
  const file = { role: "policy", sha256, bytes: read.bytes.length, path: resolve(path) };
  return { policy: parsePolicyFile(text, path), file };
}

/**
 * Reads the text of a policy file; `path` is what errors call it.
 *
 * @throws {@link PlanError} `POLICY_FILE_SYNTAX` for text that is no YAML, `POLICY_FILE` with every mistake otherwise.
 */
export function parsePolicyFile(text: string, path: string): Policy {
  const context = (code: string): ProblemsContext => ({
    ...{ kind: "plan", code, of: "policy file", where: path },
  });
  const yaml = readYaml(text);
  if (yaml.kind === "bad") {
    const problems = yaml.faults.map(({ at, ...rest }) => ({ what: writePlace(at), ...rest }));
    throwProblems(problems, context("POLICY_FILE_SYNTAX"));
  }
  const { value, placeOf } = present(yaml.kind === "ok" ? yaml : undefined, "YAML without faults");
  if (value === null) {
    // every line a comment, or nothing at all: more likely a mistake than a wish for the defaults
    const expected = "a key with its value, such as `ratio: 0.8`; {} takes every default";
    throwProblems([{ what: "the file", expected, found: "no keys" }], context("POLICY_FILE"));
  }
  const schema = inputSchema(policySchema);
  const parsed = policySchema.safeParse(value);
  const mistakes = shapeMistakes({
    issues: parsed.error?.issues ?? [],
    document: value,
    knownKeys: (at) => keysOf(schemaAt(schema, at)),
    expected: (_issue, at) => describeSchema(schemaAt(schema, at) ?? {}),
  });
  const problems = mistakes.map(({ path: at, part, ...rest }) => ({
    problem: { what: `${formatPath(at)} (${writePlace(placeOf(at, part))})`, ...rest },
    place: placeOf(at, part),
  }));
  throwProblems(inFileOrder(problems), context("POLICY_FILE"));
  return present(parsed.data, "policy without mistakes");
}

function writePlace({ line, column }: TextPlace): string {
  return `line ${line}, column ${column}`;
}

function inFileOrder(
  problems: readonly { readonly problem: Problem; readonly place: TextPlace }[],
): readonly Problem[] {
  return [...problems]
    .sort(({ place: a }, { place: b }) => a.line - b.line || a.column - b.column)
    .map(({ problem }) => problem);
}
