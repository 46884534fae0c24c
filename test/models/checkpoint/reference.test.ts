import { readdirSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { openSuffix } from "../../../src/models/suffix-probe.js";
import {
  changedCheckpoint,
  checkpointFixture,
  checkpointReference,
  loadCheckpoint,
  runCheckpoint,
} from "../../support/checkpoints.js";
import { relative } from "../../support/reference-check.js";
import { temporaryFolder } from "../../support/tiny-models.js";

/**
 * Share of the largest magnitude. Sums have at most 24 terms and a model about 40 operators of depth, 2^-24 each; errors add
 * up at random to about 1e-6, and an untrained model amplifies them through its norms.
 */
const DEVIATION = 1e-5;

const folder = temporaryFolder();
const CASES = readdirSync(checkpointFixture("."), { withFileTypes: true })
  .filter((entry) => entry.isDirectory())
  .map(({ name }) => name);

async function deviations(path: string, name: string): Promise<number[]> {
  const reference = checkpointReference(name);
  const located = await loadCheckpoint(path);
  const rows = await runCheckpoint(located, reference.rows);
  expect(located.nLayers).toBe(reference.states.length - 1);
  return [
    relative(
      rows.map(({ logits }) => logits),
      reference.logits,
    ),
    ...reference.states.map((states, l) =>
      relative(
        rows.map(({ residuals }) => residuals[l]!),
        states,
      ),
    ),
  ];
}

describe("a generated graph", () => {
  it("is made from every family of the fixtures", () => {
    expect(CASES.length).toBeGreaterThanOrEqual(15);
  });

  for (const name of CASES) {
    it(`computes what PyTorch computes, at every layer: ${name}`, async () => {
      const found = await deviations(checkpointFixture(name), name);
      expect(Math.max(...found)).toBeLessThan(DEVIATION);
    });
  }
});

describe("the comparison notices", () => {
  const FAULTS: Readonly<Record<string, [name: string, key: string, value: unknown]>> = {
    "a window that is one too wide": ["mistral", "sliding_window", 4],
    "a missing soft cap": ["gemma2", "attn_logit_softcapping", null],
    "a missing soft cap of the logits": ["gemma2", "final_logit_softcapping", null],
    "another scale of the scores": ["gemma3", "query_pre_attn_scalar", 6],
    "another base of the near rotation": ["gemma3", "rope_local_base_freq", 101],
    "another share of rotated dimensions": ["phi", "partial_rotary_factor", 1],
    "a parallel block in place of a sequential one": [
      "gptneox-sequential",
      "use_parallel_residual",
      true,
    ],
    "rotation in a layer without one": ["smollm3", "no_rope_layers", [1, 1, 1]],
    "the short factors in place of the long ones": [
      "phi3-longrope",
      "original_max_position_embeddings",
      12,
    ],
    "scores that are not divided by the layer": ["gpt2", "scale_attn_by_inverse_layer_idx", false],
    "another ε": ["olmo2", "rms_norm_eps", 1e-3],
  };
  for (const [fault, [name, key, value]] of Object.entries(FAULTS)) {
    it(fault, async () => {
      const path = changedCheckpoint(`${folder}/${name}-${key}`, name, {
        config: { [key]: value },
      });
      expect(Math.max(...(await deviations(path, name)))).toBeGreaterThan(10 * DEVIATION);
    });
  }
});

describe("names of a generated graph", () => {
  it("are the module paths on products and lookups, and the tensors' own on weights", async () => {
    const { model } = await loadCheckpoint(checkpointFixture("llama-yarn"));
    const { graph } = model;
    const product = graph.nodes.find(({ name }) => name === "model.layers.1.self_attn.q_proj");
    expect(product?.op).toBe("com.microsoft.FusedMatMul");
    expect(product?.input(1).name).toBe("model.layers.1.self_attn.q_proj.weight");
    expect(product?.output().uses.map(({ node }) => node.op)).toEqual(["Add"]); // the bias comes after
    const lookup = graph.nodes.find(({ name }) => name === "model.embed_tokens");
    expect(lookup?.op).toBe("Gather");
    expect(lookup?.input(0).name).toBe("model.embed_tokens.weight");
  });

  it("name packed products by their own module, and GPT-2's as they are stored", async () => {
    const { model } = await loadCheckpoint(checkpointFixture("gpt2"));
    const product = model.graph.nodes.find(({ name }) => name === "transformer.h.2.attn.c_attn");
    expect(product?.op).toBe("MatMul");
    const phi3 = await loadCheckpoint(checkpointFixture("phi3-longrope"));
    const names = phi3.model.graph.nodes.map(({ name }) => name);
    expect(names).toContain("model.layers.0.self_attn.qkv_proj");
    expect(names).toContain("model.layers.0.mlp.gate_up_proj");
    expect(names).toContain("lm_head");
  });
});

describe("a gradient through a generated graph", () => {
  it("agrees with central differences", async () => {
    const located = await loadCheckpoint(checkpointFixture("gemma2"));
    const { rows } = checkpointReference("gemma2");
    const [ids] = rows as [readonly number[]];
    const [whole] = await runCheckpoint(located, [ids]);
    const residual = whole!.residuals[1]!;
    const { dModel } = located;
    const patched = residual.slice(4 * dModel, 5 * dModel);
    const probe = await openSuffix(located, 1, { threads: 1 });
    const row = { ids, residual, patchPosition: 4, labelPosition: ids.length - 1, label: 0 };
    const at = async (state: Float32Array) => probe.run([{ ...row, patched: state }], [5, 7, 9]);
    const { gradient } = await at(patched);
    const step = 2 ** -7; // large against float32's rounding of a loss, small against its curvature
    for (const axis of [0, 5, 11]) {
      const moved = [step, -step].map((by) => patched.map((x, i) => (i === axis ? x + by : x)));
      const [up, down] = await Promise.all(moved.map(at));
      const slope = -(up!.logProb[0]! - down!.logProb[0]!) / (2 * step);
      // rounding 2^-22 / step, curvature step²
      expect(Math.abs(slope - gradient[axis]!)).toBeLessThan(2e-3);
    }
    await probe.release();
  });
});
