/** @file A small stored result: two variables, three cells, and models that are nowhere. */
import { RESULT_SCHEMA, type Result } from "../../src/report/schema.js";
import { VERSION } from "../../src/version.js";
import { DEFAULT_POLICY, type Policy } from "../../src/verdict/policy.js";
import { judge } from "../../src/verdict/run.js";
import { all, GOOD, NOTHING, plantAudit, plantCell } from "../verdict/planted.js";

const digest = (digit: string): string => digit.repeat(64);

/** `v` is exchanged at layer 4, and at layer 8 less from base to tuned: .85 of .96, undecided at a ratio of .8. */
export function storedRun(policy: Policy = DEFAULT_POLICY): Result {
  const tensors = (name: string): object => ({
    learning: { tensors: `cells/${name}.safetensors` },
  });
  const weak = { ...GOOD, iia: { ...all(0.96), "base→tuned": 0.85 }, permuted: all(0.3) };
  const cells = [
    plantCell(GOOD, { layer: 4, ...tensors("v4") }),
    plantCell(weak, { layer: 8, ...tensors("v8") }),
    plantCell(NOTHING, { variable: "w", layer: 4 }),
  ];
  const audits = [plantAudit(), plantAudit({}, { variable: "w" })];
  return {
    schema: RESULT_SCHEMA,
    ...judge({ audits, cells }, policy),
    audits,
    cells,
    preflight: [],
    notTested: ["Only the named variables at the named positions: anything else may have changed."],
    warnings: [],
    manifest: {
      tool: { name: "mas-audit", version: VERSION },
      inputs: [
        { role: "base model", sha256: digest("a"), bytes: 10 },
        { role: "tuned model", sha256: digest("b"), bytes: 11 },
      ],
      audits: [{ id: "a", sha256: digest("c") }],
      seed: 0,
      k: 1,
      layers: [4, 8],
      options: { pairs: 300 },
      provider: "cpu",
      versions: { node: "20.20.2", onnxruntime: "1.30.0", platform: "linux-x64" },
      timing: {
        startedAt: "2026-03-04T05:06:07Z",
        elapsedMs: 1000,
        phases: [],
        command: ["mas-audit", "gone/base.onnx", "gone/tuned.onnx"],
        paths: { "base model": "/gone/base.onnx", "tuned model": "/gone/tuned.onnx" },
      },
    },
  };
}
