/** @file From networks and tasks to a transfer problem: trials drawn, states collected, directions laid out. */
import type {
  ExchangeSet,
  TransferDirection,
  TransferModel,
  TransferProblem,
  TransferSplit,
} from "../../align/transfer/problem.js";
import { present } from "../../errors.js";
import { matrix, takeRows } from "../../numeric/matrix.js";
import { i32 } from "../../numeric/vector.js";
import { stream } from "../../stats/stream.js";
import type { AlignmentRequest } from "./alignment-request.js";
import { continueFrom, type Rest } from "./continuation.js";
import { METHODS } from "./method.js";
import {
  collectStates,
  naturalMeans,
  SPLITS,
  TARGETS,
  type NaturalMeans,
  type NetworkStates,
  type RunsBySplit,
} from "./network-states.js";
import { restOf, type Episode } from "./episode.js";
import type { PlacedRun, RunTask } from "./placed-run.js";
import { startSubspaces } from "./starts.js";
import { commonValues, drawTrials, valueKey, type TrialSet } from "./trial-set.js";

/** A problem, and what else is known of its networks. */
export interface AlignmentSetUp {
  readonly problem: TransferProblem;
  readonly networks: readonly NetworkStates[];
  /** By place among the directions, within networks: episodes of the held-out trials once the whole state is exchanged. */
  readonly wholeEpisodes: readonly (Int32Array | undefined)[];
}

/**
 * Draws trials and runs every network over them once.
 *
 * @throws {@link PlanError} for variables that a task lacks or blocks that do not fit; {@link NumericsError} for states that
 * are not finite.
 */
export async function setUp(request: AlignmentRequest): Promise<AlignmentSetUp> {
  const random = stream(request.seed, "align-networks");
  const tasks = [...new Map(request.networks.map(({ task }) => [task.id, task])).values()];
  const targets = new Map(
    tasks.map((task) => [
      task.id,
      bySplit((split) => {
        const draw = random.fork(`targets/${task.id}/${split}`);
        return Array.from({ length: request.trials[split] }, () => task.draw(draw));
      }),
    ]),
  );
  const trials = new Map(
    tasks.flatMap((sourceTask) =>
      tasks.flatMap((targetTask) =>
        request.blocks.map((exchanged, block) => {
          const key = trialKey(sourceTask, targetTask, block);
          const own = present(targets.get(targetTask.id), "targets");
          const sets = bySplit((split) =>
            drawTrials(own[split], {
              ...{ sourceTask, targetTask, exchanged, renaming: request.renaming },
              random: random.fork(`sources/${key}/${split}`),
            }),
          );
          return [key, sets] as const;
        }),
      ),
    ),
  );
  if (request.nullBlock) {
    for (const task of tasks) {
      const own = present(targets.get(task.id), "targets");
      const exchanged = present(trials.get(trialKey(task, task, 0)), "trials of the first block");
      trials.set(
        trialKey(task, task, "rest"),
        bySplit((split) => unchangedTrials(own[split], exchanged[split], request, task)),
      );
    }
  }
  const networks: NetworkStates[] = [];
  for (const { steps, task } of request.networks) {
    await request.onStage?.(`running ${steps.network.name}`);
    const runs = new Map<string, RunsBySplit>([
      [TARGETS, present(targets.get(task.id), "targets")],
    ]);
    for (const [key, sets] of trials) {
      if (key.startsWith(`${task.id}→`))
        runs.set(
          key,
          bySplit((split) => sets[split].sources),
        );
    }
    networks.push(
      await collectStates(steps, runs, (values) => commonValues(task, values, request.renaming)),
    );
  }
  const starts = startSubspaces(networks, request.blocks, random);
  const parts = { request, trials, networks };
  const behaviours = request.networks.map((_, target) => restsInto(parts, target));
  const models = networks.map((own, i): TransferModel => {
    const { mean, sigma } = own.states.normalisation;
    return {
      ...{ name: own.steps.network.name, mean, sigma },
      start: present(starts[i], "start"),
      behaviour: continueFrom(
        own.steps,
        { rests: present(behaviours[i], "rests").rests, carry: own.targets.carry },
        "free",
      ),
    };
  });
  const means = networks.map(naturalMeans);
  const directions = layOut({ ...parts, means, firsts: behaviours.map(({ firsts }) => firsts) });
  let at = 0;
  return {
    networks,
    problem: {
      form: request.form,
      blocks: request.blocks.map(({ k }) => [at, (at += k)] as const),
      rest: METHODS[request.method].rest,
      learnsSize: request.learnsSize,
      models,
      directions,
      options: request.options,
      random: random.fork("learning"),
      signal: request.signal,
    },
    wholeEpisodes: directions.map(({ source, target, exchanges, sets }) => {
      if (source !== target) return undefined;
      const { task } = present(request.networks[target], "network");
      const key = `${trialKey(task, task, exchanges)}/whole`;
      const first = present(behaviours[target]?.firsts.get(key), key);
      return sets.test.episodes.map((_, i) => first + i);
    }),
  };
}

/** Trials of all pairs of tasks and blocks. */
type Trials = ReadonlyMap<string, Readonly<Record<TransferSplit, TrialSet>>>;

interface Parts {
  readonly request: AlignmentRequest;
  readonly trials: Trials;
  readonly networks: readonly NetworkStates[];
}

function bySplit<T>(make: (split: TransferSplit) => T): Readonly<Record<TransferSplit, T>> {
  return { train: make("train"), validation: make("validation"), test: make("test") };
}

/** Trials after which the targets should go on as they are. */
function unchangedTrials(
  targets: readonly PlacedRun[],
  { sources }: TrialSet,
  { renaming }: AlignmentRequest,
  task: RunTask,
): TrialSet {
  const rests = targets.map(({ run, place }) => restOf(run, place));
  return {
    ...{ sources, rests, wholeRests: rests },
    values: targets.map(({ values }) => commonValues(task, values, renaming)),
  };
}

function trialKey(source: RunTask, target: RunTask, block: number | "rest"): string {
  return `${source.id}→${target.id}/${block}`;
}

/** All rests that a network may be asked to go on with, and where those of each purpose and split begin. */
function restsInto(
  { request, trials, networks }: Parts,
  target: number,
): { readonly rests: readonly Rest[]; readonly firsts: ReadonlyMap<string, number> } {
  const { task } = present(request.networks[target], "network");
  const { targets, rows } = present(networks[target], "states");
  const rests: Rest[] = [];
  const firsts = new Map<string, number>();
  const places = present(rows.get(TARGETS), TARGETS);
  for (const [key, sets] of trials) {
    if (!key.includes(`→${task.id}/`)) continue;
    const append = (name: string, split: TransferSplit, episodes: readonly Episode[]): void => {
      firsts.set(`${key}/${name}`, rests.length);
      const [first] = places[split];
      episodes.forEach((rest, i) => {
        const place = first + i;
        rests.push({ ...rest, place, rightBefore: targets.rightBefore[place] === 1 });
      });
    };
    for (const split of SPLITS) append(split, split, sets[split].rests);
    append("whole", "test", sets.test.wholeRests);
  }
  return { rests, firsts };
}

function layOut({
  request,
  trials,
  networks,
  means,
  firsts,
}: Parts & {
  readonly means: readonly NaturalMeans[];
  readonly firsts: readonly ReadonlyMap<string, number>[];
}): readonly TransferDirection[] {
  const { weight } = METHODS[request.method];
  const indices = [...networks.keys()];
  const exchanges = (source: number, target: number): readonly (number | "rest")[] => [
    ...request.blocks.keys(),
    ...(request.nullBlock && source === target ? (["rest"] as const) : []),
  ];
  return indices.flatMap((target) =>
    indices.flatMap((source) =>
      exchanges(source, target).map((block): TransferDirection => {
        const from = present(request.networks[source], "source").task;
        const into = present(request.networks[target], "target").task;
        const key = trialKey(from, into, block);
        const sets = present(trials.get(key), key);
        const facts = { source, target, isClosed: request.closed.has(target) };
        const isMet =
          request.reference === undefined ||
          source === target ||
          [source, target].includes(request.reference);
        return {
          ...{ source, target, exchanges: block },
          weight: isMet ? weight(facts) : { behaviour: 0, latent: 0 },
          sets: bySplit((split) =>
            exchangeSet({
              trials: sets[split],
              first: present(firsts[target]?.get(`${key}/${split}`), "first episode"),
              target: present(networks[target], "target"),
              source: present(networks[source], "source"),
              means: present(means[target], "means"),
              ...{ key, split },
            }),
          ),
        };
      }),
    ),
  );
}

function exchangeSet({
  trials,
  first,
  target,
  source,
  means,
  key,
  split,
}: {
  readonly trials: TrialSet;
  readonly first: number;
  readonly target: NetworkStates;
  readonly source: NetworkStates;
  readonly means: NaturalMeans;
  readonly key: string;
  readonly split: TransferSplit;
}): ExchangeSet {
  const n = trials.rests.length;
  const rowsOf = (of: NetworkStates, purpose: string): Int32Array => {
    const [from] = present(of.rows.get(purpose), purpose)[split];
    return Int32Array.from({ length: n }, (_, i) => from + i);
  };
  const d = target.states.dModel;
  const natural = matrix(n, d);
  const hasNatural = Uint8Array.from(trials.values, (values, i) => {
    const group = means.index.get(valueKey(values, Object.keys(values)));
    if (group === undefined || i32(means.groups.counts, group) === 0) return 0;
    natural.data.set(means.groups.means.data.subarray(group * d, (group + 1) * d), i * d);
    return 1;
  });
  return {
    episodes: Int32Array.from({ length: n }, (_, i) => first + i),
    target: takeRows(target.states.normalised, rowsOf(target, TARGETS)),
    source: takeRows(source.states.normalised, rowsOf(source, key)),
    ...{ natural, hasNatural },
  };
}
