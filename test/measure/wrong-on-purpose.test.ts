/**
 * @file Runs that are wrong on purpose stop with the refusal that names what is wrong. Faults are planted in an
 * otherwise real run: in captures and prompts of a demo model (graphs, sessions, all cells), and, where the fault
 * would be in our own arithmetic, in that arithmetic within a toy cell. The same runs without a fault finish.
 */
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { AUDITS } from "../../audits/index.js";
import type { Continuation } from "../../src/align/continuation.js";
import type { Learner } from "../../src/align/learner.js";
import type * as interchangeModule from "../../src/align/interchange.js";
import type { Capture } from "../../src/capture/capture.js";
import { NumericsError } from "../../src/errors.js";
import { measureCell } from "../../src/measure/cell.js";
import type { CellInput } from "../../src/measure/cell-input.js";
import { examineAll, type Examination } from "../../src/measure/examination.js";
import { checkIdentity } from "../../src/measure/identity-guard.js";
import type * as interventionsModule from "../../src/measure/interventions.js";
import { DIRECTIONS, type CellMeasures } from "../../src/measure/measures.js";
import { measureCells } from "../../src/measure/run.js";
import { suffixContinuation, SuffixSessions } from "../../src/measure/suffix-runner.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { boundsOf } from "../../src/models/preflight-bounds.js";
import { prepareAudit, type PreparedAudit } from "../../src/models/prepared-items.js";
import { loadTokenizer } from "../../src/models/tokenizer.js";
import type { MeasuringOptions } from "../../src/plan/options.js";
import { stream } from "../../src/stats/stream.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { circle, toyCell, type ToyModel } from "../support/toy-world.js";

/** Faults in our own arithmetic, switched on by a test. */
const fault = vi.hoisted(() => ({ kind: "none" }));

vi.mock("../../src/align/interchange.js", async (original) => {
  const real = await original<typeof interchangeModule>();
  const own: typeof real.patchStates = ({ target, ...rest }, difference) =>
    real.patchStates({ ...rest, target }, { ...difference, data: difference.data.map(() => 0) });
  return {
    ...real,
    patchStates: ((...args) =>
      (fault.kind === "identity" ? own : real.patchStates)(...args)) as typeof real.patchStates,
  };
});

vi.mock("../../src/measure/interventions.js", async (original) => {
  const real = await original<typeof interventionsModule>();
  return {
    ...real,
    interchange: ((site, ends, given) => {
      const { trials } = given;
      const one = trials.source.map(() => trials.source[0] ?? 0);
      const source = fault.kind === "one source" ? one : trials.source;
      return real.interchange(site, ends, { ...given, trials: { ...trials, source } });
    }) satisfies typeof real.interchange,
  };
});

/** A matcher in place of a text. */
function like(pattern: RegExp): string {
  return expect.stringMatching(pattern) as string; // typed as any
}

/** Runs `act` and returns the refusal. */
async function refusalOf(act: () => Promise<unknown>): Promise<NumericsError> {
  const error: unknown = await act().then(
    () => new Error("the run finished"),
    (thrown: unknown) => thrown,
  );
  if (error instanceof NumericsError) return error;
  throw error;
}

describe("a run of a real model", () => {
  const folder = temporaryFolder();
  const controller = new AbortController();
  const session = { threads: 1 };
  const audit = AUDITS.find(({ id }) => id === "number-agreement")!;
  let model: LocatedModel;
  let prepared: PreparedAudit;
  let real: Examination;
  const opened: Examination[] = [];

  const examineWith = async (items: PreparedAudit, name: string): Promise<Examination> => {
    const [examination] = await examineAll(
      {
        models: { base: model, tuned: model },
        layers: [1, model.nLayers],
        windows: { base: false, tuned: false },
        folder: join(folder, name),
        rows: 32,
        session,
        random: stream(0, "examine"),
        signal: controller.signal,
        begin: () => undefined,
      },
      [{ prepared: items, variables: audit.by }],
    );
    opened.push(examination!);
    return examination!;
  };

  /** The same items with another token for one role. */
  const shifted = (role: string, by: number): PreparedAudit => ({
    ...prepared,
    items: prepared.items.map((item) => ({
      ...item,
      positions: { ...item.positions, [role]: item.positions[role]! + by },
    })),
  });

  const run = (
    examination: Examination,
    { layer, role }: { layer: number; role: string },
  ): Promise<CellMeasures[]> =>
    measureCells({
      models: { base: model, tuned: model },
      examinations: [{ ...examination, prepared: { ...examination.prepared, roles: [role] } }],
      layers: [layer],
      options: OPTIONS,
      sessions: { base: session, tuned: session },
      archive: { find: () => undefined, keep: (_, { measures }) => measures },
      signal: controller.signal,
      watch: { begin: () => undefined, cell: () => undefined, done: () => undefined },
    });

  const withCapture = (side: "base" | "tuned", change: Partial<Capture>): Examination => ({
    ...real,
    captures: { ...real.captures, [side]: { ...real.captures[side], ...change } },
  });

  beforeAll(async () => {
    model = await loadModel("fixtures/demo/base", { adapters: ADAPTERS });
    const items = audit.items(stream(0, "items"), 160);
    const tokenizer = await loadTokenizer("fixtures/demo/base");
    prepared = prepareAudit(audit, items, { tokenizer, vocab: model.vocab });
    real = await examineWith(prepared, "real");
  });

  afterAll(() => {
    for (const { captures } of opened) for (const one of Object.values(captures)) one.close();
  });

  it.each([
    { layer: 1, role: "subject" },
    { layer: 5, role: "last" },
  ])("finishes at layer $layer, $role, where nothing is wrong", async (site) => {
    expect(await run(real, site)).toHaveLength(1);
  });

  it("that patches another position than it captured is stopped", async () => {
    const error = await refusalOf(() =>
      run({ ...real, prepared: shifted("subject", -1) }, { layer: 1, role: "subject" }),
    );
    expect(error).toMatchObject({
      code: "PATCH_MISPLACED",
      exitCode: 4,
      message: "a patch overwrites another state than the one that was captured for it",
      where: like(/^number-agreement\/\w+, layer 1, subject, k = 1, base model$/),
      expected: "the captured state of the same prompt, layer and position, to the last bit",
      found: like(/^item \d+: [\d.]+ off; .*; and 5 more$/),
      hint: like(/captured at one position and is patched at another/),
    });
  });

  it("that does so where the answers cannot show it is stopped too", async () => {
    const error = await refusalOf(() =>
      run({ ...real, prepared: shifted("subject", -1) }, { layer: model.nLayers, role: "subject" }),
    );
    expect(error.code).toBe("PATCH_MISPLACED");
  });

  it("is known by its answers alone to patch at the wrong position, where the position matters", async () => {
    const located = model;
    const sessions = new SuffixSessions(located, { layer: 1, window: false }, session);
    const captured = real.captures.base;
    const { natural } = captured;
    const cell = (items: PreparedAudit): Parameters<typeof checkIdentity>[0] => {
      const whole = suffixContinuation({
        ...{ sessions, prepared: items, role: "subject", rows: 32, signal: controller.signal },
        capture: captured,
      });
      const continuation: Continuation = {
        ...{ dModel: whole.dModel, nClasses: whole.nClasses },
        classLogProb: (...rows) => whole.classLogProb(...rows),
        backward: (...rows) => whole.backward(...rows),
      };
      const side: CellInput["sides"]["base"] = {
        states: captured.siteStates(1, "subject"),
        dModel: located.dModel,
        continuation,
        naturalClass: natural.chosen,
        naturalLogProb: natural.logProb,
        roundingNats: boundsOf(located).logits * Math.max(...natural.largestLogit),
      };
      const toy = toyCell({ ...WORLD, items: 100 }, { base: BASE, tuned: BASE }, { k: 1 });
      return { ...toy, sides: { base: side, tuned: side } };
    };
    await checkIdentity(cell(prepared));
    const error = await refusalOf(() => checkIdentity(cell(shifted("subject", -1))));
    expect(error.code).toBe("IDENTITY_BROKEN");
    await sessions.release();
  });

  it("with the states of another layer is stopped", async () => {
    const { tuned } = real.captures;
    const other = withCapture("tuned", {
      states: new Map([[1, tuned.states.get(model.nLayers)!]]),
      siteStates: (_, role) => tuned.siteStates(model.nLayers, role),
    });
    const error = await refusalOf(() => run(other, { layer: 1, role: "subject" }));
    expect(error).toMatchObject({
      code: "IDENTITY_BROKEN",
      message: "a prompt with its own state put back does not answer as it does naturally",
      where: like(/, layer 1, subject, k = 1, tuned model$/),
      expected: like(
        /^the natural answer, up to rounding \(log-probabilities within 0\.00\d+ nats\)$/,
      ),
      found: like(/^item \d+: [\d.]+ nats off; /),
    });
  });

  it("with the states of other items is stopped", async () => {
    const { base } = real.captures;
    const moved = withCapture("base", {
      siteStates: (layer, role) => rotated(base.siteStates(layer, role), model.dModel),
    });
    const error = await refusalOf(() => run(moved, { layer: 1, role: "subject" }));
    expect(error.code).toBe("PATCH_MISPLACED");
  });

  it("that captures and patches one token before the answer as `last` is stopped after the last block", async () => {
    const early = await examineWith(shifted("last", -1), "early");
    const error = await refusalOf(() => run(early, { layer: model.nLayers, role: "last" }));
    expect(error).toMatchObject({
      code: "SWAP_BROKEN",
      message: "the last state of another prompt does not bring that prompt's answer",
      found: like(/^item \d+ into \d+: [\d.]+/),
    });
  });

  it("whose natural answers are those of the next item is stopped", async () => {
    const { natural } = real.captures.base;
    const next = withCapture("base", {
      natural: { ...natural, chosen: rotated(natural.chosen, 1) },
    });
    const error = await refusalOf(() => run(next, { layer: 1, role: "subject" }));
    expect(error).toMatchObject({
      code: "LABELS_SHIFTED",
      where: like(/, natural answers of base$/),
      found: like(/^item \d+ is said to answer "\w+", but "\w+" is more probable/),
    });
  });
});

/** Rows of `width` numbers, each in the place of the one before it. */
function rotated<T extends Float32Array | Int32Array>(values: T, width: number): T {
  const out = values.slice() as T; // slice keeps the array's own type
  out.set(values.subarray(width));
  out.set(values.subarray(0, width), values.length - width);
  return out;
}

const OPTIONS: MeasuringOptions = {
  ...{ variables: [], layers: "1", k: 1, items: 160, pairs: 100, steps: 2, seed: 0, batch: 32 },
  ...{ threads: 1, device: "cpu", referencePath: false, controls: "core", seeds: 1 },
};

const WORLD = { classes: 4, items: 200 };
const CODE = circle([0, 1, 2, 3], 6);
const BASE: ToyModel = { dModel: 12, basis: 1, gain: 0.5, blocks: [{ writes: CODE, reads: CODE }] };

describe("a toy cell", () => {
  const cell = (): CellInput =>
    toyCell(WORLD, { base: BASE, tuned: { ...BASE, basis: 2 } }, { k: 3 });
  /** Hands back the closed form, changed. */
  const learning = (change: (data: Float64Array) => Float64Array): Learner => ({
    name: "changed",
    learn: ({ models }) =>
      Promise.resolve({
        subspaces: models.map(({ start }) => ({ ...start, data: change(start.data) })),
        ...{ steps: 0, bestStep: 0, validationLossNats: [0] },
      }),
  });
  const withTest = (
    input: CellInput,
    change: (pairs: CellInput["pairs"]["test"]) => Partial<CellInput["pairs"]["test"]>,
  ): CellInput => ({
    ...input,
    pairs: { ...input.pairs, test: { ...input.pairs.test, ...change(input.pairs.test) } },
  });

  it("finishes where nothing is wrong", async () => {
    const input = { ...cell(), learner: learning((data) => data) };
    const { measures } = await measureCell(input);
    expect(measures.learning!.trained).toEqual(["base", "tuned"]);
    for (const key of DIRECTIONS) {
      expect(measures.trials[0]!.iia[key], key).toHaveLength(input.pairs.test.target.length);
    }
  });

  it("whose labels are off by one trial is stopped", async () => {
    const input = withTest(cell(), ({ label }) => ({ label: rotated(label, 1) }));
    expect(await refusalOf(() => measureCell(input))).toMatchObject({
      code: "LABELS_SHIFTED",
      message: "labels do not belong to their trials",
      where: "toy/value, layer 1, last, k = 3, causal table, test pairs",
      expected: "the causal table's answer to the target's values with the source's value put in",
      found: like(/^pair \d+ is labelled "v\d" instead of "v\d"; .* and \d+ more$/),
    });
  });

  it("whose labels are off by one class is stopped", async () => {
    const input = withTest(cell(), ({ label }) => ({ label: label.map((c) => (c + 1) % 4) }));
    expect((await refusalOf(() => measureCell(input))).code).toBe("LABELS_SHIFTED");
  });

  it("whose causal table is off by one class is stopped by what the base answers", async () => {
    const input = cell();
    const off = (answers: Int32Array): Int32Array => answers.map((c) => (c + 1) % 4);
    const causal = { ...input.causal, answer: off(input.causal.answer) };
    const { train, validation, test } = input.pairs;
    const pairs = {
      train: { ...train, label: off(train.label) },
      validation: { ...validation, label: off(validation.label) },
      test: { ...test, label: off(test.label) },
    };
    expect(await refusalOf(() => measureCell({ ...input, causal, pairs }))).toMatchObject({
      code: "LABELS_SHIFTED",
      found: like(/^the base answers "v\d" to item \d+, the causal table "v\d"/),
    });
  });

  it("whose items are off by one is stopped", async () => {
    const input = cell();
    const { causal } = input;
    const group = rotated(causal.group, 1);
    const value = rotated(causal.value, 1);
    const error = await refusalOf(() =>
      measureCell({ ...input, causal: { ...causal, group, value } }),
    );
    expect(error.code).toBe("LABELS_SHIFTED");
  });

  it.each(["train", "validation", "test"] as const)(
    "that pairs an item with itself in its %s pairs is stopped",
    async (split) => {
      const input = cell();
      const source = input.pairs[split].source.slice();
      source[2] = input.pairs[split].target[2]!;
      const pairs = { ...input.pairs, [split]: { ...input.pairs[split], source } };
      expect(await refusalOf(() => measureCell({ ...input, pairs }))).toMatchObject({
        code: "SELF_PAIR",
        message: "an item is paired with itself",
        where: `toy/value, layer 1, last, k = 3, causal table, ${split} pairs`,
        found: `pair 2 is item ${source[2]} twice`,
      });
    },
  );

  it("with a trial whose source holds the target's own value is stopped", async () => {
    const input = withTest(cell(), ({ target, source, label }) => ({
      source: source.with(2, target[2]! + 4),
      label: label.with(2, target[2]! % 4),
    }));
    expect(await refusalOf(() => measureCell(input))).toMatchObject({
      code: "UNCHANGED_PAIR",
      found: like(/^pair 2, .* \(source and target agree\)$/),
    });
  });

  it("whose interchange is the identity is stopped", async () => {
    fault.kind = "identity";
    const error = await refusalOf(() => measureCell(cell())).finally(() => (fault.kind = "none"));
    expect(error).toMatchObject({
      code: "IDLE_INTERCHANGE",
      message: "an interchange exchanges nothing",
      where: "toy/value, layer 1, last, k = 3, closedForm, base→base",
      found: "the target's own state in each of 100 trials",
    });
  });

  it("whose sources are all one item is stopped", async () => {
    fault.kind = "one source";
    const error = await refusalOf(() => measureCell(cell())).finally(() => (fault.kind = "none"));
    expect(error).toMatchObject({
      code: "IDLE_INTERCHANGE",
      found: "the same coordinates from each of 100 sources",
    });
  });

  it.each([
    ["is a thousandth too long", (data: Float64Array) => data.map((x) => x * 1.001)],
    ["has a row twice", (data: Float64Array) => data.map((x, i) => (i < 12 ? data[i + 12]! : x))],
    ["has lost its second half to float32", (data: Float64Array) => data.map(Math.fround)],
    ["holds NaN", (data: Float64Array) => data.with(5, NaN)],
  ])("whose P %s is stopped", async (_, change) => {
    const input = { ...cell(), learner: learning(change) };
    expect(await refusalOf(() => measureCell(input))).toMatchObject({
      code: "NOT_ORTHONORMAL",
      message: "the rows of a subspace are not orthonormal",
      where: "toy/value, layer 1, last, k = 3, base→base, P of base",
      expected: "P Pᵀ = I, up to rounding (each element within 1.1e-14)",
      found: like(/^(NaN|[\d.e-]+) off at row \d · row \d of 3$/),
    });
  });
});
