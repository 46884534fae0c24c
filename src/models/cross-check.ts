/**
 * @file What was found against what is claimed: types of the sites, number of blocks, past inputs, configuration.
 */
import { LocateError } from "../errors.js";
import type { Value, ValueType } from "../onnx/graph.js";
import { isFloat } from "../onnx/tensor.js";
import type { Configuration } from "./configuration.js";
import type { FeedPlan, Finding } from "./located.js";

/** Sizes found in the graph. */
export interface FoundSizes {
  readonly nLayers: number;
  readonly dModel: number;
  readonly vocab: number;
}

/**
 * Returns the width that all sites share.
 *
 * @throws {@link LocateError} when a site is no float `[batch, token, dModel]`, or widths differ; all of them at once.
 */
export function checkSiteTypes(sites: readonly Value[], types: readonly ValueType[]): number {
  const width = types[0]?.shape?.at(-1);
  const wrong = sites.flatMap((site, l) => {
    const { dtype, shape } = types[l] ?? { dtype: "bool" as const };
    const fits = isFloat(dtype) && shape?.length === 3 && shape[2] === width;
    return fits
      ? []
      : [
          `layer ${l} "${site.name}": ${dtype} [${(shape ?? []).map((dim) => dim ?? "?").join(", ")}]`,
        ];
  });
  if (wrong.length === 0 && typeof width === "number") return width;
  throw new LocateError("the values found are not residual states", {
    code: "SITE_TYPE",
    expected: "a float tensor [batch, token, dModel] after every block, of one width",
    found: wrong.slice(0, 8).join("; ") || "no known width",
    hint: "run `mas-audit inspect` on the model and report what it prints",
  });
}

/**
 * Compares what was found with what the inputs and the configuration claim; returns a finding for each claim.
 *
 * @throws {@link LocateError} when a claim that locates the stream is contradicted.
 */
export function checkClaims(
  found: FoundSizes,
  feeds: FeedPlan,
  configuration: Configuration | undefined,
): Finding[] {
  const past = feeds.past.reduce((pairs, { dims }) => pairs + (dims.length === 5 ? 1 : 0.5), 0);
  const claims = [
    { what: "blocks", found: found.nLayers, claimed: past || undefined, source: "past inputs" },
    ...(configuration === undefined
      ? []
      : [
          {
            what: "blocks",
            found: found.nLayers,
            claimed: configuration.nLayers,
            source: configuration.file,
          },
          {
            what: "dModel",
            found: found.dModel,
            claimed: configuration.dModel,
            source: configuration.file,
          },
        ]),
  ].flatMap((row) => (row.claimed === undefined ? [] : [{ ...row, claimed: row.claimed }]));
  const wrong = claims.filter((row) => row.found !== row.claimed);
  if (wrong.length > 0) {
    throw new LocateError("the residual stream found contradicts what the model says of itself", {
      code: "CROSS_CHECK",
      expected: wrong.map((row) => `${row.what} = ${row.claimed} (${row.source})`).join("; "),
      found: wrong.map((row) => `${row.what} = ${row.found}`).join("; "),
      hint: "if the configuration belongs to another model, move it away; otherwise the graph has a form that is not understood yet",
    });
  }
  const agreed = claims.map((row): Finding => ({
    supports: true,
    text: `${row.what} = ${row.found}, as ${row.source} say${row.source === "past inputs" ? "" : "s"}`,
  }));
  const vocab = configuration?.vocab;
  return vocab === undefined || vocab === found.vocab
    ? agreed
    : [
        ...agreed,
        {
          supports: false,
          text: `logits over ${found.vocab} tokens; ${configuration?.file ?? ""} says ${vocab}`,
        },
      ];
}
