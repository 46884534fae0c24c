/** @file The claims that `npm run numbers` looks at: they name networks and flags that exist, and count as they say. */
import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { AlignOptions } from "../../../src/cli/commands.js";
import type { Alignment } from "../../../src/report/schema-alignment.js";
import { foundOf, hitsOf, NUMBER_CLAIMS, type Claim } from "../../support/number-claims.js";
import { run } from "../../cli/run.js";

const runsOf = NUMBER_CLAIMS.flatMap(({ id, runs }) =>
  Object.entries(runs).map(([name, each]) => ({ id, name, ...each })),
);

describe("the claims about number tasks", () => {
  it.each(runsOf)("$id, $name: is a command that is understood", async ({ networks, flags }) => {
    const folders = networks.map((name) => `fixtures/networks/${name}`);
    expect(folders.filter((folder) => !existsSync(`${folder}/network.json`))).toEqual([]);
    let read: AlignOptions | undefined;
    const { exitCode } = await run(["align", ...folders, ...(flags ?? [])], {
      align: (options) => {
        read = options;
        return Promise.resolve(0);
      },
    });
    expect(exitCode).toBe(0);
    expect(read?.networks).toEqual(folders);
  });

  it("show figures of runs that exist, under labels of their own", () => {
    for (const { runs, figures, judged = [], likened = [] } of NUMBER_CLAIMS) {
      const named = [...figures.map((figure) => figure.run), ...judged, ...likened];
      expect(named.filter((name) => !Object.hasOwn(runs, name))).toEqual([]);
      expect(new Set(figures.map(({ label }) => label)).size).toBe(figures.length);
    }
  });

  it("pool the directions of a figure, seed by seed", () => {
    const direction = (source: string, target: string, value: number) => ({
      ...{ source, target, iia: { kind: "value", value, n: 100, low: 0, high: 1 } },
    });
    const alignment = {
      runs: [
        {
          directions: [direction("a", "b", 0.9), direction("b", "a", 0.7), direction("a", "a", 1)],
        },
        {
          directions: [direction("a", "b", 0.5), direction("b", "a", 0.3), direction("a", "a", 1)],
        },
      ],
    } as unknown as Alignment; // what the functions read of one
    const figure = { label: "x", run: "r", of: (s: string, t: string) => s !== t };
    expect(hitsOf(figure, { r: alignment })).toEqual([
      { hits: 160, n: 200 },
      { hits: 80, n: 200 },
    ]);
    const claim = { figures: [figure] } as unknown as Claim;
    expect(foundOf(claim, { r: alignment }).accuracy("x")).toBeCloseTo(0.6);
  });
});
