/** @file The built command line on the embedded pair, as a user starts it. */
import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { readModel } from "../../src/onnx/decode.js";
import { parseResult } from "../../src/report/result-text.js";
import type { Result } from "../../src/report/schema.js";
import { readSafetensors } from "../../src/store/safetensors.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { runCli, type Finished } from "./run-cli.js";

const folder = temporaryFolder();
const BASE = "fixtures/demo/base";
const BROKEN = "fixtures/demo/broken";
/** What the embedded models are trained on. */
const ASKED = ["number-agreement", "sentiment", "harmful-request"].flatMap((id) => ["--audit", id]);
/** One late and one early layer, few trials, no learned controls: seconds, not minutes. */
const SMALL = [
  ...["--layers", "2,5", "--items", "240", "--pairs", "100", "--steps", "5"],
  ...["--controls", "core"],
];

let runs = 0;
async function audit(tuned: string, ...args: string[]): Promise<Finished & { out: string }> {
  const out = join(folder, `run-${++runs}`);
  return { ...(await runCli([BASE, tuned, "--out", out, ...args])), out };
}

function resultOf(out: string): Result {
  return parseResult(readFileSync(join(out, "result.json"), "utf8"));
}

function wordOf(result: Result, variable: string): string | undefined {
  return result.variables.find((each) => each.variable === variable)?.verdict;
}

describe("an audit of the embedded pair", () => {
  it("closes the gate for the broken variable alone, and leaves result, report and subspaces", async () => {
    const { code, stdout, stderr, out } = await audit(BROKEN, ...ASKED, ...SMALL);
    expect({ code, stderr: code === 1 ? "" : stderr }).toEqual({ code: 1, stderr: "" });
    const result = resultOf(out);
    expect(result.verdict).toBe("fail");
    expect(wordOf(result, "sentiment")).toBe("lost");
    expect(wordOf(result, "number")).toBe("transfers");
    expect(wordOf(result, "harm")).toBe("transfers");
    expect(result.preflight.every(({ ok }) => ok)).toBe(true);
    expect(result.preflight.length).toBeGreaterThan(10);
    expect(stdout.split("\n").every((line) => line.length <= 80)).toBe(true);
    expect(readdirSync(out).sort()).toEqual(["cells", "report.html", "result.json"]);
    expect(existsSync(`${out}.partial`)).toBe(false);

    const learned = result.cells.find(({ learning }) => learning?.trained.length === 2);
    const { tensors, metadata } = readSafetensors(join(out, learned!.learning!.tensors!));
    expect(tensors.get("causal.base.subspace")!.shape).toEqual([1, 96]);
    expect(metadata.get("format")).toBe("mas-audit/subspace@1");

    const again = await runCli([BASE, BROKEN, "--out", out, ...ASKED, ...SMALL]);
    expect(again.code).toBe(2);
    expect(again.stderr).toMatch(/^OUTPUT_EXISTS /m);
  });

  it("gives the same bytes twice, apart from times and paths", async () => {
    // with every control, since each has random numbers of its own
    const few = ["--layers", "2", "--items", "160", "--pairs", "60", "--steps", "10"];
    const small = ["--audit", "sentiment", ...few, "--seeds", "2"];
    const texts = [];
    for (let i = 0; i < 2; i++) {
      const { code, stdout } = await audit("fixtures/demo/rotated", ...small, "--json", "--quiet");
      expect(code).toBe(0);
      const { manifest, ...rest } = JSON.parse(stdout) as Result;
      const { timing, ...repeatable } = manifest;
      expect(timing.elapsedMs).toBeGreaterThan(0);
      texts.push(JSON.stringify({ rest, repeatable }));
    }
    expect(texts[0]).toBe(texts[1]);
  }, 180_000);

  it("reports a variable that the base cannot answer and goes on with the rest", async () => {
    const items = ["keys", "dogs", "books", "trees"].flatMap((word) =>
      ["near the house", "by the door", "on the hill"].map((place) => ({
        prompt: `The ${word} ${place}`,
        values: { number: "plural" },
        spans: { subject: [4, 4 + word.length] },
      })),
    );
    const singular = items.map(({ prompt, spans }) => ({
      prompt: prompt.replace(/(\w+)s /, "$1 "),
      values: { number: "singular" },
      spans: { subject: [4, spans.subject[1]! - 1] },
    }));
    const path = join(folder, "inverted.json");
    writeFileSync(
      path,
      JSON.stringify({
        schema: "mas-audit/audit@1",
        id: "inverted",
        title: "Is the plural answered by the singular?",
        variables: { number: ["singular", "plural"] },
        answers: { is: [" is"], are: [" are"] },
        outcome: { by: ["number"], table: { singular: "are", plural: "is" } },
        items: [...items, ...singular],
      }),
    );
    const args = ["--audit", path, "--audit", "number-agreement", ...SMALL];
    const { code, out, stderr } = await audit("fixtures/demo/rotated", ...args);
    expect({ code, stderr: code === 0 ? "" : stderr }).toEqual({ code: 0, stderr: "" });
    const result = resultOf(out);
    const words = result.variables.map(({ audit, verdict }) => [audit, verdict]);
    expect(words).toEqual([
      ["inverted", "not-measurable"],
      ["number-agreement", "transfers"],
    ]);
  });
});

describe("bad input ends with its code and a way out", () => {
  it("a missing model", async () => {
    const { code, stdout, stderr } = await runCli([
      "none.onnx",
      BROKEN,
      "--out",
      join(folder, "x"),
    ]);
    expect({ code, stdout }).toEqual({ code: 3, stdout: "" });
    expect(stderr).toMatch(/^[A-Z_]+ .*none\.onnx|none\.onnx/m);
    expect(existsSync(join(folder, "x"))).toBe(false);
  });

  it("a layer that does not exist", async () => {
    const { code, stderr } = await audit(BROKEN, "--layers", "3-9");
    expect(code).toBe(2);
    expect(stderr).toContain(
      'NO_SUCH_LAYER --layers: expected layers from 0 (embedding) to 5 (after the last block), found "3-9"',
    );
    expect(stderr).toContain('did you mean "3-5"?');
  });

  it("an unknown audit and an unknown variable", async () => {
    const unknown = await audit(BROKEN, "--audit", "sentimnt");
    expect(unknown.code).toBe(2);
    expect(unknown.stderr).toContain('did you mean "sentiment"?');
    const variable = await audit(BROKEN, "--variable", "nmber");
    expect(variable.code).toBe(2);
    expect(variable.stderr).toContain('did you mean "number"?');
  });

  it("a k larger than the width", async () => {
    const { code, stderr } = await audit(BROKEN, "--k", "97", ...SMALL);
    expect(code).toBe(2);
    expect(stderr).toContain("K_TOO_LARGE --k: expected 1 to 96");
  });

  it("models of different depth", async () => {
    const { code, stderr } = await audit("fixtures/exports/llama/optimum-past");
    expect(code).toBe(2);
    expect(stderr).toContain("DEPTHS_DIFFER the two models differ in depth");
  });

  it("cuda on a machine without it", async () => {
    const { code, stderr } = await audit(BROKEN, "--device", "cuda");
    if (code === 0 || code === 1) return; // a machine with CUDA
    expect(code).toBe(5);
    expect(stderr).toMatch(/--device cpu/);
  });

  it("a model that outputs NaN", async () => {
    const broken = join(folder, "nan");
    cpSync(BROKEN, broken, { recursive: true });
    // the first large weight's bytes, where they lie in the file
    const { data } = readModel(resolve(BROKEN, "model.onnx"))
      .graph.initializers.map(({ initializer }) => initializer!)
      .find((weight) => weight.dtype === "float32" && weight.data.kind === "external")!;
    const bytes = readFileSync(join(broken, "model.onnx"));
    bytes.fill(
      0xff,
      data.kind === "external" ? data.offset : 0,
      data.kind === "external" ? data.offset + data.length : 0,
    );
    writeFileSync(join(broken, "model.onnx"), bytes);
    const { code, stderr } = await audit(broken, ...ASKED, ...SMALL);
    expect(code).toBe(4);
    expect(stderr).toMatch(/NOT_FINITE|PREFLIGHT_NAN/);
  });
});
