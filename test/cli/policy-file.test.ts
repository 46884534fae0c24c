/** @file Policy files: what a good one becomes, the exact text for bad ones, and that judging never touches a cell. */
import fc from "fast-check";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { stringify } from "yaml";
import { choosePolicy } from "../../src/cli/choose-policy.js";
import { parsePolicyFile, readPolicyFile } from "../../src/cli/policy-file.js";
import { openStore } from "../../src/store/cell-store.js";
import { digestBytes } from "../../src/store/digest.js";
import { DEFAULT_POLICY, policyJsonSchema, policySchema } from "../../src/verdict/policy.js";
import { VERDICT_WORDS } from "../../src/verdict/verdicts.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { GOOD, plantCell } from "../verdict/planted.js";
import { printedRefusal } from "../support/refusals.js";
import { plantedArchive } from "./planted-archive.js";
import type { CellArchive } from "../../src/measure/run.js";

const folder = temporaryFolder();

const parse = (text: string): string => printedRefusal(() => parsePolicyFile(text, "p.yaml"));

const policies = fc.record({
  tau: fc.double({ min: 0.01, max: 0.99, noNaN: true }),
  ratio: fc.double({ min: 0.01, max: 1, noNaN: true }),
  minPairs: fc.integer({ min: 2, max: 10_000 }),
  closesGate: fc.subarray([...VERDICT_WORDS]),
  multiplicity: fc.constantFrom("holm", "benjamini-hochberg", "none"),
});

describe("a policy file", () => {
  it("means the same as YAML, as JSON and as JSON with tabs", () => {
    fc.assert(
      fc.property(policies, (policy) => {
        const texts = [stringify(policy), JSON.stringify(policy), JSON.stringify(policy, null, "\t")]; // prettier-ignore
        for (const text of texts)
          expect(parsePolicyFile(text, "p")).toEqual({ ...DEFAULT_POLICY, ...policy });
      }),
    );
  });

  it("takes the default of every key that it does not hold", () => {
    expect(parsePolicyFile("ratio: 0.7 # looser\n", "p")).toEqual({ ...DEFAULT_POLICY, ratio: 0.7 }); // prettier-ignore
    expect(parsePolicyFile("{}", "p")).toEqual(DEFAULT_POLICY);
  });

  it("reads back the policy of a result", () => {
    expect(parsePolicyFile(JSON.stringify(DEFAULT_POLICY), "p")).toEqual(DEFAULT_POLICY);
  });

  it("is known by the digest of its bytes", () => {
    const path = join(folder, "p.yaml");
    writeFileSync(path, "\u{feff}tau: 0.3\r\n");
    expect(readPolicyFile(path)).toEqual({
      policy: { ...DEFAULT_POLICY, tau: 0.3 },
      file: { role: "policy", sha256: digestBytes(readFileSync(path)), bytes: 13, path },
    });
  });

  it("is not needed", async () => {
    expect(await choosePolicy(undefined)).toEqual({ policy: DEFAULT_POLICY });
  });
});

const KEYS = Object.keys(policySchema.shape).join(", ");
const WORDS = VERDICT_WORDS.map((word) => JSON.stringify(word)).join(", ");

/** Each mistake, with the whole text of its error. */
const MISTAKES: readonly (readonly [text: string, error: string])[] = [
  ["tau: 2", "POLICY_FILE tau (line 1, column 6): expected a number above 0 and below 1, found 2"],
  ["tau: .nan", "POLICY_FILE tau (line 1, column 6): expected a number above 0 and below 1, found NaN"], // prettier-ignore
  ["tau: 1e400", "POLICY_FILE tau (line 1, column 6): expected a number above 0 and below 1, found Infinity"], // prettier-ignore
  ["tau: 0,3", 'POLICY_FILE tau (line 1, column 6): expected a number above 0 and below 1, found "0,3"'], // prettier-ignore
  ["tau:", "POLICY_FILE tau (line 1, column 5): expected a number above 0 and below 1, found null"],
  ["minPairs: 1", "POLICY_FILE minPairs (line 1, column 11): expected a whole number of at least 2, found 1"], // prettier-ignore
  ["\nclosesGate:\n- fails\n- losst", `POLICY_FILE closesGate[1] (line 4, column 3): expected one of ${WORDS}, found "losst"\n  hint  did you mean "lost"?`], // prettier-ignore
  ["closesGate: fails", `POLICY_FILE closesGate (line 1, column 13): expected a list, each one of ${WORDS}, found "fails"`], // prettier-ignore
  ["closeGate: [fails]", `POLICY_FILE closeGate (line 1, column 1): expected one of the keys ${KEYS}, found the key "closeGate"\n  hint  did you mean "closesGate"?`], // prettier-ignore
  ["__proto__: 1", `POLICY_FILE __proto__ (line 1, column 1): expected one of the keys ${KEYS}, found the key "__proto__"`], // prettier-ignore
  ["- tau", `POLICY_FILE the file (line 1, column 1): expected keys and values, with the keys ${KEYS}, found ["tau"]`], // prettier-ignore
  ["# only a comment", "POLICY_FILE the file: expected a key with its value, such as `ratio: 0.8`; {} takes every default, found no keys"], // prettier-ignore
  ["", "POLICY_FILE the file: expected a key with its value, such as `ratio: 0.8`; {} takes every default, found no keys"], // prettier-ignore
  ["tau: 0.2\ntau: 0.3", 'POLICY_FILE_SYNTAX line 2, column 1: expected every key once, found "tau: 0.3"'], // prettier-ignore
  ["closesGate:\n\t- fails", 'POLICY_FILE_SYNTAX line 2, column 1: expected spaces at the start of a line, not tabs, found "- fails"'], // prettier-ignore
  ['{"tau": 0.2', "POLICY_FILE_SYNTAX line 1, column 12: expected YAML or JSON (Flow map must end with a }), found the end of the line"], // prettier-ignore
  ["a: &x 1\ntau: *x", 'POLICY_FILE_SYNTAX line 2, column 6: expected values written out, found the alias "*x"'], // prettier-ignore
  ["tau: !foo 1", 'POLICY_FILE_SYNTAX line 1, column 11: expected values written out, found the tag "!foo"'], // prettier-ignore
  ["tau: 0.2\n---\ntau: 0.3", "POLICY_FILE_SYNTAX line 2, column 1: expected one document, found another one"], // prettier-ignore
  ["? [a]\n: 1", 'POLICY_FILE_SYNTAX line 1, column 3: expected a name as key, found "[a]"'],
  ...["[", "{a: ", "- ", "? "].map(
    (sign) =>
      [
        sign.repeat(10_000),
        "POLICY_FILE_SYNTAX line 1, column 1: expected at most 64 levels of nesting, found more",
      ] as const,
  ),
];

describe("a mistake in a policy file is told with its place", () => {
  it.each(MISTAKES)("%#", (text, error) => {
    const [head, ...hints] = error.split("\n");
    const told = [head, "  at    p.yaml", ...hints];
    expect(parse(text)).toBe(`${told.join("\n")}\n`);
  });

  it("all at once, in the order of the file", () => {
    expect(parse("foo: 1\nratio: 2\nmultiplicity: Holm\nconfidence: '0.9'\n")).toBe(
      "POLICY_FILE policy file: 4 mistakes\n" +
        `  foo (line 1, column 1): expected one of the keys ${KEYS}, found the key "foo"\n` +
        "  ratio (line 2, column 8): expected a number above 0 and at most 1, found 2\n" +
        '  multiplicity (line 3, column 15): expected one of "holm", "benjamini-hochberg", "none", found "Holm"; did you mean "holm"?\n' +
        '  confidence (line 4, column 13): expected a number above 0.5 and below 1, found "0.9"\n' +
        "  at    p.yaml\n",
    );
  });

  it.each<[string, () => string]>([
    ["nothing at this path", () => join(folder, "none.yaml")],
    ["a folder", () => folder],
    ["a device", () => "/dev/zero"],
    ["bytes that are not UTF-8", () => write("latin.yaml", Buffer.from([0x74, 0xe9]))],
    ["a file of 1 MiB; at most 0 MiB are read", () => write("large.yaml", " ".repeat(1 << 20))],
  ])("and %s is no policy file", (found, path) => {
    const text = printedRefusal(() => readPolicyFile(path()));
    expect(text).toContain(`POLICY_FILE_MISSING the policy file cannot be read: expected a YAML or JSON file, found ${found}\n`); // prettier-ignore
    expect(text).toContain("`mas-audit schema policy` prints every key");
  });

  it("never by a crash, whatever the text", () => {
    const signs = fc.constantFrom("tau", ": ", "\n", "- ", "[", "]", "{", "}", "&a ", "*a", "!", "'", '"', "0.2", "#", "? ", "|", ">", "%", "---", "\t", " ", ","); // prettier-ignore
    fc.assert(
      fc.property(fc.array(signs, { maxLength: 30 }), (parts) => {
        try {
          parsePolicyFile(parts.join(""), "p.yaml");
        } catch (error) {
          expect(error).toMatchObject({ exitCode: 2 });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

function write(name: string, content: string | Buffer): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

it("the JSON Schema of a policy explains every key", () => {
  const properties = policyJsonSchema()["properties"] as Record<string, { description: string }>;
  expect(Object.keys(properties)).toEqual(Object.keys(policySchema.shape));
  for (const { description } of Object.values(properties)) expect(description).toContain("Source:");
});

it("a run that goes on under another policy takes up every finished cell", () => {
  const working = join(folder, "out.partial");
  mkdirSync(working);
  const store = openStore(working);
  const archive = (raw: Parameters<typeof plantedArchive>[1]): CellArchive =>
    plantedArchive(store, raw);
  try {
    const measures = plantCell(GOOD);
    archive({ policy: ["one.yaml"] }).keep(measures.cell, { measures, tensors: {} });
    expect(archive({}).find(measures.cell)).toEqual(measures);
    expect(archive({ policy: ["two.yaml"] }).find(measures.cell)).toEqual(measures);
    expect(archive({ seed: ["1"] }).find(measures.cell)).toBeUndefined();
  } finally {
    store.discard();
  }
});
