/**
 * @file A result against the result of an earlier audit: what got worse, what got better, what is new, what is gone.
 *
 * Both are judged by the policy of the newer one, so that words differ because measures do. Words decide first: a
 * variable or a site that falls from a better word to a worse one got worse; but where a variable was not examined at
 * the same sites, its word may differ for that alone, and only the sites that both have decide. Where the words rank
 * alike, figures decide: the rates of both exchanges with the base and of the tuned model's own maps, each tested for a difference,
 * corrected by Holm over all figures of the comparison at the policy's confidence.
 */
import { present } from "../errors.js";
import type { CellMeasures } from "../measure/measures.js";
import { holm } from "../stats/multiplicity.js";
import { judge } from "../verdict/run.js";
import type { SiteVerdict, VariableVerdict, VariableWord } from "../verdict/verdicts.js";
import { compareFigures, type RawFigure } from "./baseline-figures.js";
import { filesOf, remarkDifferences } from "./baseline-remarks.js";
import { digestRepeatable } from "./repeatable.js";
import type {
  Change,
  Comparison,
  FigureComparison,
  SiteComparison,
  VariableComparison,
} from "./schema-comparison.js";
import type { Result } from "./schema.js";

/** How well a word speaks of the tuned model; words in the middle say neither that it works nor that it does not. */
const RANK: Readonly<Record<VariableWord, number>> = {
  fails: 0,
  lost: 0,
  inconclusive: 1,
  "not-measurable": 1,
  absent: 1,
  gained: 1,
  moved: 2,
  transfers: 3,
};

/** Draws of intervals that no comparison reads; the least that there can be. */
const FEWEST_DRAWS = 2;

/**
 * Compares a judged result with an earlier one; pure, and silent about nothing: what makes them hard to compare is
 * among the remarks.
 *
 * @throws {@link InvariantError} where the measures of the baseline contradict each other; check it before.
 */
export function compareResults(after: Result, before: Result): Comparison {
  // excuses change no word, and waivers would need a day
  const policy = { ...after.policy, allow: [], waivers: [] };
  const judged = { ...before, ...judge(before, policy, { draws: FEWEST_DRAWS }) };
  const drafts = pairVariables(after.variables, judged.variables).map((pair) =>
    draftVariable(pair, { after, before: judged }),
  );
  return {
    baseline: { result: digestRepeatable(before), version: before.manifest.tool.version },
    remarks: [...remarkDifferences(before, after)],
    variables: finish(drafts, after.policy.confidence),
  };
}

/** The variables of a comparison that got worse. */
export function worseVariables({ variables }: Comparison): readonly VariableComparison[] {
  return variables.filter(({ change }) => change === "worse");
}

interface Sides<T> {
  readonly before?: T;
  readonly after?: T;
}

/** Those of the result in its order, then those that only the baseline has. */
function pairVariables(
  after: readonly VariableVerdict[],
  before: readonly VariableVerdict[],
): readonly Sides<VariableVerdict>[] {
  const isSame = (a: VariableVerdict, b: VariableVerdict): boolean =>
    a.audit === b.audit && a.variable === b.variable;
  const gone = before.filter((old) => !after.some((now) => isSame(old, now)));
  return [
    ...after.map((now) =>
      join(
        now,
        before.find((old) => isSame(old, now)),
      ),
    ),
    ...gone.map((old) => ({ before: old })),
  ];
}

function join<T>(after: T, before: T | undefined): Sides<T> {
  return before === undefined ? { after } : { after, before };
}

/** The same place at the same k; else, where each side has one site at the place, those two. */
function pairSites(
  after: readonly SiteVerdict[],
  before: readonly SiteVerdict[],
): readonly Sides<SiteVerdict>[] {
  const isSamePlace = (a: SiteVerdict, b: SiteVerdict): boolean =>
    a.layer === b.layer && a.role === b.role && a.seed === b.seed;
  const findEarlier = (now: SiteVerdict): SiteVerdict | undefined => {
    const old = before.filter((site) => isSamePlace(site, now));
    const isAlone = old.length === 1 && after.filter((one) => isSamePlace(one, now)).length === 1;
    return old.find(({ k }) => k === now.k) ?? (isAlone ? old[0] : undefined);
  };
  const pairs = after.map((now) => join(now, findEarlier(now)));
  const gone = before.filter((old) => !pairs.some((pair) => pair.before === old));
  return [...pairs, ...gone.map((old) => ({ before: old }))];
}

interface DraftSite {
  readonly sides: Sides<SiteVerdict>;
  readonly figures: readonly RawFigure[];
}

interface DraftVariable {
  readonly sides: Sides<VariableVerdict>;
  readonly sites: readonly DraftSite[];
}

interface Results {
  readonly after: Result;
  readonly before: Result;
}

function draftVariable(sides: Sides<VariableVerdict>, results: Results): DraftVariable {
  const pairs = pairSites(sides.after?.sites ?? [], sides.before?.sites ?? []);
  const { audit, variable } = present(sides.after ?? sides.before, "side of a comparison");
  const isSameMaterial = hasSameMaterial(results, audit);
  const { confidence } = results.after.policy;
  const sites = pairs.map((pair): DraftSite => {
    const before = findCell(results.before, { audit, variable, site: pair.before });
    const after = findCell(results.after, { audit, variable, site: pair.after });
    const figures =
      before === undefined || after === undefined
        ? []
        : compareFigures({ before, after, isSameMaterial, confidence });
    return { sides: pair, figures };
  });
  return { sides, sites };
}

/** Trials can be the same only where the same items were drawn, and filtered by the same base. */
function hasSameMaterial({ after, before }: Results, audit: string): boolean {
  const materialOf = (result: Result): string => {
    const { audits, seed, options, tokenizer } = result.manifest;
    const digest = audits.find(({ id }) => id === audit)?.sha256;
    return JSON.stringify([digest, seed, options["items"], tokenizer, filesOf(result, "base")]);
  };
  return materialOf(after) === materialOf(before);
}

function findCell(
  { cells }: Result,
  {
    audit,
    variable,
    site,
  }: {
    readonly audit: string;
    readonly variable: string;
    readonly site: SiteVerdict | undefined;
  },
): CellMeasures | undefined {
  if (site === undefined) return undefined;
  return cells.find(
    ({ cell }) =>
      cell.audit === audit &&
      cell.variable === variable &&
      cell.layer === site.layer &&
      cell.role === site.role &&
      cell.k === site.k &&
      cell.seed === site.seed,
  );
}

/** Corrects all figures together, and calls every figure, site and variable. */
function finish(drafts: readonly DraftVariable[], confidence: number): VariableComparison[] {
  const figures = drafts.flatMap(({ sites }) => sites.flatMap((site) => site.figures));
  const adjusted = new Map(
    holm(figures.map(({ p }) => p)).map((p, i) => [present(figures[i], "figure"), p]),
  );
  const call = (figure: RawFigure): FigureComparison => {
    const adjustedP = present(adjusted.get(figure), "adjusted p-value");
    return { ...figure, adjustedP, change: callFigure(figure, adjustedP < 1 - confidence) };
  };
  return drafts.map(({ sides, sites }) =>
    finishVariable(
      sides,
      sites.map((site) => finishSite(site.sides, site.figures.map(call))),
    ),
  );
}

function callFigure(
  { before, after }: RawFigure,
  isDifferent: boolean,
): FigureComparison["change"] {
  if (!isDifferent) return "same";
  return after.hits / after.n < before.hits / before.n ? "worse" : "better";
}

function finishSite(sides: Sides<SiteVerdict>, figures: FigureComparison[]): SiteComparison {
  const { before, after } = sides;
  const { layer, role, k, seed } = present(after ?? before, "side of a site");
  const isOtherK = before !== undefined && after !== undefined && before.k !== after.k;
  return {
    ...{ layer, role, k, seed },
    change: callChange(
      sides,
      figures.map(({ change }) => change),
    ),
    ...wordsOf(sides),
    ...(isOtherK ? { kBefore: before.k } : {}),
    figures,
  };
}

function finishVariable(
  sides: Sides<VariableVerdict>,
  sites: SiteComparison[],
): VariableComparison {
  const { audit, variable } = present(sides.after ?? sides.before, "side of a variable");
  const changes = sites.map(({ change }) => change);
  const common = changes.filter((each) => each !== "new" && each !== "gone");
  const isOnBothSides = sides.before !== undefined && sides.after !== undefined;
  // without any site in common the words are all that there is
  const isBySites = isOnBothSides && common.length > 0 && common.length < changes.length;
  const change = isBySites ? callFromBelow(common) : callChange(sides, changes);
  return { audit, variable, change, ...wordsOf(sides), sites };
}

function wordsOf({ before, after }: Sides<{ readonly verdict: VariableWord }>): {
  before?: VariableWord;
  after?: VariableWord;
} {
  return {
    ...(before === undefined ? {} : { before: before.verdict }),
    ...(after === undefined ? {} : { after: after.verdict }),
  };
}

/** By words where they rank differently, else by what stands below: one that got worse outweighs any that got better. */
function callChange(
  { before, after }: Sides<{ readonly verdict: VariableWord }>,
  below: readonly Change[],
): Change {
  if (before === undefined) return "new";
  if (after === undefined) return "gone";
  const step = RANK[after.verdict] - RANK[before.verdict];
  if (step !== 0) return step < 0 ? "worse" : "better";
  return callFromBelow(below);
}

function callFromBelow(below: readonly Change[]): Change {
  if (below.includes("worse")) return "worse";
  return below.includes("better") ? "better" : "same";
}
