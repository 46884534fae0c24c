import fc from "fast-check";
import { describe, expect, it } from "vitest";

import { bytesText, decimalsOf, durationText, measureText, plainText } from "../../src/report/figure-text.js"; // prettier-ignore
import type { Measure } from "../../src/verdict/verdicts.js";

function share(value: number, interval: readonly [number, number]): Measure {
  return { kind: "value", value, unit: "share", n: 300, interval, method: "Wilson 95 %" };
}

describe("figures as text", () => {
  it("shows two significant digits of the half-width of the interval", () => {
    fc.assert(
      fc.property(fc.double({ min: 1e-6, max: 0.5, noNaN: true }), (half) => {
        const shown = half * 10 ** decimalsOf([0, 2 * half]);
        // 10 and 100 themselves may fall to either side by one rounding of log10
        expect(shown).toBeGreaterThan(9.999);
        expect(shown).toBeLessThan(100.001);
      }),
    );
  });

  it("writes value and interval to the same digit", () => {
    expect(measureText(share(0.9733, [0.9481, 0.9869]))).toBe("0.973 [0.948, 0.987]");
    expect(measureText(share(0.5, [0.3, 0.7]))).toBe("0.50 [0.30, 0.70]");
  });

  it("writes a real minus and never a negative zero", () => {
    expect(measureText(share(-0.00001, [-0.2, 0.2]))).toBe("0.00 [−0.20, 0.20]");
  });

  it("gives the reason where there is no number, and a dash where nothing was run", () => {
    expect(measureText({ kind: "undefined", reason: "no trials" })).toBe("undefined: no trials");
    expect(measureText(undefined)).toBe("—");
  });

  it("writes sizes, times and self-checks in units a person reads", () => {
    expect([0, 999, 538_123_456].map(bytesText)).toEqual(["0 B", "999 B", "538 MB"]);
    expect([3210, 125_000, 3_840_000].map(durationText)).toEqual(["3.2 s", "2 min 05 s", "1 h 04 min"]); // prettier-ignore
    expect([0, 3.14159e-6, 0.01, 12.34567].map(plainText)).toEqual(["0", "3.1e−6", "0.01", "12.35"]); // prettier-ignore
  });
});
