/** @file `--learner tfjs` on the demonstration pair: what it learns, what it records, and what it refuses. */
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { chooseLearner } from "../../src/cli/choose-learner.js";
import { recordedOptions } from "../../src/cli/recorded-options.js";
import { readReproduceOptions } from "../../src/cli/read-options.js";
import { TEXT_AUDITS } from "../../src/library/built-in.js";
import type { CellMeasures } from "../../src/measure/measures.js";
import type { Result } from "../../src/report/schema.js";
import { openStore } from "../../src/store/cell-store.js";
import { countHits } from "../../src/stats/hits.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { GOOD, plantCell } from "../verdict/planted.js";
import { auditDemo, mas } from "./demo-audit.js";
import { plantedArchive } from "./planted-archive.js";
import type { CellArchive } from "../../src/measure/run.js";

const folder = temporaryFolder();
const SLOW_MS = 120_000;
/** Of a cell on real graphs: log-probabilities of size 10 are float32, and what they say of the start is the same. */
const NATS = 1e-5;

describe("an audit with --learner tfjs", () => {
  let [byMas, byTfjs]: Result[] = [];
  beforeAll(async () => {
    byMas = await auditDemo(folder, "--controls", "core", "--learner", "mas");
    byTfjs = await auditDemo(folder, "--controls", "core", "--learner", "tfjs");
  }, SLOW_MS);

  it("comes to the same words and the same outcome of every trial", () => {
    expect(byTfjs!.verdict).toBe(byMas!.verdict);
    expect(byTfjs!.variables.map(({ verdict }) => verdict)).toEqual(
      byMas!.variables.map(({ verdict }) => verdict),
    );
    const outcomes = ({ cells }: Result): unknown =>
      cells.map(({ trials }) => trials.map(({ iia, permuted }) => ({ iia, permuted })));
    expect(outcomes(byTfjs!)).toEqual(outcomes(byMas!));
    const hits = byMas!.cells.flatMap(({ trials }) => Object.values(trials[0]!.iia));
    expect(hits.map((each) => countHits(each).n)).toEqual([60, 60, 60, 60]); // something was compared
  });

  it("learns to the same validation loss, by rounding another number", () => {
    const losses = ({ cells }: Result): readonly number[] =>
      cells.flatMap(({ learning }) => learning?.validationLossNats ?? []);
    const [found, expected] = [losses(byTfjs!), losses(byMas!)];
    expect(found).toHaveLength(2);
    expect(found[1]).toBeLessThan(found[0]!);
    found.forEach((x, i) => {
      expect(Math.abs(x - expected[i]!)).toBeLessThan(NATS);
    });
    expect(found).not.toEqual(expected); // else the other learner was at work
  });

  it("records what learned, and only there", () => {
    expect(byTfjs!.manifest.options).toMatchObject({ learner: "tfjs" });
    expect(byTfjs!.manifest.versions.tensorflow).toBe("4.22.0 (@tensorflow/tfjs-backend-cpu)");
    expect(byMas!.manifest.options).not.toHaveProperty("learner");
    expect(byMas!.manifest.versions).not.toHaveProperty("tensorflow");
  });

  it("is reproduced by the learner that it had", () => {
    const options = readReproduceOptions("result.json", {});
    expect(recordedOptions(byTfjs!, options, "result.json")).toMatchObject({ learner: "tfjs" });
    expect(recordedOptions(byMas!, options, "result.json")).not.toHaveProperty("learner");
  });
});

it("what computes is said in one line", async () => {
  const { description, learner } = await chooseLearner({ learner: "tfjs", audits: [] }, []);
  expect(learner?.name).toBe("tfjs");
  expect(description).toMatch(
    /^TensorFlow\.js 4\.22\.0 by @tensorflow\/tfjs-backend-cpu \(no @tensorflow\/tfjs-node-gpu: not installed; /,
  );
  expect(await chooseLearner({ audits: [] }, [])).toEqual({});
});

it.each([["audit"], ["plan"]])(
  "%s refuses whole-behaviour audits beside it, before it looks at the models",
  async (command) => {
    const args = ["nowhere/base", "nowhere/tuned", "--learner", "tfjs", "--audit", TEXT_AUDITS[0]!.id]; // prettier-ignore
    const { exitCode, stderr } = await mas(...(command === "plan" ? [command] : []), ...args);
    expect(exitCode).toBe(2);
    expect(stderr).toContain("LEARNER_HAS_NO_FORM");
    expect(stderr).toContain(TEXT_AUDITS[0]!.id);
  },
);

it("cells of one learner are not those of another, or of another package", () => {
  const store = openStore(join(folder, "cells.partial"));
  const archive = (learner?: string): CellArchive => plantedArchive(store, {}, learner);
  const find = (learner?: string): CellMeasures | undefined =>
    archive(learner).find(plantCell(GOOD).cell);
  try {
    const measures = plantCell(GOOD);
    archive("4.22.0 (a)").keep(measures.cell, { measures, tensors: {} });
    expect(find("4.22.0 (a)")).toEqual(measures);
    expect(find("4.22.0 (b)")).toBeUndefined();
    expect(find()).toBeUndefined();
  } finally {
    store.discard();
  }
});
