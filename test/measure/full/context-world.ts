/**
 * @file A world without graphs: a state is the code of its token plus what it has read before, and the next token is a
 * softmax of the mean state. Small enough to know what a swap must do.
 */
import type { ContextContinuation, Contexts } from "../../../src/measure/full/context-runner.js";
import type { ContextSide } from "../../../src/measure/full/cell.js";
import type { PreparedText } from "../../../src/measure/full/prepared-texts.js";
import { layOutRows, type TokenRows } from "../../../src/measure/full/token-rows.js";
import { randomSubspace } from "../../../src/align/stiefel.js";
import { matrix, multiply, row, transpose, type Matrix } from "../../../src/numeric/matrix.js";
import { dot } from "../../../src/numeric/vector.js";
import { stream } from "../../../src/stats/stream.js";

export const WORLD = { dModel: 8, vocab: 9, nItems: 120, tokens: 30 } as const;

/** Texts of four and five tokens that begin with token 0. */
export function worldItems(): readonly PreparedText[] {
  const random = stream(7, "texts");
  return Array.from({ length: WORLD.nItems }, (_, i) => {
    const ids = [0, ...Array.from({ length: 3 + (i % 2) }, () => 1 + random.int(WORLD.tokens - 1))];
    return { text: ids.join(" "), ids, group: String(i) };
  });
}

/** How a model differs from the first one. */
export interface WorldModel {
  /** Its own codes and read-out. */
  readonly name: string;
  /** The same model in another basis and scale. */
  readonly rotated?: number;
  /** What the read-out adds for each text, whatever its states: a path around the site. */
  readonly leak?: number;
}

interface Parts {
  readonly rows: TokenRows;
  /** `[row, dModel]` */
  readonly states: Float64Array;
  /** `[vocab, dModel]` */
  readonly readout: Matrix;
  readonly scale: number;
}

function partsOf(items: readonly PreparedText[], { name, rotated }: WorldModel): Parts {
  const { dModel: d, vocab, tokens } = WORLD;
  const random = stream(11, name);
  const normal = (n: number): Float64Array =>
    Float64Array.from({ length: n }, () => random.normal());
  // codes lie mostly in few directions, as in real models: half the width can then carry what is said
  const codes = matrix(
    tokens,
    d,
    normal(tokens * d).map((x, i) => (3 * x) / (1 + (i % d)) ** 1.5),
  );
  const readout = matrix(vocab, d, normal(vocab * d));
  const rows = layOutRows(items.map(({ ids }) => ids.length));
  const states = matrix(rows.total, d);
  items.forEach(({ ids }, item) => {
    ids.slice(1).forEach((id, i) => {
      for (let c = 0; c < d; c++) {
        // a third of the state before is carried on: states depend on the context, not on the token alone
        const before = i === 0 ? 0 : states.data[(rows.start[item]! + i - 1) * d + c]! / 3;
        states.data[(rows.start[item]! + i) * d + c] = codes.data[id * d + c]! + before;
      }
    });
  });
  if (rotated === undefined) return { rows, states: states.data, readout, scale: 1 };
  const turn = randomSubspace(d, d, stream(13, `turn/${rotated}`));
  const turned = multiply(states, transpose(turn)).data.map((x) => rotated * x);
  return { rows, states: turned, readout: multiply(readout, transpose(turn)), scale: rotated };
}

/** One model of the world. */
export function worldSide(items: readonly PreparedText[], model: WorldModel): ContextSide {
  const { dModel: d, vocab } = WORLD;
  const { rows, states, readout, scale } = partsOf(items, model);
  /** ln q from `count` states in a line. */
  const logProb = (item: number, from: ArrayLike<number>, start: number, count: number) => {
    const mean = new Float64Array(d);
    for (let i = 0; i < count * d; i++) mean[i % d]! += from[start * d + i]! / count / scale;
    const logits = Array.from(
      { length: vocab },
      (_, v) =>
        2 * dot(row(readout, v), { data: mean, offset: 0 }, d) +
        (model.leak ?? 0) * Math.sin(item * 7 + v * 3),
    );
    const lse = Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0));
    return logits.map((z) => z - lse);
  };
  const natural = (item: number): number[] =>
    logProb(item, states, rows.start[item]!, rows.count[item]!);
  const kl = (p: readonly number[], q: readonly number[]): number =>
    p.reduce((sum, lnP, v) => sum + Math.exp(lnP) * (lnP - q[v]!), 0);
  const argmax = (of: readonly number[]): number => of.indexOf(Math.max(...of));
  const said = ({ items: targets, patched }: Contexts): number[][] => {
    let start = 0;
    return Array.from(targets, (item) => {
      const own = logProb(item, patched, start, rows.count[item]!);
      start += rows.count[item]!;
      return own;
    });
  };
  const continuation: ContextContinuation = {
    dModel: d,
    forward(contexts) {
      const q = said(contexts);
      const lossNats = Float32Array.from(q, (own, c) => kl(natural(contexts.wanted[c]!), own));
      return Promise.resolve({ lossNats, top: Int32Array.from(q, argmax) });
    },
    backward(contexts) {
      const q = said(contexts);
      const gradient = new Float32Array(contexts.patched.length);
      let start = 0;
      const lossNats = Float32Array.from(q, (own, c) => {
        const p = natural(contexts.wanted[c]!);
        const count = rows.count[contexts.items[c]!]!;
        // dKL/dlogits = q − p; every state has the same share in the mean
        for (let i = 0; i < count * d; i++) {
          let slope = 0;
          for (let v = 0; v < vocab; v++) {
            slope += 2 * (Math.exp(own[v]!) - Math.exp(p[v]!)) * readout.data[v * d + (i % d)]!;
          }
          gradient[start * d + i] = slope / count / scale;
        }
        start += count;
        return kl(p, own);
      });
      return Promise.resolve({ lossNats, gradient });
    },
  };
  return {
    ...{ states: Float32Array.from(states), dModel: d, continuation },
    top: Int32Array.from(items, (_, item) => argmax(natural(item))),
    divergence: (wanted, item) => kl(natural(wanted), natural(item)),
  };
}
