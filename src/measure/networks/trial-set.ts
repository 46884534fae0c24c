/**
 * @file The trials between two tasks: targets with their places, and for each a source whose values change the target's.
 * All networks of one task read the same runs, so that directions are compared trial by trial.
 */
import { NumericsError, PlanError, present } from "../../errors.js";
import type { TaskState } from "../../plan/sequence-task.js";
import type { Stream } from "../../stats/stream.js";
import type { PlacedRun, RunTask } from "./placed-run.js";
import type { Episode } from "./episode.js";

/** What is exchanged together: one block of coordinates. */
export interface ExchangedVariable {
  /** As reports call it. */
  readonly name: string;
  /** Variables of the symbolic models. */
  readonly variables: readonly string[];
}

/** Other names for the variables of a task, by task and then by its own name: `{ arithmetic: { value: "count" } }`. */
export type Renaming = Readonly<Record<string, Readonly<Record<string, string>>>>;

/** Trials of one source task, one target task and one exchanged variable. */
export interface TrialSet {
  readonly sources: readonly PlacedRun[];
  /** The rest of each target's run after the exchange. */
  readonly rests: readonly Episode[];
  /** What the target's symbolic model holds then, under common names. */
  readonly values: readonly TaskState[];
  /**
   * The rest of each target's run once *all* variables have the source's values: what a whole state should bring. Within
   * one task only.
   */
  readonly wholeRests?: readonly Episode[];
}

/** A source for a target, and what it brings. */
interface DrawnPair {
  readonly source: PlacedRun;
  readonly rest: Episode;
  readonly values: TaskState;
  /** The rest once all variables are exchanged, within one task; drawn only where the pair is taken. */
  readonly whole: () => Episode | undefined;
  /** Whether it brings other values than the target has. */
  readonly changes: boolean;
}

/** Draws of a source for one target, before it is given up. */
const MOST_DRAWS = 1000;

/** The values of a run under the names that its task shares with others. */
export function commonValues(task: RunTask, values: TaskState, renaming: Renaming): TaskState {
  const names = renaming[task.id] ?? {};
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [names[name] ?? name, value]),
  );
}

/** The values that a source gives, under the names of the target's task. */
function valuesFor(task: RunTask, values: TaskState, renaming: Renaming): TaskState {
  const back = new Map(
    Object.entries(renaming[task.id] ?? {}).map(([own, common]) => [common, own]),
  );
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [back.get(name) ?? name, value]),
  );
}

/**
 * Pairs each target with a source that gives it other values (with `anySource`: with the first one that it accepts;
 * stepwise, with one at the same place, which changes something wherever one does).
 *
 * @throws {@link PlanError} for a variable that a task does not have; {@link NumericsError} where no source changes a
 * target.
 */
export function drawTrials(
  targets: readonly PlacedRun[],
  {
    sourceTask,
    targetTask,
    exchanged,
    renaming,
    anySource,
    isStepwise,
    random,
  }: {
    readonly sourceTask: RunTask;
    readonly targetTask: RunTask;
    readonly exchanged: ExchangedVariable;
    readonly renaming: Renaming;
    readonly anySource: boolean;
    /** Sources at the place of their target only. */
    readonly isStepwise: boolean;
    readonly random: Stream;
  },
): TrialSet {
  const own = exchanged.variables.map((name) => ownName(targetTask, name, renaming));
  for (const name of exchanged.variables) ownName(sourceTask, name, renaming);
  const all = sourceTask.id === targetTask.id ? targetTask.variables : undefined;
  const pair = (target: PlacedRun, source: PlacedRun): DrawnPair | undefined => {
    const given = commonValues(sourceTask, source.values, renaming);
    const taken = valuesFor(targetTask, given, renaming);
    if (!target.accepts(taken, own)) return undefined;
    if (all !== undefined && !target.accepts(taken, all)) return undefined;
    const { rest, values } = target.exchange(taken, own, random);
    if (!rest.labels.some((label) => label >= 0)) return undefined;
    const changes = own.some((name) => values[name] !== target.values[name]);
    const whole = (): Episode | undefined => all && target.exchange(taken, all, random).rest;
    return { source, rest, values, whole, changes };
  };
  const found = targets.map((target) => {
    let unchanging: DrawnPair | undefined;
    for (let draw = 0; draw < MOST_DRAWS; draw++) {
      const source = isStepwise ? sourceTask.drawAt(target.place, random) : sourceTask.draw(random);
      const drawn = source && pair(target, source);
      if (drawn === undefined) continue;
      if (anySource || drawn.changes) return { ...drawn, whole: drawn.whole() };
      unchanging ??= drawn;
    }
    // at one place of both runs there may be nothing else: a count that everybody has then
    if (isStepwise && unchanging !== undefined) {
      return { ...unchanging, whole: unchanging.whole() };
    }
    throw new NumericsError(`no source of ${sourceTask.id} changes a target of ${targetTask.id}`, {
      code: "NO_CHANGING_SOURCE",
      expected: `another value of ${own.join(", ")} within ${MOST_DRAWS} draws`,
      found: "the target's own values each time",
      hint: "exchange other variables, or tasks whose values vary",
    });
  });
  return {
    sources: found.map(({ source }) => source),
    rests: found.map(({ rest }) => rest),
    values: found.map(({ values }) => commonValues(targetTask, values, renaming)),
    ...(all !== undefined && {
      wholeRests: found.map(({ whole }) => present(whole, "rest after a whole exchange")),
    }),
  };
}

/** A task's own name of a variable under its common name. */
function ownName(task: RunTask, name: string, renaming: Renaming): string {
  const names = renaming[task.id] ?? {};
  const own = task.variables.find((variable) => (names[variable] ?? variable) === name);
  if (own !== undefined) return own;
  throw new PlanError(`the task ${task.id} has no variable "${name}"`, {
    code: "UNKNOWN_VARIABLE",
    where: task.id,
    expected: `one of ${task.variables.map((variable) => names[variable] ?? variable).join(", ")}`,
    found: name,
    hint: "choose --exchange names that all networks have, or rename one with --rename TASK:OWN=COMMON",
  });
}

/** One text per assignment of values to `names` (unless said otherwise, all of them); equal texts, equal values. */
export function valueKey(
  values: TaskState,
  names: readonly string[] = Object.keys(values).sort(),
): string {
  return names.map((name) => `${name}=${String(present(values[name], name))}`).join("|");
}
