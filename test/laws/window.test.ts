/**
 * @file Running only the tokens that change is exact: loss, answers and gradient of the windowed suffix are those of the
 * whole prompt, for every attention form of the samples, at every kind of site and position.
 */
import { readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import type { Backward } from "../../src/align/continuation.js";
import { capture, type Capture } from "../../src/capture/capture.js";
import { suffixContinuation, SuffixSessions } from "../../src/measure/suffix-runner.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import type { PreparedAudit } from "../../src/models/prepared-items.js";
import { obstacleToWindow } from "../../src/models/window/choose-window.js";
import { stream } from "../../src/stats/stream.js";
import { promptsOf } from "../support/tiny-audit.js";
import { temporaryFolder } from "../support/tiny-models.js";

const folder = temporaryFolder();

/**
 * Share of the largest magnitude of the tensor, per block. Both ways sum the same products in another order: √n · 2⁻²⁴
 * with n about 10⁴ terms in a block gives 6e-6.
 */
const SAME_PER_BLOCK = 6e-6;

const SESSION = { threads: 1 } as const;
const LENGTHS = [4, 9, 6, 9, 3, 7, 1];
/** All prompts in one run, everywhere: some rotary embeddings depend on the longest prompt of a run. */
const ROWS = LENGTHS.length;
const { signal } = new AbortController();

/** Every folder under fixtures/ that holds a model. */
const SAMPLES = [
  ...samplesIn("fixtures/exports"),
  ...readdirSync("fixtures/checkpoints")
    .map((name) => join("fixtures/checkpoints", name))
    .filter((path) => isFolder(path) && readdirSync(path).includes("config.json")),
  "fixtures/demo/base",
];

function samplesIn(root: string): string[] {
  return readdirSync(root)
    .map((name) => join(root, name))
    .filter(isFolder)
    .flatMap((family) => readdirSync(family).map((name) => join(family, name)))
    .filter(isFolder);
}

function isFolder(path: string): boolean {
  return statSync(path).isDirectory();
}

/** Prompts of one token have no token 1. */
function promptsFor({ vocab }: LocatedModel): PreparedAudit {
  const audit = promptsOf(LENGTHS, vocab);
  const items = audit.items.map((item) => ({
    ...item,
    positions: { ...item.positions, early: Math.min(1, item.ids.length - 1) },
  }));
  return { ...audit, roles: ["last", "early", "first"], items };
}

describe.each(SAMPLES)("%s", (path) => {
  it("answers and differentiates alike on whole prompts and on windows", async () => {
    const located = await loadModel(path, { adapters: ADAPTERS });
    expect(obstacleToWindow(located, 0)).toBeUndefined();
    const prepared = promptsFor(located);
    const layers = [...new Set([0, 1, located.nLayers])];
    const captured = await capture({
      ...{ located, prepared, layers, folder, rows: ROWS, session: SESSION, signal },
      name: path.replaceAll("/", "-"),
      caches: true,
    });
    for (const layer of layers) {
      const [whole, windowed] = [
        await runAll(located, { prepared, layer, captured, window: false }),
        await runAll(located, { prepared, layer, captured, window: true }),
      ];
      whole.forEach((expected, role) => {
        const found = windowed[role]!;
        for (const name of ["lossNats", "classLogProb", "gradient"] as const)
          expect(deviation(found[name], expected[name]), `${name}, layer ${layer}`).toBeLessThan(
            SAME_PER_BLOCK * (located.nLayers + 1),
          );
      });
    }
    captured.close();
  });
});

/** Losses and gradients at every role, from states moved at random; three rows of each prompt, of which windows make one. */
async function runAll(
  located: LocatedModel,
  {
    prepared,
    layer,
    captured,
    window,
  }: { prepared: PreparedAudit; layer: number; captured: Capture; window: boolean },
): Promise<Backward[]> {
  const sessions = new SuffixSessions(located, { layer, window }, SESSION);
  const once = Int32Array.from(prepared.items.keys());
  const items = Int32Array.of(...once, ...once, ...once);
  const results: Backward[] = [];
  for (const role of prepared.roles) {
    const site = { sessions, capture: captured, prepared, role, rows: 3 * ROWS, signal };
    const random = stream(1, `${role}/${layer}`);
    const natural = captured.siteStates(layer, role);
    const states = Float32Array.of(...natural, ...natural, ...natural).map(
      (x) => x + 0.3 * (random.next() - 0.5),
    );
    results.push(
      await suffixContinuation(site).backward(
        items,
        states,
        items.map((_, row) => row % 2),
      ),
    );
  }
  await sessions.release();
  return results;
}

function deviation(found: Float32Array, expected: Float32Array): number {
  const largest = expected.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const worst = expected.reduce((most, x, i) => Math.max(most, Math.abs(x - found[i]!)), 0);
  return worst === 0 ? 0 : worst / largest;
}
