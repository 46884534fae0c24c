/** @file The self-check of windowed suffixes passes on what a capture holds, and notices keys of other prompts. */
import { expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import { capture, type Capture } from "../../src/capture/capture.js";
import { windowError } from "../../src/measure/window-check.js";
import { loadModel } from "../../src/models/load.js";
import { boundsOf } from "../../src/models/preflight-bounds.js";
import { promptsOf } from "../support/tiny-audit.js";
import { temporaryFolder } from "../support/tiny-models.js";

const folder = temporaryFolder();

it("the check of the windows passes on captured keys, and fails on those of another prompt", async () => {
  const located = await loadModel("fixtures/exports/llama/optimum-past", { adapters: ADAPTERS });
  const prepared = promptsOf([7, 7, 7, 7], located.vocab);
  const [session, { signal }] = [{ threads: 1 }, new AbortController()];
  const captured = await capture({
    ...{
      located,
      prepared,
      layers: [1],
      caches: true,
      folder,
      name: "w",
      rows: 4,
      session,
      signal,
    },
  });
  const error = (own: Capture): Promise<number> =>
    windowError({
      ...{ located, layer: 1, rows: 4, session, signal },
      audits: [{ prepared, capture: own }],
    });
  const { variation } = boundsOf(located);
  expect(await error(captured)).toBeLessThan(variation);

  const caches = captured.caches!;
  const swapped: Capture = {
    ...captured,
    caches: Object.assign(Object.create(caches) as typeof caches, {
      stored: (items: readonly number[], past: readonly number[], count: number) =>
        caches.stored(
          items.map((item) => (item + 1) % 4),
          past,
          count,
        ),
    }),
  };
  expect(await error(swapped)).toBeGreaterThan(10 * variation);
  captured.close();
});
