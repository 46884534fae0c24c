/** @file Marks that exporters leave in their files, read as evidence by the adapters. */
import { factsOf, type FileFacts } from "../src/models/file-facts.js";
import type { Evidence, ModelFile } from "./adapter.js";

type Mark = Evidence[number];

/** The file as its exporter wrote it; a graph that was made and not read speaks for itself. */
export function factsFor({ facts, model }: ModelFile): FileFacts {
  return facts ?? factsOf(model);
}

/** Who says to have made the file. */
export function producedBy({ producer }: FileFacts, pattern: RegExp): Mark {
  return { supports: pattern.test(producer), text: `producer "${producer || "unknown"}"` };
}

/** First IR version of torch's graph-based exporter; the older tracing one never went beyond 9. */
export const DYNAMO_IR = 10;

/** The version of the file format, at least (`from`) or below (`below`) a bound. */
export function irVersion(
  { irVersion: version }: FileFacts,
  bound: { readonly from: number } | { readonly below: number },
): Mark {
  const supports = "from" in bound ? version >= bound.from : version < bound.below;
  return { supports, text: `IR version ${version}` };
}

/** Operators outside ai.onnx, with their domains. */
export function foreignOperators({ operators }: FileFacts): string[] {
  return [...operators.keys()].filter((op) => op.includes("."));
}

const QUANTISED =
  /^(com\.microsoft\.)?(MatMulNBits|GatherBlockQuantized|MatMulBnb4|DequantizeLinear|DynamicQuantize\w*|MatMulInteger\w*|QAttention)$/;

/** Operators that only a quantiser writes. */
export function quantisedOperators({ operators }: FileFacts): string[] {
  return [...operators.keys()].filter((op) => QUANTISED.test(op));
}

/** No operators of `found`, which are called `what`. */
export function without(what: string, found: readonly string[]): Mark {
  const text = found.length === 0 ? `no ${what}` : `${what}: ${found.join(", ")}`;
  return { supports: found.length === 0, text };
}

/** At least one operator of `found`, which are called `what`. */
export function withSome(what: string, found: readonly string[]): Mark {
  return { ...without(what, found), supports: found.length > 0 };
}

/** Operator set that a session of ONNX Runtime imports, used or not, when it saves the graph that it optimised. */
const SESSION_DOMAIN = "com.microsoft.nchwc";

/** Was the file written by a session of ONNX Runtime? */
export function isSavedBySession({ opsets }: FileFacts): boolean {
  return opsets.has(SESSION_DOMAIN);
}

/** The file is as its exporter wrote it, and not as a session saved it afterwards. */
export function isNotSavedBySession(facts: FileFacts): Mark {
  return without("marks of a saved session", isSavedBySession(facts) ? [SESSION_DOMAIN] : []);
}

/** What torch's tracing exporter leaves behind: operators of ai.onnx alone, and nothing done to the file afterwards. */
export function traced(facts: FileFacts): Mark[] {
  return [
    irVersion(facts, { below: DYNAMO_IR }),
    without("operators of other domains", foreignOperators(facts)),
    without("quantised operators", quantisedOperators(facts)),
    isNotSavedBySession(facts),
  ];
}

/** Symbolic sizes that optimum gives its token ids. */
const OPTIMUM_DIMS = "batch_size, sequence_length";

/** Does an input have the symbolic shape that optimum writes? */
export function hasOptimumDims({ inputs }: FileFacts): Mark {
  const supports = inputs.some(({ type }) => (type?.shape ?? []).join(", ") === OPTIMUM_DIMS);
  return { supports, text: `${supports ? "an" : "no"} input of symbolic shape [${OPTIMUM_DIMS}]` };
}

/** The opposite finding, in the same words. */
export function not({ supports, text }: Mark): Mark {
  return { supports: !supports, text };
}
