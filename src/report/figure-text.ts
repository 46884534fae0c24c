/**
 * @file Numbers as readers see them: digits follow the interval, units are never left out, absent stays absent.
 */
import type { Count } from "../measure/measures.js";
import type { Measure } from "../verdict/verdicts.js";

/** Shown where nothing was run; tables explain it once. */
export const ABSENT = "—";

/** Decimals that show two significant digits of the half-width of an interval. */
export function decimalsOf([low, high]: readonly [number, number]): number {
  const half = (high - low) / 2;
  if (!(half > 0)) return 3; // an exact figure: no digit is uncertain
  return Math.max(0, 1 - Math.floor(Math.log10(half)));
}

/** `0.973 [0.948, 0.987]`; the reason where there is no number; {@link ABSENT} where nothing was run. */
export function measureText(measure: Measure | undefined): string {
  if (measure === undefined) return ABSENT;
  if (measure.kind === "undefined") return `undefined: ${measure.reason}`;
  return `${valueText(measure)} ${intervalText(measure)}`;
}

/** The value alone, to the digits of its interval. */
export function valueText(measure: Extract<Measure, { kind: "value" }>): string {
  return signed(measure.value, decimalsOf(measure.interval));
}

/** The interval alone: `[0.948, 0.987]`. */
export function intervalText({ interval }: Extract<Measure, { kind: "value" }>): string {
  const decimals = decimalsOf(interval);
  return `[${interval.map((end) => signed(end, decimals)).join(", ")}]`;
}

/** Rounds with a real minus sign, and never writes a negative zero. */
export function signed(value: number, decimals: number): string {
  const text = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(text) !== 0 ? `−${text}` : text;
}

/** A number of no known precision, to four significant digits: self-checks and bounds. */
export function plainText(value: number): string {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size < 1e-3 || size >= 1e5) return value.toExponential(1).replace("e-", "e−");
  return String(Number(value.toPrecision(4)));
}

/** `388 of 400`. */
export function countText({ hits, n }: Count): string {
  return `${hits} of ${n}`;
}

/** `1 item`, `2 items`. */
export function plural(count: number, noun: string, several = `${noun}s`): string {
  return `${count} ${count === 1 ? noun : several}`;
}

/** `95 %`, from a share. */
export function percentText(share: number): string {
  return `${Number((share * 100).toFixed(1))} %`;
}

/** `1.4 GB`, decimal units. */
export function bytesText(bytes: number): string {
  const units = ["B", "kB", "MB", "GB", "TB"] as const;
  const step = bytes < 1 ? 0 : Math.min(4, Math.floor(Math.log10(bytes) / 3));
  return `${Number((bytes / 1000 ** step).toPrecision(3))} ${units[step] ?? "TB"}`;
}

/** `1 h 04 min`, `2 min 05 s`, `3.2 s`. */
export function durationText(ms: number): string {
  const seconds = ms / 1000;
  if (seconds < 60) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  const padded = (value: number): string => String(value).padStart(2, "0");
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${padded(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${padded(Math.floor((whole % 3600) / 60))} min`;
}

/** `a, b and c`. */
export function listText(parts: readonly string[]): string {
  if (parts.length < 2) return parts.join("");
  return `${parts.slice(0, -1).join(", ")} and ${parts.slice(-1).join("")}`;
}

/** Begins with a capital and ends with a full stop. */
export function sentence(text: string): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return ended.charAt(0).toUpperCase() + ended.slice(1);
}
