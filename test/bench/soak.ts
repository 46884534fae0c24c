/**
 * @file Memory over many cells in one process: its own resident memory after every round of ten cells, and its slope once
 * the allocators have seen every size. The cells are small, so that whatever is not given back shows.
 *
 * The process is one of its own, with collections before each look, and with an allocator that hands freed memory back at
 * once and has one arena: otherwise what is free but kept moves by more than the bound.
 */
import { fork } from "node:child_process";
import { fileURLToPath } from "node:url";
import { HostError } from "../../src/errors.js";
import type { BenchOptions } from "./options.js";
import type { Report } from "./report.js";
import { slopeOf } from "./slope.js";
import type { SoakSample } from "./soak-run.js";
import { digits } from "./spread.js";

/** Cells that are looked at, after those that let the allocators settle. */
const CELLS = 200;
const SETTLED = 80;
/** Rounds of which the median is one point: single rounds jump by what a collection happened to leave. */
const MEDIAN_OF = 3;
/** Memory that 100 cells may add, in MB: a thousand cells then add less than one more session of a 135M model. */
export const FLAT_MB = 5;

/** Of glibc; other allocators do not read them. */
const ALLOCATOR = { MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: "0", MALLOC_TOP_PAD_: "0" };

/** Runs the cells; the bench has no rounds of its own. */
export async function benchSoak({ threads }: BenchOptions): Promise<Report> {
  const seen = (await runSoak(threads, SETTLED + CELLS)).map(({ cells, bytes }) => ({
    cells,
    ownMb: bytes / 1e6,
  }));
  const points = medians(seen.filter(({ cells }) => cells > SETTLED));
  const { slope, error } = slopeOf(points);
  const [per100, error100] = [100 * slope, 100 * error];
  const verdict = judge(per100, error100);
  return {
    title: `soak: ${CELLS} cells in one process after ${SETTLED} others, ${threads} threads`,
    rows: [
      ...seen.map(({ cells, ownMb }): [string, string] => [
        `own memory after ${cells} cells, MB`,
        ownMb.toFixed(1),
      ]),
      ["MB per 100 cells (± standard error)", `${digits(per100)} ± ${digits(error100)}`],
      [`flat: less than ${FLAT_MB} MB per 100 cells`, verdict],
    ],
    json: { seen, mbPer100Cells: per100, standardError: error100, flat: verdict },
  };
}

async function runSoak(threads: number, cells: number): Promise<SoakSample[]> {
  const script = fileURLToPath(new URL("./soak-run.js", import.meta.url));
  const child = fork(script, [String(threads), String(cells)], {
    execArgv: ["--expose-gc"],
    env: { ...process.env, ...ALLOCATOR },
  });
  const samples: SoakSample[] = [];
  child.on("message", (sample) => {
    samples.push(sample as SoakSample); // soak-run.ts sends nothing else
  });
  const code = await new Promise<number | null>((done) => child.on("exit", done));
  if (code === 0) return samples;
  throw new HostError("the soak ended early", { code: "SOAK", found: `exit code ${String(code)}` });
}

/** Medians of consecutive rounds, at the middle of their cells. */
function medians(
  seen: readonly { readonly cells: number; readonly ownMb: number }[],
): (readonly [number, number])[] {
  const groups = Array.from({ length: Math.floor(seen.length / MEDIAN_OF) }, (_, i) =>
    seen.slice(i * MEDIAN_OF, (i + 1) * MEDIAN_OF),
  );
  const middle = (values: readonly number[]): number =>
    [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? NaN;
  return groups.map((group) => [
    middle(group.map(({ cells }) => cells)),
    middle(group.map(({ ownMb }) => ownMb)),
  ]);
}

/** Two standard errors on either side must agree. */
function judge(slope: number, error: number): string {
  if (slope + 2 * error < FLAT_MB) return "yes";
  return slope - 2 * error > FLAT_MB ? "NO" : "not resolved: look at the figures above";
}
