/**
 * @file Which layers are examined: the text of `--layers`, checked twice. Its form is known at once; whether the
 * layers exist is known when the model is.
 *
 * Layers are sites 0 … L: 0 is the embedding output, l the stream after block l. Both general forms leave out 0 and
 * end at L where they can: at 0 a state is still the token itself, so that a swap there only asks whether the model
 * reads its input; after the last block stands the state that the head reads, the end of every curve.
 */
import { PlanError } from "../errors.js";
import { didYouMean } from "./did-you-mean.js";
import { throwProblems, type Problem } from "./problems.js";

/** A checked layer spec. */
export type LayerSpec =
  | { readonly kind: "all" }
  | { readonly kind: "every"; readonly step: number }
  | { readonly kind: "spread"; readonly count: number }
  | { readonly kind: "list"; readonly ranges: readonly LayerRange[] };

/** Layers `first` to `last`, both included; `text` as typed. */
interface LayerRange {
  readonly first: number;
  readonly last: number;
  readonly text: string;
}

const FLAG = "--layers";
const FORMS = 'layers such as "3,7-9", "every:4", "spread:8" or "all"';

/**
 * Reads the text of `--layers`.
 *
 * @returns the spec, or every mistake in it.
 */
export function parseLayerSpec(text: string): LayerSpec | readonly Problem[] {
  if (text === "all") return { kind: "all" };
  const counted = /^(every|spread):([1-9]\d{0,5})$/.exec(text);
  if (counted !== null) {
    const n = Number(counted[2]);
    return counted[1] === "every" ? { kind: "every", step: n } : { kind: "spread", count: n };
  }
  const word = /^[a-z]+/i.exec(text)?.[0];
  if (word !== undefined) return [wordProblem(text, word)];
  const ranges = text.split(",").map(parseRange);
  const problems = ranges.filter((range) => "what" in range);
  if (problems.length > 0) return problems;
  return { kind: "list", ranges: ranges.filter((range) => "first" in range) };
}

/** `every:x` has the right word and a wrong number; `evry:4` the other way round. */
function wordProblem(text: string, word: string): Problem {
  const names = ["every", "spread", "all"];
  const problem = { what: FLAG, expected: FORMS, found: JSON.stringify(text) };
  return names.includes(word) ? problem : { ...problem, ...didYouMean(word, names) };
}

function parseRange(text: string): LayerRange | Problem {
  const found = JSON.stringify(text);
  const match = /^(\d{1,6})(?:-(\d{1,6}))?$/.exec(text.trim());
  if (match === null) return { what: FLAG, expected: FORMS, found };
  const first = Number(match[1]);
  const last = Number(match[2] ?? match[1]);
  if (first <= last) return { first, last, text: text.trim() };
  return {
    what: FLAG,
    expected: "a range from low to high",
    found,
    hint: `did you mean "${last}-${first}"?`,
  };
}

/**
 * The layers of a spec in a model of `nLayers` blocks, ascending, each once, within 0 … nLayers.
 *
 * @throws {@link PlanError} for a layer that does not exist or is named twice; all such layers at once.
 */
export function resolveLayers(spec: LayerSpec, nLayers: number): readonly number[] {
  switch (spec.kind) {
    case "all":
      return count(0, nLayers);
    case "every":
      return everyLayer(spec.step, nLayers);
    case "spread":
      return spreadLayers(spec.count, nLayers);
    case "list":
      return listLayers(spec.ranges, nLayers);
  }
}

/** Multiples of `step` up to L. */
function everyLayer(step: number, nLayers: number): readonly number[] {
  if (step > nLayers) {
    throw new PlanError(FLAG, {
      code: "NO_SUCH_LAYER",
      expected: `a step from 1 to ${nLayers} (the model has ${nLayers} blocks)`,
      found: `"every:${step}"`,
    });
  }
  return count(1, Math.floor(nLayers / step)).map((i) => i * step);
}

/** `wanted` layers in even steps that end at L; all of 1 … L where the model has no more than that. */
function spreadLayers(wanted: number, nLayers: number): readonly number[] {
  const n = Math.min(wanted, nLayers);
  return count(1, n).map((i) => Math.round((i * nLayers) / n));
}

function listLayers(ranges: readonly LayerRange[], nLayers: number): readonly number[] {
  const missing = ranges.filter((range) => range.last > nLayers);
  throwProblems(
    missing.map((range) => ({
      what: FLAG,
      expected: `layers from 0 (embedding) to ${nLayers} (after the last block)`,
      found: JSON.stringify(range.text),
      ...(range.first <= nLayers && range.first < range.last
        ? { hint: `did you mean "${range.first}-${nLayers}"?` }
        : {}),
    })),
    { kind: "plan", code: "NO_SUCH_LAYER", of: FLAG },
  );
  const layers = ranges.flatMap(({ first, last }) => count(first, last));
  const twice = layers.filter((layer, i) => layers.indexOf(layer) < i);
  if (twice.length > 0) {
    throw new PlanError(FLAG, {
      code: "LAYER_TWICE",
      expected: "every layer once",
      found: `layer ${[...new Set(twice)].join(", ")} more than once`,
    });
  }
  return layers.sort((a, b) => a - b);
}

/** `layers`, ascending, as `--layers` reads them: `"3,7-9"`. */
export function layersText(layers: readonly number[]): string {
  const ranges: { first: number; last: number }[] = [];
  for (const layer of layers) {
    const range = ranges.at(-1);
    if (range?.last === layer - 1) range.last = layer;
    else ranges.push({ first: layer, last: layer });
  }
  return ranges
    .map(({ first, last }) => (first === last ? String(first) : `${first}-${last}`))
    .join(",");
}

/** Integers first … last. */
function count(first: number, last: number): number[] {
  return Array.from({ length: Math.max(0, last - first + 1) }, (_, i) => first + i);
}
