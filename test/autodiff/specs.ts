/**
 * @file One row per rule of the derivative table: inputs with the domain they are drawn from, forms of the operator, and
 * the reason for anything unusual. Central differences need points away from kinks; kinks themselves are tested by hand
 * in `rules.test.ts`.
 */
import type { Case, Domain, Input } from "../support/gradient-case.js";

/** Standard normal: no kinks, no poles. */
const normal: Domain = (rng) => rng.normal();

/** In [0.5, 2): away from 0, where roots, logarithms and quotients have their singular points. */
const positive: Domain = (rng) => 0.5 + 1.5 * rng.next();

/** Either sign, at least 0.1 from 0: away from the kink of Abs and Relu. */
const apart: Domain = (rng) => (rng.next() < 0.5 ? -1 : 1) * (0.1 + rng.next());

/** Multiples of 0.37 with jitter below 0.01: up to 13 elements never tie, and none is near ±1. */
const spaced =
  (offset: number): Domain =>
  (rng, i) =>
    0.37 * ((i * 5 + offset) % 13) - 2.2 + 0.01 * rng.next();

const active = (dims: readonly number[], domain: Domain = normal): Input => ({
  kind: "active",
  dims,
  domain,
});
const frozen = (dims: readonly number[], domain: Domain = normal): Input => ({
  kind: "frozen",
  dims,
  domain,
});
const exactly = (value: number): Input => ({ kind: "frozen", dims: [], domain: () => value });
const ints = (values: readonly number[], dims: readonly number[] = [values.length]): Input => ({
  kind: "ints",
  dims,
  values,
});
const bools = (values: readonly boolean[], dims: readonly number[]): Input => ({
  kind: "bools",
  dims,
  values,
});
const OMITTED: Input = { kind: "omitted" };

const ATTRIBUTE_AXES = [13, 17];
const INPUT_AXES = [18, 20];

/** Operands that broadcast in every way: equal, lower rank, size 1 on either side, scalar, size 0. */
function broadcasts(domain: Domain = normal): Case[] {
  return [
    { inputs: [active([2, 3], domain), active([2, 3], domain)] },
    { inputs: [active([2, 3, 4], domain), active([3, 1], domain)] },
    { inputs: [active([2, 1], domain), active([1, 3], domain)] },
    { inputs: [active([4], domain), active([2, 3, 4], domain)] },
    { inputs: [active([], domain), active([2, 3], domain)] },
    { inputs: [active([2, 3], domain), frozen([3], domain)] },
    { inputs: [frozen([2, 3], domain), active([3], domain)] },
    { inputs: [active([2, 3], domain), frozen([], domain)] },
    { inputs: [active([1, 3], domain), active([0, 3], domain)] },
  ];
}

const unary = (domain: Domain = normal): Case[] => [
  { inputs: [active([2, 3], domain)] },
  { inputs: [active([], domain)] },
];

const FLOAT32 = { dtype: "float32" } as const;

function reductions(domain: Domain = normal): Case[] {
  const dims = [2, 3, 4];
  const axesOf = (list: readonly number[]): readonly [Input, readonly bigint[]] => [
    ints(list),
    list.map(BigInt),
  ];
  const rows: Case[] = [];
  for (const keepdims of [0n, 1n]) {
    for (const list of [[-1], [0, 2], [1]]) {
      const [input, attribute] = axesOf(list);
      rows.push({
        inputs: [active(dims, domain), input],
        attributes: { keepdims },
        opsets: INPUT_AXES,
      });
      rows.push({
        inputs: [active(dims, domain)],
        attributes: { keepdims, axes: attribute },
        opsets: ATTRIBUTE_AXES,
      });
    }
    rows.push({ inputs: [active(dims, domain)], attributes: { keepdims } });
  }
  return rows;
}

/** Axes are an input in every opset that we emit for. */
const sumReductions = (): Case[] => [
  ...reductions().filter(({ attributes }) => attributes?.["axes"] === undefined),
  {
    inputs: [active([2, 3]), ints([], [0])],
    attributes: { noop_with_empty_axes: 1n },
  },
  { inputs: [active([2, 3]), ints([], [0])] },
];

const matrices: Case[] = [
  { inputs: [active([3, 4]), frozen([4, 5])], needsRank: true },
  { inputs: [active([2, 3, 4]), frozen([4, 5])], needsRank: true },
  { inputs: [frozen([5, 3]), active([2, 3, 4])], needsRank: true },
  { inputs: [active([2, 2, 3, 4]), active([2, 2, 4, 5])], needsRank: true },
  { inputs: [active([2, 1, 3, 4]), active([3, 4, 2])], needsRank: true },
  { inputs: [active([3, 4]), active([2, 4, 5])], needsRank: true },
  // as the weights of float32 models are multiplied: through FusedMatMul
  { inputs: [active([2, 3, 4]), frozen([4, 5])], ...FLOAT32 },
  { inputs: [active([2, 1, 3, 4]), active([3, 4, 2])], ...FLOAT32 },
];

const bytes = (dims: readonly number[]): Input => ({ kind: "bytes", dims });

/** Full and unfilled last blocks, odd counts of blocks, all forms of zero points; float32 data is all the runtime takes. */
const packed: Case[] = [
  { bits: 4n, k: 32, parameters: [frozen([3, 2], positive)] },
  { bits: 4n, k: 40, parameters: [frozen([3, 3], positive), bytes([3, 2])] },
  { bits: 4n, k: 24, parameters: [frozen([6], positive), frozen([6])] },
  { bits: 8n, k: 24, parameters: [frozen([6], positive)] },
  { bits: 2n, k: 16, parameters: [frozen([3, 1], positive), bytes([3, 1]), OMITTED, frozen([3])] },
].map(({ bits, k, parameters }): Case => {
  const packedDims = [3, Math.ceil(k / 16), 2 * Number(bits)];
  return {
    inputs: [active([2, 2, k]), bytes(packedDims), ...parameters],
    attributes: { bits, block_size: 16n, N: 3n, K: BigInt(k), accuracy_level: 1n },
    ...FLOAT32,
  };
});

const fused: Case[] = [false, true].flatMap((transA) =>
  [false, true].flatMap((transB): Case[] => {
    const a = transA ? [4, 3] : [3, 4];
    const b = transB ? [5, 4] : [4, 5];
    const attributes = { transA: transA ? 1n : 0n, transB: transB ? 1n : 0n, alpha: 0.5 };
    return [
      { inputs: [active([2, ...a]), active([2, ...b])], attributes, ...FLOAT32 },
      { inputs: [active([2, ...a]), frozen(b)], attributes, ...FLOAT32 },
    ];
  }),
);

const gemms: Case[] = [0n, 1n].flatMap((transA) =>
  [0n, 1n].flatMap((transB): Case[] => {
    const a = active(transA === 1n ? [4, 3] : [3, 4]);
    const b = transB === 1n ? [5, 4] : [4, 5];
    return [
      { inputs: [a, active(b), active([5])], attributes: { transA, transB, alpha: 0.5, beta: 2 } },
      { inputs: [a, frozen(b), frozen([3, 5])], attributes: { transA, transB } },
      { inputs: [a, frozen(b)], attributes: { transA, transB } },
    ];
  }),
);

/** Spaced elements: a row that happens to be nearly constant has third derivatives that no step of 10⁻⁵ resolves. */
const norms = (bias: boolean, opsets: readonly number[]): Case[] => {
  const x = active([2, 3, 4], spaced(0));
  return [
    {
      inputs: [x, frozen([4]), ...(bias ? [frozen([4])] : [])],
      attributes: { axis: -1n, epsilon: 1e-5 },
      opsets,
    },
    { inputs: [x, frozen([3, 4])], attributes: { axis: -2n }, opsets },
    { inputs: [x, frozen([4])], attributes: { axis: 2n }, opsets, needsRank: true },
  ];
};

/** Cases by operator. */
export const SPECS: Readonly<Record<string, readonly Case[]>> = {
  Add: broadcasts(),
  Sub: broadcasts(),
  Mul: broadcasts(),
  Div: broadcasts(positive),
  Neg: unary(),
  Identity: unary(),
  Cast: [{ inputs: [active([2, 3])], attributes: { to: 11n } }],
  CastLike: [{ inputs: [active([2, 3]), frozen([1])], opsets: [15, 18, 20] }],
  Dropout: [
    { inputs: [active([2, 3])] },
    { inputs: [active([2, 3]), exactly(0.5), bools([false], [])] },
  ],
  Pow: [
    ...[0, 0.5, 1, 2, 3, -1, 2.5].map((c): Case => ({
      inputs: [active([2, 3], positive), exactly(c)],
    })),
    { inputs: [active([2, 3]), exactly(3)] },
    { inputs: [active([3], positive), frozen([2, 3], positive)] },
    { inputs: [active([2, 3]), ints([2], [])] },
  ],
  Sqrt: unary(positive),
  Reciprocal: unary(positive),
  Exp: unary(),
  Log: unary(positive),
  Tanh: unary(),
  Sigmoid: unary(),
  // no float64 kernel on the CPU provider
  Erf: unary().map((each) => ({ ...each, ...FLOAT32 })),
  Relu: unary(apart),
  Abs: unary(apart),
  Clip: [
    { inputs: [active([13], spaced(0)), exactly(-1), exactly(1)] },
    { inputs: [active([13], spaced(0)), OMITTED, exactly(1)] },
    { inputs: [active([13], spaced(0)), exactly(-1)] },
    { inputs: [active([3])] },
  ],
  Sin: unary(),
  Cos: unary(),
  Min: [
    { inputs: [active([13], spaced(0)), active([13], spaced(1))] },
    { inputs: [active([2, 3], spaced(0)), active([3], spaced(1)), active([1], spaced(7))] },
    { inputs: [active([3])] },
  ],
  Max: [
    { inputs: [active([13], spaced(0)), active([13], spaced(1))] },
    { inputs: [active([2, 3], spaced(0)), active([3], spaced(1)), frozen([1], spaced(7))] },
  ],
  Where: [
    { inputs: [bools([true, false, true], [3]), active([2, 3]), active([2, 3])] },
    { inputs: [bools([true, false], [2, 1]), active([3]), active([])] },
    { inputs: [bools([true, false, true], [3]), frozen([]), active([1, 3])] },
  ],

  Gelu: [
    { inputs: [active([2, 3])], opsets: [20], ...FLOAT32 },
    { inputs: [active([2, 3])], attributes: { approximate: "tanh" }, opsets: [20], ...FLOAT32 },
  ],
  "com.microsoft.Gelu": [{ inputs: [active([2, 3])], ...FLOAT32 }],
  "com.microsoft.BiasGelu": [{ inputs: [active([2, 3]), frozen([3])], ...FLOAT32 }],
  "com.microsoft.FastGelu": [
    { inputs: [active([2, 3])], ...FLOAT32 },
    { inputs: [active([2, 3]), frozen([3])], ...FLOAT32 },
  ],
  "com.microsoft.QuickGelu": [
    { inputs: [active([2, 3])], ...FLOAT32 },
    { inputs: [active([2, 3])], attributes: { alpha: 1 }, ...FLOAT32 },
  ],

  // cosines and sines of no angle: a rule for rotations alone would turn back what is not turned
  "com.microsoft.RotaryEmbedding": [
    {
      inputs: [active([2, 3, 2, 4]), ints([0, 3, 1, 2], [2, 2]), frozen([4, 2]), frozen([4, 2])],
      ...FLOAT32,
    },
  ],

  MatMul: matrices,
  "com.microsoft.FusedMatMul": fused,
  "com.microsoft.MatMulNBits": packed,
  Gemm: gemms,

  ReduceSum: sumReductions(),
  ReduceMean: reductions(),
  ReduceLogSumExp: reductions(),

  Reshape: [
    { inputs: [active([2, 6]), ints([3, -1])] },
    { inputs: [active([2, 6]), ints([0, 2, 3])] },
    { inputs: [active([0, 3]), ints([0, 3, 1])] },
  ],
  Flatten: [{ inputs: [active([2, 3, 4])], attributes: { axis: 2n } }],
  Squeeze: [{ inputs: [active([2, 1, 3]), ints([1])] }, { inputs: [active([2, 1, 3, 1])] }],
  Unsqueeze: [{ inputs: [active([2, 3]), ints([0, -1])] }],
  Transpose: [
    { inputs: [active([2, 3, 4])] },
    { inputs: [active([2, 3, 4])], attributes: { perm: [1n, 2n, 0n] } },
  ],
  Concat: [
    { inputs: [active([2, 3]), active([2, 1]), active([2, 2])], attributes: { axis: 1n } },
    { inputs: [frozen([0, 3]), active([2, 3])], attributes: { axis: -2n } },
  ],
  Split: [
    { inputs: [active([2, 6]), ints([1, 2, 3])], attributes: { axis: -1n }, outputs: 3 },
    { inputs: [active([4, 3])], outputs: 2, opsets: [13, 17] },
    { inputs: [active([4, 3])], attributes: { num_outputs: 2n }, outputs: 2, opsets: [18, 20] },
  ],
  Expand: [
    { inputs: [active([3, 1]), ints([2, 3, 4])] },
    { inputs: [active([2, 3]), ints([1, 3])] },
    { inputs: [active([1]), ints([0])] },
  ],
  Tile: [{ inputs: [active([2, 3]), ints([2, 3])] }, { inputs: [active([2, 3]), ints([1, 1])] }],

  Slice: [
    { inputs: [active([5]), ints([1]), ints([4])] },
    { inputs: [active([4, 5]), ints([-3]), ints([100]), ints([-1])] },
    { inputs: [active([4, 5]), ints([1, 0]), ints([3, -1]), ints([0, 1]), ints([1, 1])] },
    { inputs: [active([4, 5]), ints([-1, 4]), ints([-100, 0]), ints([0, 1]), ints([-1, -2])] },
    { inputs: [active([5]), ints([3]), ints([2])] },
  ],
  Pad: [
    { inputs: [active([2, 3]), ints([1, 0, 2, 3])] },
    { inputs: [active([2, 3]), ints([1, 2]), exactly(7), ints([-1])], opsets: [18, 20] },
  ],

  Gather: [
    { inputs: [active([4, 3]), ints([2, 0, 2])] },
    { inputs: [active([2, 4, 3]), ints([-1, 1, 1, 0], [2, 2])], attributes: { axis: 1n } },
    { inputs: [active([2, 3]), ints([1], [])], attributes: { axis: -1n } },
  ],
  GatherElements: [
    {
      inputs: [active([3, 2]), ints([0, 0, 2, 0, 1, 1, 2, -1], [4, 2])],
      attributes: { axis: 0n },
      opsets: [16, 18, 20],
    },
    { inputs: [active([3, 4]), ints([1, 0, -1], [3, 1])], attributes: { axis: 1n } },
  ],
  GatherND: [{ inputs: [active([3, 2, 2]), ints([0, 1, 0, 1, 2, 0], [3, 2])], opsets: [16, 20] }],

  LayerNormalization: norms(true, [17, 18, 20]),
  RMSNormalization: norms(false, [23]),
  SimplifiedLayerNormalization: norms(false, [17, 20]),

  Softmax: [
    { inputs: [active([2, 3, 4])] },
    { inputs: [active([2, 3, 4])], attributes: { axis: 1n } },
  ],
  LogSoftmax: [
    { inputs: [active([2, 3, 4])] },
    { inputs: [active([2, 3, 4])], attributes: { axis: 0n } },
  ],
};
