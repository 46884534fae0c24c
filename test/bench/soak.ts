/**
 * @file Memory over many cells in one process: resident memory after every 20 cells, and its slope once everything has
 * been run twice. The cells are small, so that whatever is not given back shows.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import type { BenchOptions } from "./options.js";
import type { Report } from "./report.js";
import { slopeOf } from "./slope.js";
import { openSoak } from "./soak-subject.js";
import { digits } from "./spread.js";

const CELLS = 200;
/** Cells between two looks. */
const EVERY = 20;
/** Cells after which the allocators have seen every size. */
const SETTLED = 40;
/** Memory that 100 cells may add, in MB: a thousand cells then add less than one more session of a 135M model. */
export const FLAT_MB = 5;

/** Runs the cells; the bench has no rounds of its own. */
export async function benchSoak({ threads }: BenchOptions): Promise<Report> {
  setFlagsFromString("--expose-gc");
  const collect = runInNewContext("gc") as () => void; // there under the flag
  const subject = await openSoak(threads);
  const seen: { readonly cells: number; readonly residentMb: number }[] = [];
  for (let round = 0; round * subject.cells < CELLS; round++) {
    await subject.run(round);
    const cells = (round + 1) * subject.cells;
    if (cells % EVERY !== 0) continue;
    collect();
    seen.push({ cells, residentMb: process.memoryUsage.rss() / 1e6 });
  }
  const settled = seen.filter(({ cells }) => cells > SETTLED);
  const { slope, error } = slopeOf(settled.map(({ cells, residentMb }) => [cells, residentMb]));
  const [per100, error100] = [100 * slope, 100 * error];
  const verdict = judge(per100, error100);
  return {
    title: `soak: ${CELLS} cells in one process, ${threads} threads`,
    rows: [
      ...seen.map(({ cells, residentMb }): [string, string] => [
        `resident after ${cells} cells, MB`,
        residentMb.toFixed(1),
      ]),
      ["MB per 100 cells (± standard error)", `${digits(per100)} ± ${digits(error100)}`],
      [`flat: less than ${FLAT_MB} MB per 100 cells`, verdict],
    ],
    json: { seen, mbPer100Cells: per100, standardError: error100, flat: verdict },
  };
}

/** Two standard errors on either side must agree. */
function judge(slope: number, error: number): string {
  if (slope + 2 * error < FLAT_MB) return "yes";
  return slope - 2 * error > FLAT_MB ? "NO" : "not resolved: look at the figures above";
}
