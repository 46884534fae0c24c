/**
 * @file Each planted pair of the first seed, audited by the whole tool: every variable is called as planted, and at the
 * right layers. Few layers and steps here; `npm run planted -- --seeds 5` looks at all.
 */
import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { auditPlant, FEW, PLANTED } from "../support/planted-run.js";
import { compareWithTruth, readTruth } from "../support/planted-truth.js";

const MAIN = resolve("dist/src/main.js");
const truth = readTruth(join(PLANTED, "truth.json"));

describe("a planted pair", () => {
  it("is audited by the built program", () => {
    expect(existsSync(MAIN), "run `npm run build` first").toBe(true);
  });

  it.each(Object.entries(truth))(
    "%s: every variable is called as planted",
    async (_, plant) => {
      const layers = plant.testLayers;
      const result = await auditPlant({ main: MAIN, plant, seed: 0, layers, args: FEW });
      const wrong = compareWithTruth(result, { plant, layers }).filter(
        ({ mistakes }) => mistakes.length > 0,
      );
      expect(wrong).toEqual([]);
    },
    240_000,
  );
});
