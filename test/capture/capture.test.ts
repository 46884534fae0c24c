import fc from "fast-check";
import { statSync, symlinkSync } from "node:fs";
import { join, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import {
  answerFeeds,
  answerMass,
  answerTokens,
  classLogProb,
} from "../../src/capture/answer-table.js";
import { batchByLength } from "../../src/capture/batches.js";
import { capture, captureAll, type TimedRun } from "../../src/capture/capture.js";
import { distinctPrompts } from "../../src/capture/distinct-prompts.js";
import { StateFile } from "../../src/capture/state-file.js";
import { suffixContinuation, SuffixSessions } from "../../src/measure/suffix-runner.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import type { PreparedAudit } from "../../src/models/prepared-items.js";
import { readStored } from "../../src/runtime/stored-feeds.js";
import { float32Data } from "../../src/runtime/tensor.js";
import { promptsOf } from "../support/tiny-audit.js";
import { temporaryFolder } from "../support/tiny-models.js";

const folder = temporaryFolder();
/** Two float32 evaluations of a 3-block model of width 64: 2⁻²⁴ · √(64 · 50) ≈ 3e-6 of logits up to 10; times ten. */
const SAME_LOG_PROB = 3e-4;

describe("a capture", () => {
  it("continued from a state put in its own place gives the natural answers, whatever the batch", async () => {
    const located = await loadModel(resolve("fixtures/exports/llama/optimum-past"), {
      adapters: ADAPTERS,
    });
    const prepared = promptsOf([4, 9, 6, 9, 3, 7]);
    const signal = new AbortController().signal;
    const session = { threads: 1 };
    const items = Int32Array.from(prepared.items.keys());
    const found: number[][] = [];
    for (const rows of [1, 4, 64]) {
      const captured = await capture({
        located,
        prepared,
        layers: [0, 2],
        folder,
        name: `rows-${rows}`,
        rows,
        session,
        signal,
        caches: false,
      });
      for (const layer of [0, 2]) {
        const sessions = new SuffixSessions(located, { layer, window: false }, session);
        for (const role of prepared.roles) {
          const continuation = suffixContinuation({
            sessions,
            capture: captured,
            prepared,
            role,
            rows,
            signal,
          });
          const states = captured.siteStates(layer, role);
          const logProb = await continuation.classLogProb(items, states);
          const { classLogProb: again, lossNats } = await continuation.backward(
            items,
            states,
            items.map(() => 1),
          );
          items.forEach((item) => {
            const row = logProb.subarray(2 * item, 2 * item + 2);
            expect(row[0]! > row[1]! ? 0 : 1).toBe(captured.natural.chosen[item]);
            expect(Math.abs(-row[1]! - lossNats[item]!)).toBeLessThan(SAME_LOG_PROB);
            expect(Math.abs(again[2 * item]! - row[0]!)).toBeLessThan(SAME_LOG_PROB);
          });
          found.push([...logProb]);
        }
        await sessions.release();
      }
      captured.close();
    }
    for (const logProb of found) {
      logProb.forEach((each, i) => {
        expect(Math.abs(each - found[0]![i]!)).toBeLessThan(SAME_LOG_PROB);
      });
    }
  });
});

describe("a capture of several audits", () => {
  const setting = {
    layers: [1, 3],
    caches: true,
    folder,
    rows: 4,
    session: { threads: 1 },
    signal: new AbortController().signal,
  };
  const locate = (): Promise<LocatedModel> =>
    loadModel(resolve("fixtures/exports/llama/optimum-past"), { adapters: ADAPTERS });
  const first = promptsOf([4, 9, 6, 3]);
  /** Two prompts of the first audit in another order, one of its own; other answers. */
  const second: PreparedAudit = {
    ...first,
    audit: { ...first.audit, id: "second" },
    answerTokens: [[11], [6, 12]],
    items: [first.items[3]!, { ...first.items[0]!, ids: [8, 9, 10, 11, 12] }, first.items[1]!],
  };

  it("runs every prompt once, and each sees its own answers, states and keys", async () => {
    const located = await locate();
    const both = await captureAll({ ...setting, located, name: "both" }, [first, second]);
    const tokens = [4, 9, 6, 3, 5].reduce((sum, length) => sum + length);
    expect(statSync(join(folder, "both-1.f32")).size).toBe(4 * tokens * located.dModel);
    for (const [a, prepared] of [first, second].entries()) {
      const name = `alone-${a}`;
      const alone = await capture({ ...setting, located, name, prepared });
      const shared = both[a]!;
      expect([...shared.natural.chosen]).toEqual([...alone.natural.chosen]);
      expectClose(shared.natural.logProb, alone.natural.logProb);
      expectClose(shared.natural.mass, alone.natural.mass);
      expectClose(shared.natural.largestLogit, alone.natural.largestLogit);
      for (const layer of setting.layers)
        expectClose(shared.siteStates(layer, "early"), alone.siteStates(layer, "early"));
      for (const [item, { ids }] of prepared.items.entries()) {
        const [found, expected] = [shared, alone].map(({ caches }) =>
          readStored(
            caches!.stored([item], [ids.length - 1], 2),
            (length) => new Float32Array(length),
          ),
        );
        for (const name of ["cache_0", "cache_1"])
          expectClose(float32Data(found!, name), float32Data(expected!, name));
      }
      alone.close();
      shared.close(); // the other one still reads
    }
    expect(() => both[1]!.siteStates(1, "early")).toThrow(/EBADF/);
  });

  it("tells of every run, its prompts and its time", async () => {
    const located = await locate();
    const runs: TimedRun[] = [];
    const name = "told";
    const captured = await captureAll(
      { ...setting, located, name, rows: 2, onRun: (run) => runs.push(run) },
      [first, second],
    );
    captured.forEach((each) => {
      each.close();
    });
    expect(runs.map(({ lengths }) => lengths)).toEqual([[3, 4], [5, 6], [9]]);
    expect(runs.every(({ seconds }) => seconds > 0)).toBe(true);
  });

  it("ends with the disk's refusal, whichever file it concerns", async () => {
    const located = await locate();
    for (const file of ["full-1.f32", "full-caches.f32"]) {
      const name = `full-${file}`;
      symlinkSync("/dev/full", join(folder, `${name}${file.slice("full".length)}`));
      await expect(capture({ ...setting, located, name, prepared: first })).rejects.toThrow(
        expect.objectContaining({ code: "DISK_FULL" }) as Error,
      );
    }
  });

  it("refuses a folder that cannot be made", async () => {
    const located = await locate();
    const refused = capture({
      ...setting,
      ...{ located, prepared: first, name: "none", folder: "/dev/null/captures" },
    });
    await expect(refused).rejects.toThrow(
      expect.objectContaining({ code: "OUTPUT_NOT_WRITABLE" }) as Error,
    );
  });

  /** Another batch, another padding: float32 sums of the same terms. */
  function expectClose(found: ArrayLike<number>, expected: ArrayLike<number>): void {
    expect(found.length).toBe(expected.length);
    const worst = Array.from(found).reduce(
      (most, x, i) => Math.max(most, Math.abs(x - expected[i]!)),
      0,
    );
    expect(worst).toBeLessThan(SAME_LOG_PROB);
  }
});

describe("distinctPrompts", () => {
  it("gives every item a prompt of its own ids, and no ids twice", () => {
    const ids = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 1, maxLength: 3 });
    fc.assert(
      fc.property(fc.array(fc.array(ids)), (audits) => {
        const prepared = audits.map((rows, a) => {
          const tiny = promptsOf(rows.map((row) => row.length));
          return {
            audit: { ...tiny.audit, id: String(a) },
            items: tiny.items.map((item, i) => ({ ...item, ids: rows[i]! })),
          };
        });
        const found = distinctPrompts(prepared);
        expect(new Set(found.ids.map(String)).size).toBe(found.ids.length);
        const again = found.promptOf.map((items) => items.map((prompt) => found.ids[prompt]));
        expect(again).toEqual(audits);
        found.ids.forEach((prompt, i) => {
          const owner = audits.findIndex((rows) =>
            rows.some((row) => String(row) === String(prompt)),
          );
          expect(found.audit[i]).toBe(String(owner));
        });
      }),
    );
  });
});

describe("StateFile", () => {
  it("gives back every token of every item", () => {
    const lengths = [3, 1, 4];
    const file = new StateFile(`${folder}/states.f32`, lengths, 2);
    const item = (i: number): Float32Array =>
      Float32Array.from({ length: lengths[i]! * 2 }, (_, k) => 100 * i + k);
    for (const i of [2, 0, 1]) file.write(i, item(i));
    const into = new Float32Array(10).fill(-1);
    file.read(2, into, 1);
    expect([...into]).toEqual([-1, ...item(2), -1]);
    file.readToken(0, { token: 2, into, at: 4 });
    expect([...into.subarray(4, 6)]).toEqual([4, 5]);
    expect(() => {
      file.readToken(1, { token: 1, into, at: 0 });
    }).toThrow(/token 1 of item 1/);
    file.close();
  });
});

describe("batchByLength", () => {
  it("holds every row once, no batch above its limit, lengths ascending", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 });
    fc.assert(
      fc.property(lengths, fc.integer({ min: 1, max: 9 }), (each, rows) => {
        const batches = batchByLength(each, { rows });
        expect(batches.flat().sort((a, b) => a - b)).toEqual([...each.keys()]);
        expect(batches.every((batch) => batch.length <= rows)).toBe(true);
        const sorted = batches.flat().map((row) => each[row]!);
        expect(sorted).toEqual([...sorted].sort((a, b) => a - b));
      }),
    );
  });

  it("pads no batch beyond its tokens, unless one row alone is longer, and starts no batch early", () => {
    const lengths = fc.array(fc.integer({ min: 1, max: 30 }), { maxLength: 60 });
    const limit = fc.record({
      rows: fc.integer({ min: 1, max: 9 }),
      tokens: fc.integer({ min: 1, max: 90 }),
    });
    fc.assert(
      fc.property(lengths, limit, (each, { rows, tokens }) => {
        const batches = batchByLength(each, { rows, tokens });
        const padded = (batch: readonly number[]): number =>
          batch.length * Math.max(...batch.map((row) => each[row]!));
        expect(batches.every((batch) => batch.length === 1 || padded(batch) <= tokens)).toBe(true);
        expect(batches.flat()).toEqual(batchByLength(each, { rows: 1 }).flat());
        batches.slice(1).forEach(([next], i) => {
          const grown = [...batches[i]!, next!];
          expect(grown.length > rows || padded(grown) > tokens).toBe(true);
        });
      }),
    );
  });
});

describe("answer classes", () => {
  const tokens = answerTokens([[5, 6], [7]]);

  it("are probabilities within the answer set: a hand-worked case", () => {
    // e^ln2 + e^0 = 3 against e^ln5 = 5: 3/8 and 5/8
    const [a, b] = classLogProb([Math.log(2), 0, Math.log(5)], tokens);
    expect(Math.exp(a!)).toBeCloseTo(3 / 8, 14);
    expect(Math.exp(b!)).toBeCloseTo(5 / 8, 14);
    expect(answerMass([Math.log(2), 0, Math.log(5)], Math.log(16))).toBeCloseTo(0.5, 14);
  });

  it("sum to one whatever the logits, and do not overflow", () => {
    const logit = fc.double({ min: -800, max: 800, noNaN: true });
    fc.assert(
      fc.property(fc.tuple(logit, logit, logit), (logits) => {
        const total = classLogProb(logits, tokens).reduce((sum, each) => sum + Math.exp(each), 0);
        expect(Math.abs(total - 1)).toBeLessThan(1e-12);
      }),
    );
  });

  it("are fed as a mask that is 0 inside a class", () => {
    const { answer_log_mask: mask } = answerFeeds(tokens);
    expect(mask!.dims).toEqual([2, 3]);
    expect(Array.from(mask!.data as Float32Array, (x) => x === 0)).toEqual([
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
  });
});
