/** @file The two laws that every decomposition keeps, for all configurations of its operator. */
import fc from "fast-check";
import { expect, it } from "vitest";
import {
  checkFusedGradient,
  deviationFromKernel,
  type FusedSpec,
} from "../../../support/fused-case.js";
import { AGREES, DIFFERENCE } from "./bounds.js";

/** Tests the primitives against the runtime's kernel, where elements count, and against central differences. */
export function itKeepsTheLaws<Config>(
  configs: fc.Arbitrary<Config>,
  specOf: (config: Config) => FusedSpec,
): void {
  it("computes what the kernel computes, for any configuration", async () => {
    await fc.assert(
      fc.asyncProperty(configs, async (config) => {
        expect(await deviationFromKernel(specOf(config))).toBeLessThanOrEqual(AGREES);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("has the gradient that central differences show", async () => {
    await fc.assert(
      fc.asyncProperty(configs, async (config) => {
        const check = await checkFusedGradient(specOf(config), DIFFERENCE);
        expect(check.verdict, JSON.stringify(check)).toBe("agrees");
      }),
      { numRuns: 15, seed: 2 },
    );
  });
}
