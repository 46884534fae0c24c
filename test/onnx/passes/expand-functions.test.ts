/** @file Model-local functions against the runtime, which expands them itself. */
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { Builder } from "../../../src/onnx/builder.js";
import { decodeModel } from "../../../src/onnx/decode.js";
import { encodeModel } from "../../../src/onnx/encode.js";
import { Graph, type Attribute, type LocalFunction, type Model } from "../../../src/onnx/graph.js";
import { canonicalise } from "../../../src/onnx/passes/index.js";
import { applyPasses } from "../../../src/onnx/passes/pass.js";
import { expandFunctions } from "../../../src/onnx/passes/expand-functions.js";
import { tensor } from "../../../src/runtime/tensor.js";
import { runModel } from "../../support/run-model.js";
import { exportFixture } from "../../support/located.js";
import { modelOf } from "../../support/tiny-models.js";

const DOMAIN = "pkg.test";

interface FunctionSpec {
  readonly name: string;
  readonly inputs: readonly string[];
  readonly build: (b: Builder, inputs: Graph["inputs"]) => Graph["inputs"];
  readonly defaults?: Readonly<Record<string, Attribute>>;
}

function localFunction({ name, inputs, build, defaults = {} }: FunctionSpec): LocalFunction {
  const body = new Graph(name);
  const formals = inputs.map((each) => body.addInput(each));
  body.outputs.push(...build(new Builder(body, "inner"), formals));
  return {
    name,
    domain: DOMAIN,
    overload: "",
    body,
    attributeDefaults: new Map(Object.entries(defaults)),
    opsets: new Map([
      ["", 18],
      [DOMAIN, 1],
    ]),
    origin: undefined,
  };
}

function reference(name: string): Attribute {
  return { kind: "opaque", value: undefined, reference: name };
}

/** scale(x, y?) = LeakyRelu(x, alpha = @slope) (clipped from below by y, where given) */
const SCALE = localFunction({
  name: "scale",
  inputs: ["x", "low"],
  defaults: { slope: { kind: "float", value: 0.5 } },
  build: (b, [x, low]) => {
    const leaky = b.node("LeakyRelu", [x!]);
    leaky.attributes.set("alpha", reference("slope"));
    return [b.op("Clip", [leaky.output(), low!])];
  },
});

/** twice(x) = (scale(scale(x)), x): a call in a call, and a formal input that is an output */
const TWICE = localFunction({
  name: "twice",
  inputs: ["x"],
  build: (b, [x]) => {
    const inner = b.node("scale", [x!], {}, { domain: DOMAIN });
    inner.attributes.set("slope", reference("slope"));
    return [b.op("scale", [inner.output()], {}, { domain: DOMAIN }), x!];
  },
});

/** y = twice(x, slope 0.25)[0] + scale(x, low 1) + twice(x)[1] */
function caller(functions: readonly LocalFunction[]): Model {
  const graph = new Graph("caller");
  const b = new Builder(graph, "inner"); // the same names as inside the functions
  const x = graph.addInput("x", { dtype: "float32", shape: ["n"] });
  const domain = { domain: DOMAIN };
  const first = b.node("twice", [x], { slope: 0.25 }, { ...domain, outputs: 2 });
  const clipped = b.op("scale", [x, b.float(1)], {}, domain);
  const second = b.node("twice", [x], { slope: 2 }, { ...domain, outputs: 2 });
  const y = b.op("Add", [b.op("Add", [first.output(0), clipped]), second.output(1)]);
  graph.rename(y, "y");
  y.type = { dtype: "float32", shape: ["n"] };
  graph.outputs.push(y);
  const model = modelOf(graph);
  model.opsets.set(DOMAIN, 1);
  return { ...model, functions: [...functions] };
}

const X = [-8, -1, 0, 0.5, 3];

/** By hand: leaky twice with slope s, then with the default 0.5; plus max(leaky(x), 1); plus x. */
function expected(x: number): number {
  const leaky = (v: number, slope: number): number => (v < 0 ? slope * v : v);
  return leaky(leaky(x, 0.25), 0.5) + Math.max(leaky(x, 0.5), 1) + x;
}

describe("expand-functions", () => {
  it("expands nested calls with their attributes, defaults and absent inputs", async () => {
    const model = caller([SCALE, TWICE]);
    expect(applyPasses(model, [expandFunctions])).toEqual([
      { pass: "expand-functions", changes: 7 },
    ]);
    expect(model.functions).toEqual([]);
    expect(model.graph.nodes.every(({ domain }) => domain === "")).toBe(true);
    const { y } = await runModel(model, { x: tensor("float32", [5], Float32Array.from(X)) });
    expect([...(y!.data as Float32Array)]).toEqual(X.map(expected));
  });

  it("is hygienic: no two values share a name, whatever the bodies call theirs", () => {
    const model = caller([SCALE, TWICE]);
    canonicalise(model);
    const names = model.graph.nodes.flatMap((node) => node.outputs.map(({ name }) => name));
    expect(new Set(names).size).toBe(names.length);
  });

  it("refuses functions that call themselves", () => {
    const loop = localFunction({
      name: "scale",
      inputs: ["x"],
      build: (b, [x]) => [b.op("scale", [x!], {}, { domain: DOMAIN })],
    });
    expect(() => applyPasses(caller([loop, TWICE]), [expandFunctions])).toThrow(
      expect.objectContaining({ code: "FUNCTION_RECURSION" }),
    );
  });

  it("refuses functions that double at every level before memory is gone", () => {
    const level = (i: number): LocalFunction =>
      localFunction({
        name: i === 0 ? "scale" : `f${i}`,
        inputs: ["x"],
        build: (b, [x]) => {
          let value = x!;
          for (let n = 0; n < 10; n++) value = b.op(`f${i + 1}`, [value], {}, { domain: DOMAIN });
          return [value];
        },
      });
    const levels = Array.from({ length: 20 }, (_, i) => level(i));
    const small = caller([...levels, TWICE]);
    expect(() => applyPasses(small, [expandFunctions])).toThrow(
      expect.objectContaining({
        code: "FUNCTION_RECURSION",
        found: expect.stringMatching(/nodes when all calls are expanded$/) as string,
      }),
    );
  });

  it("refuses an operator set that differs from the model's", () => {
    const other = { ...SCALE, opsets: new Map([["", 20]]) };
    expect(() => applyPasses(caller([other, TWICE]), [expandFunctions])).toThrow(
      expect.objectContaining({ code: "FUNCTION_OPERATOR_SET", found: "ai.onnx 20" }),
    );
  });

  it("refuses two functions of one name", () => {
    expect(() => applyPasses(caller([SCALE, SCALE, TWICE]), [expandFunctions])).toThrow(
      expect.objectContaining({ code: "FUNCTION_OVERLOAD" }),
    );
  });
});

describe("a file with functions", () => {
  // written by onnxscript; see fixtures/make/README.md
  it("computes the same before and after, read from its bytes", async () => {
    const path = exportFixture("../functions/local-functions.onnx");
    const bytes = readFileSync(path);
    const plain = decodeModel(bytes, path);
    expect(plain.functions.map(({ name }) => name).sort()).toEqual(["affine", "gate"]);
    const feeds = { x: tensor("float32", [2, 3], Float32Array.from([1, -2, 3, -4, 5, -6])) };
    const before = await runModel(decodeModel(encodeModel(plain).bytes, path), feeds);
    const model = decodeModel(bytes, path);
    canonicalise(model);
    expect(model.functions).toEqual([]);
    const after = await runModel(model, feeds);
    expect([...(after["y"]!.data as Float32Array)]).toEqual([
      ...(before["y"]!.data as Float32Array),
    ]);
  });
});
