/**
 * @file The recipes, played: every command of the workflow and of the hook runs as it stands there, in the shell that
 * GitHub uses, on the embedded pair. What is not ours is stood in for: `npm ci` puts the built program where an
 * install would, and `gh` keeps what it is given.
 */
import { spawnSync } from "node:child_process";
import { chmodSync, cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"; // prettier-ignore
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { parse } from "yaml";
import { parseResult } from "../src/report/result-text.js";
import { junitMistakes } from "./support/junit-xsd.js";
import { sarifMistakes } from "./support/sarif-schema.js";
import { temporaryFolder } from "./support/tiny-models.js";

interface Step {
  readonly name?: string;
  readonly run?: string;
  readonly uses?: string;
  readonly if?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly with?: Readonly<Record<string, string | number | boolean>>;
}

interface Workflow {
  readonly env: Readonly<Record<string, string>>;
  readonly jobs: Readonly<Record<string, { readonly steps: readonly Step[] }>>;
}

const folder = temporaryFolder();
const workflow = parse(readFileSync("fixtures/recipes/workflow.yml", "utf8")) as Workflow;
const { steps } = workflow.jobs["audit"]!;
const [hook] = (
  parse(readFileSync("fixtures/recipes/pre-commit.yaml", "utf8")) as {
    repos: { hooks: { entry: string; files: string }[] }[];
  }
).repos.flatMap(({ hooks }) => hooks);

/** Few pairs and steps: what is tested is the recipe. */
const SMALL = "--layers 3 --items 240 --pairs 60 --steps 2 --controls core";
const MAIN = resolve("dist/src/main.js");

/** A repository as the recipe expects it, with stand-ins for `npm`, `npx` and `gh` first on the path. */
function repository(policy: string): string {
  if (!existsSync(MAIN)) throw new Error("dist is missing: run `npm run build` first");
  const root = mkdtempSync(join(folder, "repository-"));
  mkdirSync(join(root, "models"));
  for (const [name, model] of [
    ["base", "base"],
    ["tuned", "broken"],
  ] as const)
    // prettier-ignore
    cpSync(join("fixtures/demo", model), join(root, "models", name), { recursive: true });
  writeFileSync(join(root, "mas-audit-policy.yaml"), policy);
  mkdirSync(join(root, "bin"));
  const stand = (name: string, script: string): void => {
    writeFileSync(join(root, "bin", name), `#!/bin/sh\n${script}\n`);
    chmodSync(join(root, "bin", name), 0o755);
  };
  stand("npm", `echo "npm $*" >> calls; mkdir -p node_modules/.bin; cp bin/program node_modules/.bin/mas-audit`); // prettier-ignore
  stand("program", `exec "${process.execPath}" "${MAIN}" "$@"`);
  stand("npx", `name=$1; shift; exec "node_modules/.bin/$name" "$@"`);
  stand("gh", `echo "gh $*" >> calls; while [ $# -gt 1 ]; do [ "$1" = -F ] && cp "$2" comment.md; shift; done`); // prettier-ignore
  return root;
}

interface Played {
  readonly root: string;
  readonly codes: Readonly<Record<string, number | null>>;
  readonly stderr: string;
}

/** Plays the commands of the workflow in order; after a failure only the steps that ask for it go on, as on a runner. */
function play(policy: string, more: Readonly<Record<string, string>> = {}): Played {
  const root = repository(policy);
  if (more["BASELINE"] !== undefined) symlinkSync(more["BASELINE"], join(root, "baseline.json"));
  const codes: Record<string, number | null> = {};
  let stderr = "";
  let isFailed = false;
  for (const { name = "", run, if: condition, env = {} } of steps) {
    if (run === undefined || (isFailed && condition?.includes("!cancelled()") !== true)) continue;
    const file = /hashFiles\('([^']+)'\)/.exec(condition ?? "")?.[1];
    if (file !== undefined && !existsSync(join(root, file))) continue;
    // what the runner would fill in
    const own = Object.fromEntries(Object.entries(env).map(([key, text]) => [key, text.includes("number") ? "7" : "token"])); // prettier-ignore
    const flags = { FLAGS: `${workflow.env["FLAGS"]!} ${SMALL}` };
    const baseline = more["BASELINE"] === undefined ? {} : { BASELINE: "baseline.json" };
    const PATH = `${join(root, "bin")}:${process.env["PATH"]!}`;
    const ran = spawnSync("bash", ["-eo", "pipefail", "-c", run], {
      cwd: root,
      env: { ...workflow.env, ...flags, ...baseline, ...own, PATH, HOME: root },
      encoding: "utf8",
    });
    codes[name] = ran.status;
    stderr += ran.stderr;
    isFailed ||= ran.status !== 0;
  }
  return { root, codes, stderr };
}

const DEFAULTS = "{}\n";
const closed = play(DEFAULTS);
const out = (root: string, name: string): string => readFileSync(join(root, "mas-audit-out", name), "utf8"); // prettier-ignore

describe("the workflow on a pull request that loses a variable", () => {
  it("fails in the audit, and tells why all the same", () => {
    expect(closed.codes, closed.stderr).toEqual({ Install: 0, Audit: 1, Comment: 0 });
    expect(parseResult(out(closed.root, "result.json")).verdict).toBe("fail");
  });

  it("comments with the Markdown view", () => {
    const comment = readFileSync(join(closed.root, "comment.md"), "utf8");
    expect(comment).toBe(out(closed.root, "report.md"));
    expect(comment).toMatch(/^## mas-audit: fail\n/);
    expect(readFileSync(join(closed.root, "calls"), "utf8")).toBe(
      "npm ci --ignore-scripts\ngh pr comment 7 -F mas-audit-out/report.md\n",
    );
  });

  it("leaves every file that its uploads name, and they are valid", async () => {
    const uploads = steps.flatMap(({ with: given = {} }) =>
      ["sarif_file", "path"].flatMap((key) => String(given[key] ?? "").split("\n")),
    );
    const files = uploads.filter((file) => file !== "");
    expect(files).toHaveLength(4);
    for (const file of files) expect(existsSync(join(closed.root, file)), file).toBe(true);
    expect(sarifMistakes(JSON.parse(out(closed.root, "report.sarif")))).toEqual([]);
    expect(out(closed.root, "report.sarif")).toContain('"uri": "models/tuned/model.onnx"');
    expect(await junitMistakes(out(closed.root, "junit.xml"))).toEqual([]);
  });
});

describe("the workflow with the example policy", () => {
  const waived = play(readFileSync("fixtures/recipes/policy.yaml", "utf8"), {
    BASELINE: join(closed.root, "mas-audit-out/result.json"),
  });

  it("passes, and says until when the loss is waived", () => {
    expect(waived.codes, waived.stderr).toEqual({ Install: 0, Audit: 0, Comment: 0 });
    expect(out(waived.root, "report.md")).toContain("waived until 2030-12-31&#58;".replace("&#58;", ":")); // prettier-ignore
  });

  it("compares with the result of the last run, which is the same", () => {
    const { comparison } = parseResult(out(waived.root, "result.json"));
    expect(comparison?.variables.map(({ change }) => change)).toEqual(["same", "same"]);
  });
});

describe("the hook", () => {
  const judge = (policy: string): number | null => {
    const root = repository(policy);
    mkdirSync(join(root, "audit"));
    cpSync(join(closed.root, "mas-audit-out/result.json"), join(root, "audit/result.json"));
    const env = { PATH: `${join(root, "bin")}:${process.env["PATH"]!}` };
    const [install] = steps.flatMap(({ run }) => (run === undefined ? [] : [run]));
    spawnSync("bash", ["-c", install!], { cwd: root, env });
    return spawnSync("bash", ["-c", hook!.entry], { cwd: root, env }).status;
  };

  it("stops a commit whose result closes the gate, and no other", () => {
    expect(judge(DEFAULTS)).toBe(1);
    expect(judge(readFileSync("fixtures/recipes/policy.yaml", "utf8"))).toBe(0);
  });

  it("looks at the files that it judges", () => {
    const files = new RegExp(hook!.files);
    for (const name of ["audit/result.json", "mas-audit-policy.yaml"])
      expect(files.test(name)).toBe(true);
    expect(files.test("README.md")).toBe(false);
  });
});
