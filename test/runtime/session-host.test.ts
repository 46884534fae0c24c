import { closeSync, openSync, writeFileSync } from "node:fs";
import { pathToFileURL } from "node:url";
import { afterEach, describe, expect, it } from "vitest";
import { HostError, ModelFormatError } from "../../src/errors.js";
import { Builder } from "../../src/onnx/builder.js";
import { Graph, modelAround, type Model } from "../../src/onnx/graph.js";
import { SessionHost } from "../../src/runtime/session-host.js";
import { createSession } from "../../src/runtime/session.js";
import { shareMachine } from "../../src/runtime/share-machine.js";
import type { StoredFeeds } from "../../src/runtime/stored-feeds.js";
import { float32Data, tensor } from "../../src/runtime/tensor.js";
import { temporaryFolder } from "../support/tiny-models.js";

const folder = temporaryFolder();
const PROGRAM = pathToFileURL("dist/src/runtime/session-thread.js");

const hosts: SessionHost[] = [];
afterEach(async () => {
  await Promise.all(hosts.splice(0).map((host) => host.close()));
});

function openHost(): SessionHost {
  const host = new SessionHost(PROGRAM);
  hosts.push(host);
  return host;
}

/** y = x · x, float32 `[n]`. */
function square(operator = "Mul"): Model {
  const graph = new Graph("square");
  const x = graph.addInput("x", { dtype: "float32", shape: ["n"] });
  const y = new Builder(graph, "test").op(operator, [x, x]);
  y.type = { dtype: "float32", shape: ["n"] };
  graph.outputs.push(y);
  graph.rename(y, "y");
  return modelAround(graph, { "": 17 });
}

describe("a session in a thread of its own", () => {
  it("gives the numbers of a session here, to the last bit", async () => {
    const data = Float32Array.from({ length: 1000 }, (_, i) => Math.sin(i) * 1e3);
    const x = tensor("float32", [1000], data);
    const here = await createSession(square());
    const there = await createSession(square(), { host: openHost() });
    expect(there.inputs).toEqual(here.inputs);
    expect(there.outputs).toEqual(here.outputs);
    const [expected, found] = [await here.run({ x }), await there.run({ x })];
    expect(float32Data(found, "y")).toEqual(float32Data(expected, "y"));
    await Promise.all([here.release(), there.release()]);
  });

  it("answers several calls that are made at once, each with its own numbers", async () => {
    const session = await createSession(square(), { host: openHost() });
    const answers = await Promise.all(
      [1, 2, 3, 4].map((n) => session.run({ x: tensor("float32", [1], Float32Array.of(n)) })),
    );
    expect(answers.map((each) => float32Data(each, "y")[0])).toEqual([1, 4, 9, 16]);
  });

  it("reads feeds from a file itself, as a session here does, also when several runs wait", async () => {
    const path = `${folder}/stored.f32`;
    const numbers = Float32Array.from({ length: 12 }, (_, i) => i + 1);
    writeFileSync(path, Buffer.from(numbers.buffer));
    const file = openSync(path, "r");
    /** Row r holds 3 numbers, of which the first `tokens` are wanted. */
    const stored = (rows: readonly number[], tokens: number): StoredFeeds => ({
      ...{ file, path, width: tokens },
      feeds: [{ name: "x", dims: [rows.length * tokens], outer: 1, inner: 1 }],
      rows: rows.map((r) => ({ position: 12 * r, length: 3, tokens })),
    });
    for (const session of [
      await createSession(square()),
      await createSession(square(), { host: openHost() }),
    ]) {
      const runs = [stored([0, 1], 2), stored([3], 3), stored([2, 1, 0], 1), stored([1], 3)];
      const answers = await Promise.all(runs.map((each) => session.run({}, each)));
      expect(answers.map((each) => [...float32Data(each, "y")])).toEqual([
        [1, 4, 16, 25],
        [100, 121, 144],
        [49, 16, 1],
        [16, 25, 36],
      ]);
      const failed = session.run({}, stored([4], 2));
      await expect(failed).rejects.toThrow(); // behind the end
      await session.release();
    }
    closeSync(file);
  });

  it("throws the errors of a session here", async () => {
    const host = openHost();
    const refused = createSession(square("NoSuchOperator"), { host });
    await expect(refused).rejects.toBeInstanceOf(ModelFormatError);
    await expect(refused).rejects.toMatchObject({ code: "RUNTIME_REFUSES" });
    const session = await createSession(square(), { host });
    const failed = session.run({});
    await expect(failed).rejects.toBeInstanceOf(HostError);
    await expect(failed).rejects.toMatchObject({ code: "RUNTIME_RUN" });
  });

  it("fails every call that waits when the thread ends, and every later one", async () => {
    const host = openHost();
    const session = await createSession(square(), { host });
    const waiting = session.run({ x: tensor("float32", [1], Float32Array.of(1)) });
    const closed = { code: "HOST_CLOSED" };
    await Promise.all([expect(waiting).rejects.toMatchObject(closed), host.close()]);
    await expect(session.run({})).rejects.toMatchObject(closed);
  });
});

describe("sharing the machine", () => {
  it("gives each model a thread and its part of the processors", async () => {
    const shares = shareMachine({ threads: 5 }, { count: 2, program: PROGRAM });
    expect(shares.options.map(({ threads }) => threads)).toEqual([2, 3]);
    expect(new Set(shares.options.map(({ host }) => host)).size).toBe(2);
    await shares.close();
  });

  it.each([
    ["with fewer threads than models", { threads: 1 }],
    ["on another device", { threads: 4, device: "cuda" } as const],
  ])("asks in this thread %s", async (_, options) => {
    const shares = shareMachine(options, { count: 2, program: PROGRAM });
    expect(shares.options).toEqual([options, options]);
    await shares.close();
  });
});
