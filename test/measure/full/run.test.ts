/** @file Whole contexts on the embedded models: from texts to cells. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ADAPTERS } from "../../../adapters/index.js";
import { fullBehaviour } from "../../../audits/full-behaviour.js";
import {
  closeTextExamination,
  examineTexts,
  type TextExamination,
} from "../../../src/measure/full/examination.js";
import { prepareTexts } from "../../../src/measure/full/prepared-texts.js";
import { measureContexts } from "../../../src/measure/full/run.js";
import type { CellMeasures } from "../../../src/measure/measures.js";
import { loadModel } from "../../../src/models/load.js";
import { loadTokenizer } from "../../../src/models/tokenizer.js";
import { stream } from "../../../src/stats/stream.js";
import { DEFAULT_POLICY } from "../../../src/verdict/policy.js";
import { judge } from "../../../src/verdict/run.js";

const ITEMS = 160;
const LAYER = 3;
const { signal } = new AbortController();
const session = { threads: 1 };
const demo = (name: string): string => resolve("fixtures/demo", name);

describe("whole contexts of the embedded pair base and rotated", () => {
  const folder = mkdtempSync(join(tmpdir(), "contexts-"));
  let examination: TextExamination;
  let cells: CellMeasures[];

  beforeAll(async () => {
    const models = {
      base: await loadModel(demo("base"), { adapters: ADAPTERS }),
      tuned: await loadModel(demo("rotated"), { adapters: ADAPTERS }),
    };
    const tokenizer = await loadTokenizer(demo("base"));
    const texts = fullBehaviour.texts(stream(0, "texts"), 3 * ITEMS);
    const prepared = prepareTexts(fullBehaviour, texts, { tokenizer, n: ITEMS });
    const shared = { models, layers: [LAYER], session, signal };
    examination = await examineTexts({
      ...{ ...shared, prepared, folder, rows: 64 },
      random: stream(0, "items"),
    });
    cells = await measureContexts({
      ...{ ...shared, examination, sessions: { base: session, tuned: session } },
      options: { k: "auto", pairs: 100, steps: 10, seed: 0, batch: 64 },
      archive: { find: () => undefined, keep: (_, { measures }) => measures },
      watch: { cell: () => undefined, done: () => undefined },
    });
  });

  afterAll(() => {
    closeTextExamination(examination);
    rmSync(folder, { recursive: true });
  });

  it("count the base as right everywhere and the rotated model with it", () => {
    const { items, natural, notMeasurable } = examination.measures;
    expect(notMeasurable).toBeUndefined();
    expect(items.baseRight).toBe(ITEMS);
    expect(natural.tuned.accuracy).toEqual({ hits: ITEMS, n: ITEMS });
  });

  it("swapped whole within a model say exactly what the source says", () => {
    const [cell] = cells;
    const left = cell!.divergence!.nats.fullSwap;
    // nats; the sums of a vocabulary of 1000 in float32
    expect(Math.abs(left["base→base"]!.value)).toBeLessThan(1e-5);
    expect(Math.abs(left["tuned→tuned"]!.value)).toBeLessThan(1e-5);
    expect(cell!.trials[0]!.fullSwap["base→base"]).not.toContain("0");
    expect(cell!.divergence!.floorNats.base.value).toBeGreaterThan(1);
  });

  it("transfer by half the width, which is what the verdict says", () => {
    expect(cells.map(({ cell }) => cell.k)).toEqual([48]);
    const removed = cells[0]!.divergence!.removedShare.iia;
    expect(removed["base→tuned"]!.value).toBeGreaterThan(0.9);
    expect(removed["tuned→base"]!.value).toBeGreaterThan(0.9);
    const { variables } = judge({ audits: [examination.measures], cells }, DEFAULT_POLICY);
    expect(variables.map(({ verdict }) => verdict)).toEqual(["transfers"]);
  });
});
