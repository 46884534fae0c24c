/** @file Some tens of cells in one process leave nothing open and nothing behind. The bench `soak` measures two hundred. */
import { readdirSync } from "node:fs";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { InferenceSession } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { openSoak, type SoakSubject } from "../bench/soak-subject.js";
import { slopeOf } from "../bench/slope.js";

setFlagsFromString("--expose-gc");
const collect = runInNewContext("gc") as () => void; // there under the flag

/** Some seconds of a quiet machine. */
const SLOW_MS = 300_000;

/** Open files of this process; where the system does not tell, none. */
function openFiles(): number {
  return process.platform === "linux" ? readdirSync("/proc/self/fd").length : 0;
}

/** Bytes of arrays: states, keys, gradients. */
async function arrayBytes(): Promise<number> {
  // arrays that the runtime gave are freed by finalisers, which run between two turns of the event loop
  for (let turn = 0; turn < 3; turn++) {
    collect();
    await new Promise((resolve) => setImmediate(resolve));
  }
  return process.memoryUsage().arrayBuffers;
}

const create = InferenceSession.create.bind(InferenceSession) as (
  ...args: unknown[]
) => Promise<InferenceSession>;

describe("three rounds of ten cells", () => {
  let subject: SoakSubject;
  let open = 0;
  let opened = 0;

  beforeAll(async () => {
    // no spy of vitest's: it would keep the bytes of every graph among its calls
    const counted = async (...args: unknown[]): Promise<InferenceSession> => {
      const session = await create(...args);
      const release = session.release.bind(session);
      open += 1;
      opened += 1;
      session.release = () => {
        open -= 1;
        return release();
      };
      return session;
    };
    Object.assign(InferenceSession, { create: counted });
    subject = await openSoak(1);
    await subject.run(0);
  }, SLOW_MS);

  afterAll(() => {
    Object.assign(InferenceSession, { create });
  });

  it(
    "leave no session, no file and no array behind",
    async () => {
      expect(subject.cells).toBe(10);
      expect(opened).toBeGreaterThan(10);
      expect(open).toBe(0);
      const [files, before] = [openFiles(), await arrayBytes()];
      await subject.run(1);
      await subject.run(2);
      expect(open).toBe(0);
      expect(openFiles()).toBe(files);
      // one round's states alone are 200 prompts × 9 tokens × 96 numbers × 5 layers × 2 models = 7 MB
      expect((await arrayBytes()) - before).toBeLessThan(1e6);
    },
    SLOW_MS,
  );
});

describe("a slope", () => {
  it("is that of points on a line, without error", () => {
    const { slope, error } = slopeOf([1, 2, 3, 4].map((x) => [x, 3 - 2 * x]));
    expect(slope).toBe(-2);
    expect(error).toBe(0);
  });

  it("has the error of the textbook: residuals ±1 about a flat line", () => {
    const points = [1, -1, -1, 1].map((y, x): [number, number] => [x, y]);
    // residual variance 4 / 2, spread of x 5
    expect(slopeOf(points).slope).toBe(0);
    expect(slopeOf(points).error).toBeCloseTo(Math.sqrt(2 / 5), 12);
  });
});
