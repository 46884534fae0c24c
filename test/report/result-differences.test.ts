/** @file Two results side by side: every place that differs, and nothing that may. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { findDifferences, findOtherMakers } from "../../src/report/result-differences.js";
import type { Result } from "../../src/report/schema.js";
import { sampleResult } from "../support/sample-result.js";

const result: Result = sampleResult();

/** The result with another manifest. */
function withManifest(changes: Partial<Result["manifest"]>): Result {
  return { ...result, manifest: { ...result.manifest, ...changes } };
}

describe("two results", () => {
  it("that are one do not differ", () => {
    expect(findDifferences(result, structuredClone(result))).toEqual([]);
  });

  it("do not differ by times, paths and command", () => {
    const timing = { ...result.manifest.timing, elapsedMs: 1, command: ["x"] };
    expect(findDifferences(result, withManifest({ timing }))).toEqual([]);
  });

  it("differ at the place of any number that was changed, once", () => {
    fc.assert(
      fc.property(fc.nat({ max: result.cells.length - 1 }), (at) => {
        const changed = structuredClone(result) as unknown as {
          cells: { cell: { seed: number } }[];
        };
        changed.cells[at]!.cell.seed += 1;
        const [only, ...others] = findDifferences(result, changed as unknown as Result);
        expect(others).toEqual([]);
        expect(only?.path).toBe(`cells[${at}].cell.seed`);
      }),
    );
  });

  it("differ by what one of them lacks, in either direction", () => {
    const fewer = { ...result, cells: result.cells.slice(0, -1) };
    const path = `cells[${fewer.cells.length}]`;
    expect(findDifferences(result, fewer)).toMatchObject([{ path, is: "nothing" }]);
    expect(findDifferences(fewer, result)).toMatchObject([{ path, was: "nothing" }]);
  });

  it("differ by a digest of their manifests", () => {
    const inputs = result.manifest.inputs.map((file) => ({ ...file, sha256: "0".repeat(64) }));
    const paths = findDifferences(result, withManifest({ inputs })).map(({ path }) => path);
    expect(paths).toEqual(inputs.map((_, i) => `manifest.inputs[${i}].sha256`));
  });
});

it("programs and devices that differ are told apart from differences", () => {
  const versions = { ...result.manifest.versions, node: "99" };
  const other = withManifest({ versions, provider: "abacus" });
  expect(findDifferences(result, other)).toEqual([]);
  expect(findOtherMakers(result.manifest, other.manifest)).toEqual([
    { path: "node", was: result.manifest.versions.node, is: "99" },
    { path: "provider", was: result.manifest.provider, is: "abacus" },
  ]);
});
