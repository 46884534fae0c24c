/**
 * @file How figures read inside a reason: short, always with the interval, never rounded across a threshold in secret.
 */
import type { Measure } from "./verdicts.js";

/** Writes a share or ratio with two decimals and no leading zero: .97, 1.02, −.10. */
export function writeNumber(value: number): string {
  const text = Math.abs(value).toFixed(2);
  const short = text.startsWith("0.") ? text.slice(1) : text;
  return value < 0 && short !== ".00" ? `−${short}` : short;
}

/** Writes an interval: [.94, .98]. */
export function writeInterval([low, high]: readonly [number, number]): string {
  return `[${writeNumber(low)}, ${writeNumber(high)}]`;
}

/** Writes a measure: `.97 [.94, .98]`, or why there is none. */
export function writeMeasure(measure: Measure | undefined): string {
  if (measure === undefined) return "not run";
  if (measure.kind === "undefined") return `undefined (${measure.reason})`;
  return `${writeNumber(measure.value)} ${writeInterval(measure.interval)}`;
}

/** Writes a p-value: `p = .012`, `p < .001`. */
export function writeP(p: number): string {
  if (p < 0.001) return "p < .001";
  return `p = ${p.toFixed(3).replace(/^0/u, "")}`;
}

/** Writes a list as prose: `a`, `a and b`, `a, b and c`. */
export function writeList(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts.slice(-1).join("")}`;
}

/** Writes a confidence as a percentage: `95 %`. */
export function writeConfidence(confidence: number): string {
  return `${Number((confidence * 100).toFixed(3))} %`;
}
