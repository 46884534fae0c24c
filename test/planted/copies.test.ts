/** @file Copies that are made without training are what they claim: the same function, or none. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { buildWhole } from "../../src/models/capture-graph.js";
import { loadModel } from "../../src/models/load.js";
import { runWhole } from "../../src/models/whole-run.js";
import { createSession } from "../../src/runtime/session.js";
import { SCALE, writeCopy, type CopyName } from "../support/planted-copies.js";
import { PLANTED } from "../support/planted-run.js";
import { temporaryFolder } from "../support/tiny-models.js";

const scratch = temporaryFolder();
const BASE = join(PLANTED, "seed-0", "base");
/** Tokens of the planted vocabulary; which does not matter. */
const PROMPT = [1, 20, 150, 90, 152, 30, 9];
/** Four blocks of sums of about 56 float32 products of size 1 to 10: some hundred roundings of 2^-24, times the size. */
const ROUNDING = 1e-4;

interface States {
  /** `[site][token × dModel]` */
  readonly residuals: readonly Float32Array[];
  readonly logits: Float32Array;
}

async function statesOf(folder: string): Promise<States> {
  const located = await loadModel(folder, { adapters: ADAPTERS });
  const session = await createSession(buildWhole(located), { threads: 1 });
  try {
    return (await runWhole(session, located, [PROMPT]))[0]!;
  } finally {
    await session.release();
  }
}

function made(name: CopyName, seed = 0): string {
  const out = join(scratch, `${name}-${seed}`);
  writeCopy(name, BASE, { out, seed });
  return out;
}

function largestDifference(a: Float32Array, b: ArrayLike<number>): number {
  return Math.max(...a.map((x, i) => Math.abs(x - b[i]!)));
}

/** Squared length of each state. */
function lengths(rows: Float32Array): number[] {
  const width = rows.length / PROMPT.length;
  return PROMPT.map((_, r) =>
    rows.slice(r * width, (r + 1) * width).reduce((sum, x) => sum + x * x, 0),
  );
}

describe("copies of a planted base", async () => {
  const base = await statesOf(BASE);
  const largest = Math.max(...base.logits.map(Math.abs));

  it.each(["identical", "rotated", "scaled"] as const)("%s: the same logits", async (name) => {
    const { logits } = await statesOf(made(name));
    expect(largestDifference(logits, base.logits)).toBeLessThan(ROUNDING * largest);
  });

  it("untrained: other logits", async () => {
    const { logits } = await statesOf(made("untrained"));
    expect(largestDifference(logits, base.logits)).toBeGreaterThan(0.1 * largest);
  });

  it("rotated: states of the same length that point elsewhere", async () => {
    const { residuals } = await statesOf(made("rotated"));
    residuals.forEach((rows, site) => {
      const own = lengths(base.residuals[site]!);
      lengths(rows).forEach((length, r) => {
        expect(Math.abs(length / own[r]! - 1)).toBeLessThan(ROUNDING);
      });
      expect(largestDifference(rows, base.residuals[site]!)).toBeGreaterThan(0.1);
    });
  });

  it("scaled: every state is four times the base's", async () => {
    const { residuals } = await statesOf(made("scaled"));
    residuals.forEach((rows, site) => {
      const own = base.residuals[site]!;
      const size = Math.max(...own.map(Math.abs));
      expect(
        largestDifference(
          rows,
          own.map((x) => SCALE * x),
        ),
      ).toBeLessThan(ROUNDING * SCALE * size);
    });
  });

  it("the same seed gives the same bytes, another seed others", () => {
    const bytes = (folder: string): string =>
      readFileSync(join(folder, "model.safetensors")).toString("base64");
    const first = bytes(made("rotated", 1));
    expect(bytes(made("rotated", 1))).toBe(first);
    expect(bytes(made("rotated", 2))).not.toBe(first);
  });
});
