/**
 * @file A small decoder made in the test: every part of a transformer, no exporter. Its faults are what near-miss tests ask for.
 */
import { Builder } from "../../src/onnx/builder.js";
import { Graph, type Model, type Value } from "../../src/onnx/graph.js";
import { float32Tensor } from "../../src/onnx/tensor.js";
import { modelOf } from "./tiny-models.js";

export const TINY = { vocab: 11, dModel: 6, hidden: 10 } as const;

/** How the tiny decoder differs from a plain pre-norm one. */
export interface TinyOptions {
  readonly layers?: number;
  readonly form?: "sequential" | "parallel" | "post-norm";
  /** This block (from 0) has no mlp. */
  readonly withoutMlp?: number;
  /** The output of block 0 is added again before the last block: a path around the blocks between. */
  readonly skipAcross?: boolean;
  /** The mlp of block 0 gates its branch by a router: Softmax over experts, no attention. */
  readonly router?: boolean;
  /** As `router`, with a TopK on the active path. */
  readonly topK?: boolean;
  /** The mlp's branch is added on tokens of one long row, [batch · token, dModel], and the sum brought back. */
  readonly flattened?: boolean;
  /** Leaves the causal mask out. */
  readonly bidirectional?: boolean;
  /** Adds to each state what the other rows of the batch hold at the same position. */
  readonly leaky?: boolean;
  /** Adds the mlp's bias after the branch has rejoined: the order that a wrongly split Skip node gives. */
  readonly lateBias?: boolean;
}

/** Makes the weights: a linear congruential generator, scaled so that activations stay near 1. */
class Weights {
  #state = 12345;
  constructor(readonly b: Builder) {}

  make(name: string, rows: number, columns?: number): Value {
    const count = rows * (columns ?? 1);
    const data = Array.from({ length: count }, () => {
      this.#state = (this.#state * 1103515245 + 12345) % 2147483648;
      return (this.#state / 2147483648 - 0.5) * 1.2;
    });
    const dims = columns === undefined ? [rows] : [rows, columns];
    return this.b.graph.addInitializer(name, float32Tensor(data, dims));
  }
}

/** Builds the model: inputs `input_ids`, `attention_mask` (unused by the graph), output `logits`. */
export function tinyDecoder(options: TinyOptions = {}): Model {
  const { layers = 2, form = "sequential" } = options;
  const graph = new Graph("tiny");
  const b = new Builder(graph, "tiny");
  const w = new Weights(b);
  const ids = graph.addInput("input_ids", { dtype: "int64", shape: ["batch", "token"] });
  const d = TINY.dModel;
  let x = b.op("Gather", [w.make("embedding", TINY.vocab, d), ids]);
  if (options.leaky === true) x = b.op("Add", [x, b.op("ReduceSum", [x, b.ints([0])])]);
  const norm = (value: Value, name: string): Value =>
    b.op("LayerNormalization", [value, w.make(`${name}.g`, d), w.make(`${name}.b`, d)], {
      axis: -1n,
      epsilon: 1e-5,
    });
  const attend = (n: Value, name: string): Value => {
    const [q, k, v] = ["q", "k", "v"].map((part) =>
      b.op("MatMul", [n, w.make(`${name}.${part}`, d, d)]),
    );
    const scores = b.op("MatMul", [q!, b.op("Transpose", [k!], { perm: [0n, 2n, 1n] })]);
    const seen =
      options.bidirectional === true
        ? scores
        : b.op("Where", [causal(b, ids), scores, b.float(-1e9)]);
    const mixed = b.op("MatMul", [b.op("Softmax", [seen], { axis: -1n }), v!]);
    return b.op("MatMul", [mixed, w.make(`${name}.o`, d, d)]);
  };
  const mlp = (n: Value, name: string): Value => {
    const up = b.op("Relu", [b.op("MatMul", [n, w.make(`${name}.up`, d, TINY.hidden)])]);
    return b.op("MatMul", [up, w.make(`${name}.down`, TINY.hidden, d)]);
  };
  const route = (n: Value, branch: Value): Value => {
    const gates = b.op("Softmax", [b.op("MatMul", [n, w.make("router", d, 3)])], { axis: -1n });
    if (options.topK === true) {
      const best = b.op("TopK", [gates, b.ints([1])], { axis: -1n }, { outputs: 2 });
      return b.op("Mul", [branch, best]);
    }
    return b.op("Mul", [branch, b.op("ReduceMax", [gates, b.ints([-1])])]);
  };
  let first: Value | undefined;
  for (let l = 0; l < layers; l++) {
    const name = `h.${l}`;
    if (options.skipAcross === true && l === layers - 1 && first !== undefined) {
      // the early state joins inside the branch, so that two paths lead around everything between
      x = b.op("Add", [
        x,
        b.op("MatMul", [attend(norm(x, `${name}.n0`), `${name}.a`), w.make("mix", d, d)]),
      ]);
      x = b.op("Add", [b.op("Add", [x, first]), mlp(norm(x, `${name}.n1`), `${name}.m`)]);
      continue;
    }
    if (form === "parallel") {
      const n = norm(x, `${name}.n`);
      x = b.op("Add", [b.op("Add", [attend(n, `${name}.a`), mlp(n, `${name}.m`)]), x]);
    } else if (form === "post-norm") {
      x = norm(b.op("Add", [x, attend(x, `${name}.a`)]), `${name}.n0`);
      x = norm(b.op("Add", [x, mlp(x, `${name}.m`)]), `${name}.n1`);
    } else {
      x = b.op("Add", [x, attend(norm(x, `${name}.n0`), `${name}.a`)]);
      if (options.withoutMlp !== l) {
        const n = norm(x, `${name}.n1`);
        const branch = mlp(n, `${name}.m`);
        const routed = l === 0 && (options.router === true || options.topK === true);
        const sum = (to: Value, added: Value): Value => b.op("Add", [to, added]);
        const flat = (value: Value): Value => b.op("Reshape", [value, b.ints([-1, d])]);
        x =
          options.flattened === true
            ? b.op("Reshape", [
                sum(flat(x), flat(branch)),
                b.op("Concat", [b.op("Shape", [ids]), b.ints([d])], { axis: 0n }),
              ])
            : sum(x, routed ? route(n, branch) : branch);
        if (options.lateBias === true) x = b.op("Add", [x, w.make(`${name}.bias`, d)]);
      }
    }
    first ??= x;
  }
  const logits = b.op("MatMul", [norm(x, "final"), w.make("head", d, TINY.vocab)]);
  graph.rename(logits, "logits");
  logits.type = { dtype: "float32", shape: ["batch", "token", TINY.vocab] };
  graph.outputs.push(logits);
  return modelOf(graph);
}

/** bool `[token, token]`: may position i (row) see position j (column)? */
function causal(b: Builder, ids: Value): Value {
  const length = b.op("Gather", [b.op("Shape", [ids]), b.ints(1)]);
  const positions = b.op("Range", [b.ints(0), length, b.ints(1)]);
  return b.op("LessOrEqual", [
    b.op("Unsqueeze", [positions, b.ints([0])]),
    b.op("Unsqueeze", [positions, b.ints([1])]),
  ]);
}
