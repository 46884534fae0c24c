/**
 * @file A result as a real run would give it: trials planted from known rates, judged by the real rule.
 * Four variables over eight layers and two roles: one transfers, one was lost, one is re-coded, one could not be asked.
 */
import {
  DIRECTIONS,
  direction,
  type AuditMeasures,
  type CellMeasures,
  type Direction,
  type Hits,
  type Side,
} from "../../src/measure/measures.js";
import { RESULT_SCHEMA, type Result } from "../../src/report/schema.js";
import { stream, type Stream } from "../../src/stats/stream.js";
import { DEFAULT_POLICY } from "../../src/verdict/policy.js";
import { judge } from "../../src/verdict/run.js";

const LAYERS = [0, 4, 8, 12, 16, 20, 24, 28] as const;
const N = 300;

/** Planted truth of one variable at one role, by layer: share of trials in which a state moves the answer. */
interface Plant {
  readonly base: readonly number[];
  readonly tuned: readonly number[];
  /** Share of the target's own effect that a state of the other model has. */
  readonly cross: readonly number[];
}

const late = [0.01, 0.01, 0.02, 0.06, 0.31, 0.88, 0.97, 0.99];
const early = [0.62, 0.93, 0.97, 0.96, 0.88, 0.41, 0.08, 0.02];
const none = LAYERS.map(() => 0.01);
const whole = LAYERS.map(() => 0.99);

const PLANTS: Readonly<Record<string, Readonly<Record<string, Plant>>>> = {
  number: {
    subject: { base: early, tuned: early, cross: whole },
    last: { base: late, tuned: late, cross: whole },
  },
  polarity: {
    focus: { base: early, tuned: none, cross: none },
    last: { base: late, tuned: none, cross: none },
  },
  harmful: {
    request: { base: early, tuned: early, cross: [0.99, 0.98, 0.97, 0.96, 0.52, 0.5, 0.5, 0.5] },
    last: { base: late, tuned: late, cross: [1, 1, 1, 1, 0.98, 0.51, 0.43, 0.47] },
  },
};

const AUDITS: readonly AuditMeasures[] = [
  audit("number-agreement", "number", { title: "Number agreement", right: [391, 388] }),
  audit("sentiment", "polarity", { title: "Sentiment of a review", right: [372, 203] }),
  audit("harmful-request", "harmful", { title: "Harmful request", right: [366, 359] }),
  {
    ...audit("pronoun", "gender", { title: "Gender of a pronoun", right: [207, 214] }),
    notMeasurable: "the base answers 207 of 400 items rightly, which is not above chance",
  },
];

/** A full result with every kind of content; the same on every call. */
export function sampleResult(): Result {
  const cells = AUDITS.flatMap(cellsOf);
  const { verdict, reasons, variables, multiplicity, policy } = judge(
    { audits: AUDITS, cells },
    DEFAULT_POLICY,
  );
  return {
    schema: RESULT_SCHEMA,
    ...{ verdict, reasons, variables, multiplicity, policy, cells },
    audits: AUDITS,
    preflight: PREFLIGHT,
    notTested: [
      "Layers 1–3, 5–7, 9–11, 13–15, 17–19, 21–23, 25–27, 29 and 30 were not examined: 8 of 31 sites per role were.",
      "Directions that only a behaviour-only map would find (λ = 0) were not searched for.",
      "One seed: how much the learned maps vary between seeds is not known.",
    ],
    warnings: [
      {
        code: "ANSWER_MASS_LOW",
        message: "the answer classes of “pronoun” hold 31 % of the probability in the base",
        hint: "add the forms that the model prefers to the audit's answers",
      },
    ],
    manifest: MANIFEST,
  };
}

function audit(
  id: string,
  variable: string,
  { title, right }: { readonly title: string; readonly right: readonly [number, number] },
): AuditMeasures {
  const [baseRight, tunedRight] = right;
  const natural = (hits: number, answerMass: number): AuditMeasures["natural"]["base"] => ({
    accuracy: { hits, n: 400 },
    answerMass,
  });
  return {
    audit: id,
    title,
    question: `Does the tuned model still compute “${variable}” the way the base does?`,
    variable,
    classes: ["first", "second"],
    items: {
      ...{ generated: 402, tooLong: 2, baseRight, tunedRight },
      ...{ bothRight: Math.min(baseRight, tunedRight) - 7, train: 180, validation: 60, test: 120 },
      heldOut: "group",
    },
    natural: { base: natural(baseRight, 0.912), tuned: natural(tunedRight, 0.874) },
  };
}

function cellsOf({ audit: id, variable }: AuditMeasures): readonly CellMeasures[] {
  return Object.entries(PLANTS[variable] ?? {}).flatMap(([role, plant]) =>
    LAYERS.map((layer, index) => cell({ id, variable, role, layer }, at(plant, index))),
  );
}

interface Rates {
  readonly base: number;
  readonly tuned: number;
  readonly cross: number;
}

function at(plant: Plant, index: number): Rates {
  return { base: plant.base[index]!, tuned: plant.tuned[index]!, cross: plant.cross[index]! };
}

interface Place {
  readonly id: string;
  readonly variable: string;
  readonly role: string;
  readonly layer: number;
}

function cell({ id, variable, role, layer }: Place, rates: Rates): CellMeasures {
  const random = stream(7, `${variable}/${role}/${layer}`);
  const open = (["base", "tuned"] as const).filter((side) => rates[side] > 0.2);
  const learned = DIRECTIONS.filter((key) => sidesOf(key).every((side) => open.includes(side)));
  const draw = (keys: readonly Direction[], rate: (key: Direction) => number): Drawn =>
    Object.fromEntries(keys.map((key) => [key, hits(random, rate(key))]));
  const moved = (key: Direction): number => {
    const [source, target] = sidesOf(key);
    return source === target ? rates[target] : rates[target] * rates.cross;
  };
  return {
    cell: { audit: id, variable, layer, role, k: 1, seed: 0 },
    dModel: { base: 576, tuned: 576 },
    trials: [
      {
        table: "causal",
        target: Array.from({ length: N }, () => random.int(120)),
        source: Array.from({ length: N }, () => random.int(120)),
        fullSwap: draw(["base→base", "tuned→tuned"], (key) => Math.min(0.995, moved(key) * 1.02)),
        noIntervention: { base: hits(random, 0.012), tuned: hits(random, 0.02) },
        iia: draw(learned, moved),
        permuted: draw(learned, (key) => moved(key) * 0.5),
        randomSubspace: draw(learned, () => 0.02),
        closedForm: draw(learned, (key) => moved(key) * 0.95),
        frozenBasis: draw(learned, (key) => moved(key) * 0.9),
      },
    ],
    ...(learned.length === 0
      ? {}
      : {
          learning: {
            trained: open,
            steps: 60,
            bestStep: 40,
            validationLossNats: [0.41, 0.22, 0.19, 0.2],
            naturalness: Object.fromEntries(
              learned.map((key) => [key, { ratio: 1.04, interval: [0.98, 1.11], n: N }]),
            ),
            sigma: { base: 1.31, tuned: 1.35 },
            tensors: `cells/${variable}-${role}-${layer}.safetensors`,
          },
        }),
  };
}

type Drawn = Partial<Record<Direction, Hits>>;

function hits(random: Stream, rate: number): Hits {
  return Array.from({ length: N }, () => (random.next() < rate ? "1" : "0")).join("");
}

function sidesOf(key: Direction): readonly [source: Side, target: Side] {
  const sides = (["base", "tuned"] as const).flatMap((source) =>
    (["base", "tuned"] as const).map((target) => [source, target] as const),
  );
  return sides.find(([source, target]) => direction(source, target) === key)!;
}

const PREFLIGHT: Result["preflight"] = (["base", "tuned"] as const).flatMap((model) => [
  check(model, "prefix + suffix equals the whole model", { value: 3.1e-6, bound: 1e-4, unit: "max |Δlogit|, relative" }), // prettier-ignore
  check(model, "identity patch changes nothing", { value: 0, bound: 1e-4, unit: "max |Δlogit|, relative" }), // prettier-ignore
  check(model, "padded batch equals single rows", { value: 8.4e-6, bound: 1e-4, unit: "max |Δlogit|, relative" }), // prettier-ignore
  { ...check(model, "random patch moves the output", { value: 0.82, bound: 1e-2, unit: "max |Δlogit|, relative" }), relation: "at least" as const }, // prettier-ignore
  check(model, "gradient agrees with a finite difference", { value: 4.2e-4, bound: 1e-2, unit: "relative error" }), // prettier-ignore
]);

function check(
  model: Side,
  name: string,
  figures: { readonly value: number; readonly bound: number; readonly unit: string },
): Result["preflight"][number] {
  return { model, check: name, ...figures, ok: true };
}

const digest = (digit: string): string => digit.repeat(64);

const MANIFEST: Result["manifest"] = {
  tool: { name: "mas-audit", version: "0.1.0" },
  inputs: [
    { role: "base model", sha256: digest("a"), bytes: 538_123_456 },
    { role: "tuned model", sha256: digest("b"), bytes: 538_123_460 },
  ],
  tokenizer: digest("c"),
  audits: AUDITS.map(({ audit: id }, index) => ({ id, sha256: digest(String(index)) })),
  seed: 0,
  k: "auto",
  layers: [...LAYERS],
  options: { layers: "every:4", k: "auto", pairs: 300, steps: 60, variables: [] },
  provider: "cpu",
  versions: { node: "20.20.2", onnxruntime: "1.30.0", platform: "linux-x64" },
  timing: {
    startedAt: "2026-03-04T05:06:07Z",
    elapsedMs: 1_934_000,
    peakMemoryBytes: 2_940_000_000,
    phases: [
      { name: "loading the models", elapsedMs: 4100 },
      { name: "measuring", elapsedMs: 1_880_000 },
    ],
    command: ["mas-audit", "base.onnx", "tuned.onnx", "--layers", "every:4"],
    paths: { "base model": "models/smol/base.onnx", "tuned model": "models/smol/tuned.onnx" },
  },
};
