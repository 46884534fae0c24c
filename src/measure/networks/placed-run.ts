/** @file Runs of a task with a place where something may be exchanged: one shape for sequences and for features. */
import { present } from "../../errors.js";
import type { FeatureTask } from "../../plan/feature-task.js";
import type { SequenceTask, TaskSequence, TaskState } from "../../plan/sequence-task.js";
import type { Stream } from "../../stats/stream.js";
import { episodeOf, type Episode } from "./episode.js";

/** A natural run with a place, and what the symbolic model holds there. */
export interface PlacedRun {
  readonly run: Episode;
  readonly place: number;
  readonly values: TaskState;
  /** Whether the symbolic model can go on with these values of the source. */
  accepts(source: TaskState, variables: readonly string[]): boolean;
  /** The rest of the run, from the step of the place on, once the named variables have the source's values. */
  exchange(source: TaskState, variables: readonly string[], random: Stream): ExchangedRest;
}

/** How a run goes on after an exchange. */
export interface ExchangedRest {
  readonly rest: Episode;
  /** What the symbolic model holds then: natural states of these values are what a patched one should look like. */
  readonly values: TaskState;
}

/** A task that runs are drawn from. */
export interface RunTask {
  readonly id: string;
  readonly title: string;
  readonly variables: readonly string[];
  draw(random: Stream): PlacedRun;
  /** One with this place; undefined where the run drawn has it not. */
  drawAt(place: number, random: Stream): PlacedRun | undefined;
}

/** Runs of a task on sequences: a place is drawn uniformly from those that are exchangeable. */
export function sequenceRuns(task: SequenceTask): RunTask {
  const placesOf = (target: TaskSequence): number[] =>
    [...target.ids.keys()].filter((at) => task.exchangeable(target, at));
  return {
    ...{ id: task.id, title: task.title, variables: task.variables },
    draw(random) {
      const target = task.sample(random);
      return placeAt(task, target, random.pick(placesOf(target)));
    },
    drawAt(place, random) {
      const target = task.sample(random);
      return placesOf(target).includes(place) ? placeAt(task, target, place) : undefined;
    },
  };
}

function placeAt(task: SequenceTask, target: TaskSequence, at: number): PlacedRun {
  return {
    run: episodeOf(target),
    place: at,
    values: task.states(target.ids)[at] ?? {},
    accepts: (source, variables) => task.accepts({ target, at, source, variables }),
    exchange(source, variables, random) {
      const interchange = { target, at, source, variables };
      const { ids, scored } = task.counterfactual({ ...interchange, random });
      const rest = { ids: ids.slice(at), scored: scored.slice(at) };
      return { rest: episodeOf(rest), values: task.exchanged(interchange) };
    },
  };
}

/** Runs of a task on features: one step, and its place. */
export function featureRuns(task: FeatureTask): RunTask {
  const runs = {
    ...{ id: task.id, title: task.title, variables: task.variables },
    draw(random: Stream): PlacedRun {
      const { features, values } = task.sample(random);
      const answering = (state: TaskState): Episode => ({
        inputs: features,
        labels: Int32Array.of(task.outcome(state)),
      });
      return {
        run: answering(values),
        place: 0,
        values,
        accepts: (source, variables) => variables.every((name) => source[name] !== undefined),
        exchange(source, variables) {
          const taken = variables.map((name) => [name, present(source[name], name)] as const);
          const state: TaskState = { ...values, ...Object.fromEntries(taken) };
          return { rest: answering(state), values: state };
        },
      };
    },
  };
  // there is one step: every run has its place
  return { ...runs, drawAt: (_, random) => runs.draw(random) };
}
