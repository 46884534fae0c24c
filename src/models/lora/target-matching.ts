/**
 * @file Which modules an adapter changes, and by which factor: PEFT's own rules, `check_target_module_exists`,
 * `get_pattern_key` and `update_layer` of PEFT 0.21.
 */
import type { AdapterConfig } from "./adapter-config.js";
import { NamePatterns } from "./name-patterns.js";

/** A module that could be adapted. */
export interface Candidate {
  readonly path: string;
  /** The head: `"all-linear"` leaves it out. */
  readonly isHead: boolean;
  readonly isLinear: boolean;
}

/** `path` is `ending`, or ends in it at a dot. */
function endsIn(path: string, ending: string): boolean {
  return path === ending || path.endsWith(`.${ending}`);
}

/** Paths of the modules that the configuration targets. @throws {@link ModelFormatError} for an unusable pattern. */
export function targetedModules(
  config: AdapterConfig,
  candidates: readonly Candidate[],
): Set<string> {
  const patterns = new NamePatterns(config.path);
  const paths = candidates.map(({ path }) => path);
  const excluded = new Set([
    ...byList(config.excluded, paths, patterns),
    ...config.saved.flatMap((name) => [
      ...patterns.match(`(?:.*\\.)?${name}(?:\\..*)?`, paths).keys(),
    ]),
  ]);
  return new Set(included(config, candidates, patterns).filter((path) => !excluded.has(path)));
}

/** Paths that a list of endings, or one pattern over the whole path, names. */
function byList(
  list: string | readonly string[],
  paths: readonly string[],
  patterns: NamePatterns,
): string[] {
  if (typeof list === "string") return list === "" ? [] : [...patterns.match(list, paths).keys()];
  return paths.filter((path) => list.some((ending) => endsIn(path, ending)));
}

function included(
  config: AdapterConfig,
  candidates: readonly Candidate[],
  patterns: NamePatterns,
): string[] {
  const { targets, layers } = config;
  if (typeof targets === "string" && targets.toLowerCase() === "all-linear")
    return candidates.filter(({ isHead, isLinear }) => isLinear && !isHead).map(({ path }) => path);
  const paths = candidates.map(({ path }) => path);
  const named = byList(targets, paths, patterns);
  if (typeof targets === "string" || layers === undefined) return named;
  const indices = layerIndices(config, named, patterns);
  // a path that is listed in full is taken whatever its layer
  return named.filter((path) => targets.includes(path) || layers.includes(indices.get(path) ?? -1));
}

/** Number of the layer that each path lies in; the first pattern that matches decides. */
function layerIndices(
  { layersPatterns }: AdapterConfig,
  paths: readonly string[],
  patterns: NamePatterns,
): Map<string, number> {
  const sources =
    layersPatterns.length === 0
      ? [".*?\\.[^.]*\\.(?<idx>\\d+)\\..*"]
      : layersPatterns.map((pattern) => `(?:.*?\\.)?${pattern}\\.(?<idx>\\d+)\\..*`);
  const indices = new Map<string, number>();
  for (const source of sources) {
    for (const [path, index] of patterns.match(source, paths))
      if (!indices.has(path)) indices.set(path, Number(index));
  }
  return indices;
}

/** Rank of an adapted module and the factor s of its product. */
export interface Scaling {
  readonly rank: number;
  readonly scale: number;
}

/** Rank and factor of each path: α/r, or α/√r where rank-stabilised. */
export function scalings(config: AdapterConfig, paths: readonly string[]): Map<string, Scaling> {
  const ranks = patterned(config.path, config.rankPattern, paths);
  const alphas = patterned(config.path, config.alphaPattern, paths);
  return new Map(
    paths.map((path) => {
      const rank = ranks.get(path) ?? config.r;
      const alpha = alphas.get(path) ?? config.alpha;
      return [path, { rank, scale: alpha / (config.rankStabilised ? Math.sqrt(rank) : rank) }];
    }),
  );
}

function patterned(
  where: string,
  rows: AdapterConfig["rankPattern"],
  paths: readonly string[],
): Map<string, number> {
  const patterns = new NamePatterns(where);
  const values = new Map<string, number>();
  for (const [pattern, value] of rows) {
    for (const path of patterns.match(`(?:.*\\.)?(?:${pattern})`, paths).keys())
      if (!values.has(path)) values.set(path, value);
  }
  return values;
}
