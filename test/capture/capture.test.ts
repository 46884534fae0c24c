import fc from "fast-check";
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { ADAPTERS } from "../../adapters/index.js";
import {
  answerFeeds,
  answerMass,
  answerTokens,
  classLogProb,
} from "../../src/capture/answer-table.js";
import { batchByLength } from "../../src/capture/batches.js";
import { capture } from "../../src/capture/capture.js";
import { StateFile } from "../../src/capture/state-file.js";
import { suffixContinuation, SuffixSessions } from "../../src/measure/suffix-runner.js";
import { loadModel } from "../../src/models/load.js";
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
