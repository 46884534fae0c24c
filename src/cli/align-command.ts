/** @file `mas-audit align`: small networks whose symbolic models are known, aligned with one another. */
import { setImmediate } from "node:timers/promises";
import { TRANSFER_DEFAULTS } from "../align/transfer/problem.js";
import { MAP_FORMS } from "../align/maps/forms.js";
import { PlanError, present } from "../errors.js";
import { alignNetworks } from "../measure/networks/align-networks.js";
import {
  TRIAL_COUNTS,
  type AlignmentRequest,
  type TaskedNetwork,
} from "../measure/networks/alignment-request.js";
import { featureRuns, sequenceRuns, type RunTask } from "../measure/networks/placed-run.js";
import type { Block } from "../measure/networks/starts.js";
import { openSteps } from "../measure/networks/steps.js";
import type { Renaming } from "../measure/networks/trial-set.js";
import { readNetwork } from "../models/network/network.js";
import { didYouMean, listNames } from "../plan/did-you-mean.js";
import type { FeatureTask } from "../plan/feature-task.js";
import type { SequenceTask } from "../plan/sequence-task.js";
import { chooseThreads } from "../plan/threads.js";
import { describeRun } from "../report/alignment-run.js";
import { ALIGNMENT_SCHEMA, type Alignment, type AlignmentRun } from "../report/schema-alignment.js";
import { DEFAULT_POLICY } from "../verdict/policy.js";
import { writeFileAtomic } from "../store/atomic.js";
import { encodeMaps, type SeedMaps } from "./align-maps.js";
import { checkNewFile } from "./new-file.js";
import { printAlignment } from "./align-text.js";
import type { AlignOptions, Io } from "./commands.js";
import { EXIT } from "./exit.js";
import { readMachine } from "./machine.js";
import { withStatusLine, type StatusLine } from "./status-line.js";

/** Tasks that small networks may read. */
export interface KnownTasks {
  readonly sequences: readonly SequenceTask[];
  readonly features: readonly FeatureTask[];
}

/** Aligns networks and prints what was found; exit code 0 whatever that is. @throws what reading and running throw. */
export async function alignCommand(
  options: AlignOptions,
  io: Io,
  tasks: KnownTasks,
): Promise<number> {
  for (const [flag, path] of [
    ["--maps", options.maps],
    ["--html", options.html],
  ] as const) {
    if (path !== null) checkNewFile(path, { flag, force: options.force });
  }
  const { alignment, maps } = await withStatusLine(io, options.quiet, (status) =>
    align(options, { tasks, status, signal: io.signal }),
  );
  if (options.maps !== null) writeFileAtomic(options.maps, encodeMaps(maps, options));
  if (options.html !== null) {
    const { renderAlignment } = await import("../report/html/align-page.js");
    writeFileAtomic(options.html, renderAlignment(alignment));
  }
  io.stdout.write(
    options.json ? `${JSON.stringify(alignment, null, 2)}\n` : printAlignment(alignment),
  );
  return EXIT.pass;
}

/** Where an alignment is told and stopped. */
interface Work {
  readonly tasks: KnownTasks;
  readonly status: StatusLine;
  readonly signal: AbortSignal;
}

/** Aligns networks, once per seed. */
async function align(
  options: AlignOptions,
  { tasks, status, signal }: Work,
): Promise<{ readonly alignment: Alignment; readonly maps: readonly SeedMaps[] }> {
  status.stage("reading the networks");
  const session = { threads: chooseThreads(options.threads, readMachine()) };
  const networks = options.networks.map((folder): TaskedNetwork => {
    const network = readNetwork(folder);
    return { steps: openSteps(network, session), task: findTask(tasks, network.task, folder) };
  });
  const names = networks.map(({ steps }) => steps.network.name);
  checkDistinct(names);
  try {
    const request = requestOf(options, { networks, names });
    const runs: AlignmentRun[] = [];
    const maps: SeedMaps[] = [];
    for (let i = 0; i < options.seeds; i++) {
      const seed = options.seed + i;
      const measures = await alignNetworks({
        ...{ ...request, seed, signal },
        onStage: async (stage) => {
          status.stage(options.seeds === 1 ? stage : `seed ${seed}: ${stage}`);
          await setImmediate(); // lets the line redraw and Ctrl-C arrive
        },
      });
      maps.push({ seed, maps: measures.maps, networks: measures.networks });
      runs.push(
        describeRun(measures, {
          ...{ seed, policy: DEFAULT_POLICY, blocks: request.blocks.map(({ name }) => name) },
          judgesPairs: options.method === "mas",
        }),
      );
    }
    const alignment: Alignment = {
      schema: ALIGNMENT_SCHEMA,
      ...{ method: options.method, map: options.map, closed: [...options.closed] },
      blocks: request.blocks.map(({ name, variables, k }) => ({
        ...{ name, variables: [...variables], k },
      })),
      ...(options.reference !== null && { reference: options.reference }),
      ...(options.stepwise && { stepwise: true }),
      runs,
    };
    return { alignment, maps };
  } finally {
    for (const { steps } of networks) await steps.release();
  }
}

/** @throws {@link PlanError} for a task that no symbolic model is known for. */
function findTask({ sequences, features }: KnownTasks, id: string, folder: string): RunTask {
  const known = [...sequences.map(sequenceRuns), ...features.map(featureRuns)];
  const found = known.find((task) => task.id === id);
  if (found !== undefined) return found;
  const ids = known.map((task) => task.id);
  throw new PlanError("no symbolic model is known for the task of a network", {
    code: "UNKNOWN_TASK",
    where: folder,
    expected: `one of ${listNames(ids)}`,
    found: JSON.stringify(id),
    hint: "correct /task in its network.json",
    ...didYouMean(id, ids),
  });
}

function checkDistinct(names: readonly string[]): void {
  const twice = names.find((name, i) => names.indexOf(name) < i);
  if (twice === undefined) return;
  throw new PlanError("two networks have one name", {
    code: "DUPLICATE_NAME",
    expected: "a name for each network",
    found: `"${twice}" twice`,
    hint: "give each network once, or another /name in its network.json",
  });
}

function requestOf(
  options: AlignOptions,
  {
    networks,
    names,
  }: { readonly networks: readonly TaskedNetwork[]; readonly names: readonly string[] },
): Omit<AlignmentRequest, "seed"> {
  const renaming = renamingOf(options);
  return {
    networks,
    method: options.method,
    form: present(
      MAP_FORMS.find(({ name }) => name === options.map),
      "map",
    ),
    blocks: blocksOf(options, { networks, renaming }),
    isStepwise: options.stepwise,
    ...{ nullBlock: options.nullBlock, learnsSize: options.learnSize, renaming },
    anySource: options.anySource,
    closed: new Set(options.closed.map((name) => indexOf(name, { names, flag: "--closed" }))),
    ...(options.reference !== null && {
      reference: indexOf(options.reference, { names, flag: "--reference" }),
    }),
    trials: { ...TRIAL_COUNTS, train: options.trainPairs, test: options.pairs },
    options: { ...TRANSFER_DEFAULTS, steps: options.steps, batch: options.batch },
  };
}

function renamingOf({ rename }: AlignOptions): Renaming {
  const tasks: Record<string, Record<string, string>> = {};
  for (const { task, own, common } of rename) (tasks[task] ??= {})[own] = common;
  return tasks;
}

function indexOf(
  name: string,
  { names, flag }: { readonly names: readonly string[]; readonly flag: string },
): number {
  const index = names.indexOf(name);
  if (index >= 0) return index;
  throw new PlanError(`${flag} names no network of this alignment`, {
    code: "UNKNOWN_NETWORK",
    expected: `one of ${listNames(names)}`,
    found: JSON.stringify(name),
    hint: "give the name that stands in its network.json",
    ...didYouMean(name, names),
  });
}

/** Blocks as asked for; or one of all variables that every task has. @throws {@link PlanError} where there are none. */
function blocksOf(
  { exchange, k }: AlignOptions,
  {
    networks,
    renaming,
  }: { readonly networks: readonly TaskedNetwork[]; readonly renaming: Renaming },
): readonly Block[] {
  if (exchange.length > 0) {
    return exchange.map((variables) => ({ name: variables.join("+"), variables, k }));
  }
  const lists = networks.map(({ task }) =>
    task.variables.map((name) => renaming[task.id]?.[name] ?? name),
  );
  const shared = (lists[0] ?? []).filter((name) => lists.every((own) => own.includes(name)));
  if (shared.length > 0) return [{ name: shared.join("+"), variables: shared, k }];
  throw new PlanError("the tasks of the networks share no variable", {
    code: "NO_SHARED_VARIABLE",
    expected: "a variable of one name in each task",
    found: lists.map((own) => listNames(own)).join("; "),
    hint: "give one another name, as in --rename arithmetic:value=count",
  });
}
