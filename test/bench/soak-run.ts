/**
 * @file The process of a soak: cells and nothing else, so that nothing else moves its memory. Sends what it holds after
 * each round; started by `soak.ts`, which sets the allocator up.
 */
import { readFileSync } from "node:fs";
import { openSoak } from "./soak-subject.js";

/** Memory after some cells. */
export interface SoakSample {
  readonly cells: number;
  /** Private memory that is resident, in bytes; all that is resident where the system does not tell them apart. */
  readonly bytes: number;
}

/** Collections until nothing more is freed: finalisers free native memory a turn later. */
const COLLECTIONS = 5;

/** Resident memory that is the process's own: mapped weights come and go with the page cache. */
function ownBytes(): number {
  try {
    const kilobytes = /^RssAnon:\s+(\d+) kB$/m.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
    if (kilobytes !== undefined) return 1024 * Number(kilobytes);
  } catch {
    // not Linux
  }
  return process.memoryUsage.rss();
}

async function settle(): Promise<void> {
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc?.();
    await new Promise((later) => setTimeout(later, 20));
  }
}

async function main(): Promise<void> {
  const [threads = 1, cells = 0] = process.argv.slice(2).map(Number);
  const subject = await openSoak(threads);
  for (let round = 0; round * subject.cells < cells; round++) {
    await subject.run(round);
    await settle();
    const sample: SoakSample = { cells: (round + 1) * subject.cells, bytes: ownBytes() };
    process.send?.(sample);
  }
  process.disconnect();
}

await main();
