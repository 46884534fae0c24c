import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { checkGradient, type CheckedFunction } from "../../src/autodiff/gradient-check.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { buildDistributionSuffix } from "../../src/models/distribution-suffix.js";
import { feedBatch } from "../../src/models/feed-batch.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { logSoftmax, runWhole, type WholeRow } from "../../src/models/whole-run.js";
import type { Model } from "../../src/onnx/graph.js";
import { createSession } from "../../src/runtime/session.js";
import { float32Data, int64, tensor, type Feeds } from "../../src/runtime/tensor.js";
import { stream } from "../../src/stats/stream.js";
import { exportFixture, locatedTiny } from "../support/located.js";
import { runModel } from "../support/run-model.js";
import { tinyDecoder, type TinyOptions } from "../support/tiny-decoder.js";

// float32: log-probabilities of magnitude below 10 are sums of about 10² products: 10² ε ≈ 10⁻⁵ each; a KL weighs them
// by probabilities that sum to 1
const FORWARD = 2e-5;
// KL is quadratic in the error of the log-probabilities where both are equal; what is left is the rounding of its sum
const IDENTITY = 1e-6;
// float32: a central difference leaves ε/h + h², and a step across a kink of the tiny mlp (ReLU) leaves more: the best of
// several steps counts. At h = 5·10⁻⁴, ε/h ≈ 2·10⁻⁴ of losses near 1; attention and norms bend more
const DIFFERENCE = { steps: [5e-3, 1e-3, 5e-4], tolerance: 2e-3 };

/** The second prompt of each pair has three tokens; both begin with the same token. */
const TARGETS = [
  [3, 1, 4, 1, 5],
  [3, 2, 6],
];
const SOURCES = [
  [3, 9, 7, 2, 8],
  [3, 5, 5],
];

interface Case {
  readonly located: LocatedModel;
  readonly layer: number;
  readonly prompts: readonly (readonly number[])[];
  /** States of these runs, of the same lengths. */
  readonly states: readonly WholeRow[];
  /** ln p of each row. */
  readonly wanted: readonly Float32Array[];
}

async function natural(
  located: LocatedModel,
  prompts: readonly (readonly number[])[],
): Promise<WholeRow[]> {
  const session = await createSession(buildWhole(located), { threads: 1 });
  const rows = await runWhole(session, located, prompts);
  await session.release();
  return rows;
}

/** ln q of the last token, over the whole vocabulary, by the definition. */
function lastLogProb({ logits }: WholeRow, vocab: number): Float32Array {
  const all = Array.from({ length: vocab }, (_, id) => id);
  return logSoftmax(logits.subarray(logits.length - vocab), all);
}

function argmax(values: Float32Array): number {
  return values.indexOf(Math.max(...values));
}

function kl(p: Float32Array, q: Float32Array): number {
  return p.reduce((sum, lnP, i) => sum + Math.exp(lnP) * (lnP - q[i]!), 0);
}

function feedsOf({ located, layer, prompts, states, wanted }: Case): Feeds {
  const { dModel, vocab } = located;
  const width = Math.max(...prompts.map((ids) => ids.length));
  const residual = new Float32Array(prompts.length * width * dModel);
  states.forEach(({ residuals }, r) => {
    residual.set(residuals[layer]!, r * width * dModel);
  });
  return {
    ...feedBatch(located.feeds, prompts),
    residual: tensor("float32", [prompts.length, width, dModel], residual),
    label_position: int64(
      [prompts.length],
      prompts.map((ids) => ids.length - 1),
    ),
    target_log_prob: tensor(
      "float32",
      [prompts.length, vocab],
      Float32Array.from(wanted.flatMap((row) => [...row])),
    ),
  };
}

function only({ graph }: Model, feeds: Feeds): Feeds {
  return Object.fromEntries(graph.inputs.map(({ name }) => [name, feeds[name]!]));
}

async function run(of: Case): Promise<{ lossNats: Float32Array; top: number[] }> {
  const model = buildDistributionSuffix(of.located, of.layer, { gradient: false });
  const outputs = await runModel(model, only(model, feedsOf(of)));
  const { top_token: top } = outputs;
  return {
    lossNats: float32Data(outputs, "loss_nats"),
    top: Array.from(top?.dtype === "int64" ? top.data : [], Number),
  };
}

function layersOf({ nLayers }: LocatedModel): number[] {
  return Array.from({ length: nLayers + 1 }, (_, layer) => layer);
}

describe("the distribution suffix", () => {
  it("gives the divergence of the whole model's distribution from any wanted one, at every layer", async () => {
    const located = locatedTiny(tinyDecoder({ layers: 3 }));
    const { vocab } = located;
    const rows = await natural(located, TARGETS);
    const random = stream(3, "wanted");
    const wanted = rows.map(() =>
      logSoftmax(
        Array.from({ length: vocab }, () => random.normal()),
        Array.from({ length: vocab }, (_, id) => id),
      ),
    );
    for (const layer of layersOf(located)) {
      const { lossNats, top } = await run({
        ...{ located, layer, prompts: TARGETS, states: rows, wanted },
      });
      rows.forEach((row, r) => {
        const own = lastLogProb(row, vocab);
        expect(Math.abs(lossNats[r]! - kl(wanted[r]!, own))).toBeLessThan(FORWARD);
        expect(top[r]).toBe(argmax(own));
      });
    }
  });

  it.each([
    ["a tiny decoder", () => Promise.resolve(locatedTiny(tinyDecoder({ layers: 3 })))],
    ["a Llama export", () => loadExport("llama/optimum-past")],
    ["a GPT-2 export", () => loadExport("gpt2/ortopt-gpt2-past")],
  ] as const)(
    "of %s says what the source says once all states but the first are the source's",
    async (_, load) => {
      const located = await load();
      const { vocab } = located;
      const source = await natural(located, SOURCES);
      const target = await natural(located, TARGETS);
      const said = source.map((row) => lastLogProb(row, vocab));
      for (const layer of layersOf(located)) {
        // both prompts begin with one token, so that their first states are the same: it is never exchanged
        const states = target.map((row, r) => ({
          ...row,
          residuals: row.residuals.map((own, l) => swapped(own, source[r]!.residuals[l]!, located)),
        }));
        const { lossNats, top } = await run({
          ...{ located, layer, prompts: TARGETS, states, wanted: said },
        });
        expect(Math.max(...lossNats.map(Math.abs)), `layer ${layer}`).toBeLessThan(IDENTITY);
        expect(top).toEqual(said.map(argmax));
      }
    },
  );

  it("with its own states agrees with its own distribution, and with the source's does not", async () => {
    const located = locatedTiny(tinyDecoder());
    const { vocab } = located;
    const target = await natural(located, TARGETS);
    const source = await natural(located, SOURCES);
    const own = target.map((row) => lastLogProb(row, vocab));
    const same = await run({ located, layer: 1, prompts: TARGETS, states: target, wanted: own });
    expect(Math.max(...same.lossNats.map(Math.abs))).toBeLessThan(IDENTITY);
    const other = await run({ located, layer: 1, prompts: TARGETS, states: source, wanted: own });
    expect(Math.min(...other.lossNats)).toBeGreaterThan(1e-3);
  });

  it.each<[string, TinyOptions]>([
    ["sequential", {}],
    ["parallel", { form: "parallel" }],
    ["post-norm", { form: "post-norm" }],
  ])("has a gradient that agrees with central differences in %s blocks", async (_, options) => {
    const located = locatedTiny(tinyDecoder(options));
    const target = await natural(located, TARGETS);
    // far from what the model says, so that no slope is small
    const random = stream(4, "wanted");
    const all = Array.from({ length: located.vocab }, (_, id) => id);
    const wanted = target.map(() =>
      logSoftmax(
        all.map(() => 5 * random.normal()),
        all,
      ),
    );
    for (const layer of layersOf(located)) {
      const model = buildDistributionSuffix(located, layer, { gradient: true });
      const feeds = only(
        model,
        feedsOf({ located, layer, prompts: TARGETS, states: target, wanted }),
      );
      const session = await createSession(model, { threads: 1 });
      const { dims } = feeds["residual"]!;
      const at = (x: Float64Array): Feeds => ({
        ...feeds,
        residual: tensor("float32", dims, Float32Array.from(x)),
      });
      const checked = (factor: number): CheckedFunction => ({
        forward: async (x) => float32Data(await session.run(at(x)), "loss_nats"),
        backward: async (x) =>
          float32Data(await session.run(at(x)), "gradient").map((g) => factor * g),
      });
      const x = Float64Array.from(float32Data(feeds, "residual"));
      const best = await smallestError(checked(1), x, `layer/${layer}`);
      // the same check finds a gradient that is wrong by a hundredth
      const planted = await smallestError(checked(1.01), x, `layer/${layer}`);
      await session.release();
      expect(best, `layer ${layer}`).toBeLessThan(DIFFERENCE.tolerance);
      expect(planted).toBeGreaterThan(DIFFERENCE.tolerance);
    }
  });

  it("has a gradient of exactly zero at padding", async () => {
    const located = locatedTiny(tinyDecoder());
    const target = await natural(located, TARGETS);
    const source = await natural(located, SOURCES);
    const wanted = source.map((row) => lastLogProb(row, located.vocab));
    const model = buildDistributionSuffix(located, 1, { gradient: true });
    const feeds = only(
      model,
      feedsOf({ located, layer: 1, prompts: TARGETS, states: target, wanted }),
    );
    const gradient = float32Data(await runModel(model, feeds), "gradient");
    const { dModel } = located;
    expect(gradient.subarray(0, 8 * dModel).every((each) => each !== 0)).toBe(true);
    expect(gradient.subarray(8 * dModel).every((each) => each === 0)).toBe(true);
  });

  it("leaves the located model as it was", () => {
    const located = locatedTiny(tinyDecoder());
    const before = located.model.graph.nodes.length;
    buildDistributionSuffix(located, 1, { gradient: true });
    expect(located.model.graph.nodes).toHaveLength(before);
    expect(located.model.graph.inputs.map(({ name }) => name)).toEqual(["input_ids"]);
  });
});

/** Worst error of the directions, at the best of the steps. */
async function smallestError(f: CheckedFunction, x: Float64Array, name: string): Promise<number> {
  const { steps, tolerance } = DIFFERENCE;
  const errors: number[] = [];
  for (const step of steps) {
    const { worst } = await checkGradient(f, { x, rng: stream(5, name), step, tolerance });
    errors.push(worst);
  }
  return Math.min(...errors);
}

/** The first token's state of `own`, all others of `other`. */
function swapped(own: Float32Array, other: Float32Array, { dModel }: LocatedModel): Float32Array {
  const out = own.slice();
  out.set(other.subarray(dModel), dModel);
  return out;
}

async function loadExport(path: string): Promise<LocatedModel> {
  return loadModel(exportFixture(path), { adapters: ADAPTERS });
}
