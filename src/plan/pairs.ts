/**
 * @file Pairs (target, source) of one split for an interchange of one variable: seeded, distinct, balanced over target
 * value × source value. Counterfactual of a pair: the answer to the target's values with the variable's value taken
 * from the source.
 */
import { present } from "../errors.js";
import type { Stream } from "../stats/stream.js";
import type { Assignment, Scalar } from "./audit.js";

/** Which answer (class index) belongs to which values: the causal table, or a model's own. */
export type AnswerTable = (values: Assignment) => number;

/** Indexes into the items, and the class index that the patched target should answer. */
export interface Pair {
  readonly target: number;
  readonly source: number;
  readonly label: number;
}

/** What pairs are made from. */
export interface PairPlan {
  /** All items of the audit; pairs hold indexes into this list. */
  readonly items: readonly { readonly values: Assignment }[];
  /** Indexes of the items that may be used (one part of a split). */
  readonly members: readonly number[];
  readonly variable: string;
  readonly table: AnswerTable;
  readonly stream: Stream;
  /** Pairs wanted; fewer come back where fewer exist. */
  readonly n: number;
}

/** `n` pairs whose counterfactual differs from the target's own answer under the same table: the ones that count. */
export function changedPairs(plan: PairPlan): readonly Pair[] {
  const values = valuesOf(plan);
  const changes = (target: number, to: Scalar): boolean =>
    plan.table({ ...valuesAt(plan, target), [plan.variable]: to }) !==
    plan.table(valuesAt(plan, target));
  const cells = values.flatMap((from) =>
    values
      .filter((to) => to !== from)
      .map((to) => ({
        targets: having(plan, from).filter((target) => changes(target, to)),
        sources: having(plan, to),
      })),
  );
  return drawPairs(cells, plan);
}

/** `n` pairs of two different items that hold the same value: the swap must change nothing. */
export function samePairs(plan: PairPlan): readonly Pair[] {
  const cells = valuesOf(plan).map((value) => ({
    targets: having(plan, value),
    sources: having(plan, value),
  }));
  return drawPairs(cells, plan);
}

/**
 * Pairs to learn from, changed and same in turn, so that every even-sized batch is half of each. With changed pairs
 * only, a binary variable could be learnt by flipping it whatever the source says.
 * `n` is rounded down to even; where one kind is scarcer, both are cut to its number.
 */
export function trainingPairs(plan: PairPlan): readonly Pair[] {
  const half = { ...plan, n: Math.floor(plan.n / 2) };
  const changed = changedPairs({ ...half, stream: plan.stream.fork("changed") });
  const same = samePairs({ ...half, stream: plan.stream.fork("same") });
  return changed.flatMap((pair, i) => {
    const other = same[i];
    return other === undefined ? [] : [pair, other];
  });
}

/**
 * `n` pairs whose answer must stay: the target keeps its own answer whatever value of the variable the source brings,
 * while the source itself has another answer, which other variables decide. A swap that changes the answer here carries
 * more than the variable under test. Empty where no other variable decides the answer.
 */
export function isolationPairs(plan: PairPlan): readonly Pair[] {
  const { variable, table } = plan;
  const kinds = new Map<string, { readonly values: Assignment; readonly members: number[] }>();
  for (const index of plan.members) {
    const values = valuesAt(plan, index);
    const name = JSON.stringify(Object.entries(values).sort());
    const known = kinds.get(name) ?? { values, members: [] };
    known.members.push(index);
    kinds.set(name, known);
  }
  const all = [...kinds.values()];
  const cells = all.flatMap((target) =>
    all
      .filter((source) => {
        const brought = present(source.values[variable], variable);
        const own = table(target.values);
        return (
          table({ ...target.values, [variable]: brought }) === own && table(source.values) !== own
        );
      })
      .map((source) => ({ targets: target.members, sources: source.members })),
  );
  return drawPairs(cells, plan);
}

/** Candidates of one target value and one source value. */
interface Cell {
  readonly targets: readonly number[];
  readonly sources: readonly number[];
}

/** One pair of each cell in turn, until `n` are drawn or all cells are spent; every prefix of the list is balanced too. */
function drawPairs(cells: readonly Cell[], plan: PairPlan): readonly Pair[] {
  const open = plan.stream
    .shuffle(cells)
    .map(({ targets, sources }) =>
      distinctPairs(plan.stream.shuffle(targets), plan.stream.shuffle(sources)),
    );
  const pairs: Pair[] = [];
  let isSpent = false;
  while (!isSpent && pairs.length < plan.n) {
    isSpent = true;
    for (const cell of open) {
      const next = pairs.length < plan.n ? cell.next() : undefined;
      if (next === undefined || next.done === true) continue;
      isSpent = false;
      pairs.push(label(next.value, plan));
    }
  }
  return pairs;
}

/**
 * All pairs of two lists, none twice, none of an item with itself. Every run of `targets.length` pairs uses each
 * target once, with its source as far along: after lcm(T, S) steps the same pair would come back, so sources move on
 * by one there.
 */
function* distinctPairs(
  targets: readonly number[],
  sources: readonly number[],
): Generator<readonly [target: number, source: number], undefined> {
  const round = lcm(targets.length, sources.length);
  for (let i = 0; i < targets.length * sources.length; i++) {
    const shift = Math.floor(i / round);
    const target = present(targets[i % targets.length], "target");
    const source = present(sources[(i + shift) % sources.length], "source");
    if (target !== source) yield [target, source];
  }
  return undefined;
}

function lcm(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return x === 0 ? 1 : (a / x) * b;
}

function label([target, source]: readonly [number, number], plan: PairPlan): Pair {
  const { variable } = plan;
  const taken = present(valuesAt(plan, source)[variable], `value of ${variable}`);
  return {
    target,
    source,
    label: plan.table({ ...valuesAt(plan, target), [variable]: taken }),
  };
}

function valuesAt({ items }: PairPlan, index: number): Assignment {
  return present(items[index], `item ${index}`).values;
}

function valuesOf(plan: PairPlan): readonly Scalar[] {
  const { members, variable } = plan;
  return [...new Set(members.map((i) => present(valuesAt(plan, i)[variable], variable)))];
}

function having(plan: PairPlan, value: Scalar): readonly number[] {
  return plan.members.filter((i) => valuesAt(plan, i)[plan.variable] === value);
}
