import { describe, expect, it } from "vitest";
import { LocateError, NumericsError } from "../../src/errors.js";
import { preflight, type PreflightCheck } from "../../src/models/preflight.js";
import { boundsOf } from "../../src/models/preflight-bounds.js";
import type { LocatedModel } from "../../src/models/located.js";
import { directionalError } from "../../src/models/directional.js";
import type { ProbeRow, SuffixProbe } from "../../src/models/suffix-probe.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { locatedTiny } from "../support/located.js";
import { tinyDecoder } from "../support/tiny-decoder.js";

const ROWS = [
  [1, 2, 3, 4, 5, 6],
  [7, 8, 9],
  [10, 0, 1, 2],
];

function check(located: LocatedModel): Promise<PreflightCheck[]> {
  return preflight({ located, rows: ROWS, layers: [0, 1, 2], session: { threads: 1 } });
}

describe("preflight", () => {
  it("passes a sound model on every check", async () => {
    const checks = await check(locatedTiny(tinyDecoder()));
    expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    expect(checks.length).toBe(8);
  });

  it("passes a parallel and a post-norm model", async () => {
    for (const form of ["parallel", "post-norm"] as const) {
      const checks = await check(locatedTiny(tinyDecoder({ form })));
      expect(checks.filter(({ ok }) => !ok)).toEqual([]);
    }
  });

  it("refuses a model that looks ahead, saying by how much", async () => {
    const act = check(locatedTiny(tinyDecoder({ bidirectional: true })));
    await expect(act).rejects.toThrow(LocateError);
    await expect(act).rejects.toThrow("the model looks ahead");
  });

  it("stops at a model that outputs NaN", async () => {
    const located = locatedTiny(tinyDecoder());
    const head = located.model.graph.find("head")!;
    head.initializer = float32Tensor(new Float32Array(66).fill(NaN), [6, 11]);
    await expect(check(located)).rejects.toThrow(NumericsError);
  });

  it("notices rows of a batch that see each other", async () => {
    const checks = await check(locatedTiny(tinyDecoder({ leaky: true })));
    const failed = checks.filter(({ ok }) => !ok).map(({ check: name }) => name);
    expect(failed).toContain("a padded batch equals its rows alone");
  });

  it("notices that a state does not reach the answers", async () => {
    const located = locatedTiny(tinyDecoder());
    const head = located.model.graph.find("head")!;
    head.initializer = float32Tensor(new Float32Array(66), [6, 11]);
    await expect(check(located)).rejects.toThrow(NumericsError);
  });

  it("bounds half precision more coarsely than single", () => {
    const located = locatedTiny(tinyDecoder());
    const half = locatedTiny(tinyDecoder());
    half.sites[1]!.type = { dtype: "float16", shape: ["batch", "token", 6] };
    expect(boundsOf(half).logits).toBeGreaterThan(boundsOf(located).logits);
  });
});

describe("directionalError", () => {
  const rows: ProbeRow[] = [0, 1].map((r) => ({
    ids: [1],
    residual: Float32Array.from([1, 2 + r]),
    patchPosition: 0,
    patched: Float32Array.from([1, 2 + r]),
    labelPosition: 0,
    label: 0,
  }));
  const options = { answers: [0], steps: [1e-2, 1e-3] };
  /** loss = x² + 3y with its gradient times `factor`. */
  const probe = (factor: number): SuffixProbe => ({
    run: (at) =>
      Promise.resolve({
        logProb: new Float32Array(at.length),
        lossNats: Float32Array.from(at, ({ patched: [x, y] }) => x! * x! + 3 * y!),
        gradient: Float32Array.from(
          at.flatMap(({ patched: [x] }) => [2 * x! * factor, 3 * factor]),
        ),
      }),
    release: () => Promise.resolve(),
  });

  it("is as small as float32 losses allow for a right gradient", async () => {
    // a loss of 12 has a rounding of 12 · 2^-24 = 7e-7; over a step of 2e-2 and slopes above 10: below 1e-4
    expect(await directionalError(probe(1), rows, options)).toBeLessThan(1e-4);
  });

  it.each([1.02, 0.98, -1, 2])(
    "reports a gradient that is %d times the right one",
    async (factor) => {
      const found = await directionalError(probe(factor), rows, options);
      expect(found).toBeGreaterThan(boundsOf(locatedTiny(tinyDecoder())).derivative);
    },
  );

  it("calls a gradient of zero a failure", async () => {
    await expect(directionalError(probe(0), rows, options)).rejects.toThrow(NumericsError);
  });
});
