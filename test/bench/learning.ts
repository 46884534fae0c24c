/**
 * @file Time until one cell is learned: to .95 of the held-out IIA that the better of two ways ends at, by ours (`learning-subject.ts`)
 * and by the author's. The author's way takes far too long to be run whole: its path is followed on the lean pass
 * (`peers/path.py`) for as many steps as are asked for, and each step of it is charged what `peers/author.py` takes for one on
 * the same pairs in the same run. Both count from prepared sessions; ours counts its closed form and its validations.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { ADAPTERS } from "../../adapters/index.js";
import { present } from "../../src/errors.js";
import { SIDES } from "../../src/measure/measures.js";
import { loadModel } from "../../src/models/load.js";
import { openLearning, type LearningSubject, type Moment } from "./learning-subject.js";
import type { BenchOptions } from "./options.js";
import { peerTask, type PeerTask } from "./peer-task.js";
import { startPeer, type Peer } from "./peer.js";
import { DEMO, type Report } from "./report.js";
import { sessionOf } from "./session-options.js";
import { digits, spell, spreadOf, type Spread } from "./spread.js";
import { timePeer } from "./step-peers.js";

/** Share of the final IIA that counts as learned. */
const LEARNED = 0.95;
/** Steps of the author's way between two looks. */
const WALK = 5;
const walked = z.object({ steps: z.number(), iia: z.number() });

/** How long each way takes, where it arrives. */
interface Author {
  readonly stepMs: Spread;
  /** Held-out IIA by step. */
  readonly path: readonly { readonly step: number; readonly iia: number }[];
}

/** Learns the cell `rounds` times, then follows the author's way once. */
export async function benchLearning(options: BenchOptions): Promise<Report> {
  const base = options.model ?? DEMO;
  const paths = { base, tuned: options.tuned ?? base };
  const models = {
    base: await loadModel(paths.base, { adapters: ADAPTERS }),
    tuned: await loadModel(paths.tuned, { adapters: ADAPTERS }),
  };
  const subject = await openLearning({
    ...{ models, audit: options.audit, role: options.position, rows: options.rows },
    layer: options.layer ?? Math.floor(models.base.nLayers / 2),
    session: sessionOf([models.base, models.tuned], options),
  });
  try {
    const learnings: (readonly Moment[])[] = [];
    await subject.learn(); // opens the sessions
    for (let i = 0; i < options.rounds; i++) {
      learnings.push(await subject.learn());
      process.stderr.write(`learning ${i + 1} of ${options.rounds}\n`);
    }
    const author = await followAuthor(subject, { options, paths });
    return report(subject, { learnings, author, options });
  } finally {
    await subject.release();
  }
}

/** Step time and path of the author's way; nothing where no Python is named. */
async function followAuthor(
  subject: LearningSubject,
  {
    options,
    paths,
  }: { readonly options: BenchOptions; readonly paths: Readonly<Record<"base" | "tuned", string>> },
): Promise<Author | undefined> {
  const { python, threads } = options;
  if (python === undefined) return undefined;
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-bench-task-"));
  const task = join(folder, "task.json");
  const peers: Peer[] = [];
  const start = async (name: Peer["name"], content: unknown): Promise<Peer> => {
    writeFileSync(task, JSON.stringify(content));
    const peer = await startPeer(name, { python, task, threads });
    peers.push(peer);
    return peer;
  };
  try {
    const whole = taskOf(subject, { options, paths });
    const author = await start("author", oneBatch(whole));
    const stepMs: number[] = [];
    for (let round = 0; round < options.rounds; round++) {
      const times = await timePeer(author, { round, repeats: 1 });
      stepMs.push(present(times["author"], "author").ms);
    }
    author.stop();
    const walker = await start("path", whole);
    const path: { step: number; iia: number }[] = [];
    while ((path.at(-1)?.step ?? 0) < options.steps) {
      const { steps, iia } = await walker.ask(`walk ${WALK}`, walked);
      path.push({ step: steps, iia });
      process.stderr.write(`author's way, step ${steps}: IIA ${iia.toFixed(3)}\n`);
    }
    return { stepMs: spreadOf(stepMs), path };
  } finally {
    for (const peer of peers) peer.stop();
    rmSync(folder, { recursive: true });
  }
}

/** The pairs and labels that ours learns from and is judged by. */
interface LearningTask extends PeerTask {
  /** Pairs per direction and step. */
  readonly batch: number;
  readonly heldOut: PeerTask["pairs"] & {
    readonly labels: readonly (readonly number[])[];
  };
}

function taskOf(
  { context, prepared, role, problem }: LearningSubject,
  {
    options,
    paths,
  }: { readonly options: BenchOptions; readonly paths: Readonly<Record<"base" | "tuned", string>> },
): LearningTask {
  const { models } = problem();
  const { train, test } = context.run;
  const first = present(prepared.items[0], "item");
  return {
    ...peerTask({
      ...{ paths: [paths.base, paths.tuned], threads: options.threads, prepared, models },
      layer: context.input.key.layer,
      position: present(first.positions[role], role),
      pairs: train,
      labels: SIDES.map((side) => train.label[side]),
      subspaces: models.map(({ start }) => start),
    }),
    batch: options.batch,
    heldOut: {
      target: [...test.target],
      source: [...test.source],
      labels: SIDES.map((side) => [...test.label[side]]),
    },
  };
}

/** The first pairs alone: what one step of the author's way sees. */
function oneBatch(task: LearningTask): LearningTask {
  const first = (values: readonly number[]): readonly number[] => values.slice(0, task.batch);
  const { target, source } = task.pairs;
  return {
    ...task,
    pairs: { target: first(target), source: first(source) },
    labels: task.labels.map(first),
  };
}

function report(
  { variable, role, k, context, prepared }: LearningSubject,
  parts: {
    readonly learnings: readonly (readonly Moment[])[];
    readonly author: Author | undefined;
    readonly options: BenchOptions;
  },
): Report {
  const { learnings, author, options } = parts;
  const [one = []] = learnings; // every learning takes the same path
  const ends = [one.at(-1)?.iia ?? NaN, author?.path.at(-1)?.iia ?? -Infinity];
  const goal = LEARNED * Math.max(...ends);
  const isThere = ({ iia }: { readonly iia: number }): boolean => iia >= goal;
  const arrived = one.find(isThere);
  const oursMs = spreadOf(
    learnings.map((moments) => moments.find(({ step }) => step === arrived?.step)?.ms ?? NaN),
  );
  const steps = author?.path.find(isThere)?.step;
  const followed = author?.path.at(-1)?.step ?? 0;
  const authorMs = (steps ?? followed) * (author?.stepMs.median ?? NaN);
  const ratio = authorMs / oursMs.median;
  const tokens = present(prepared.items[0], "item").ids.length;
  return {
    title: `learning ${variable} at ${role}, layer ${context.input.key.layer}, k = ${k}, ${tokens} tokens, ${prepared.items.length} prompts: until ${LEARNED} of the final held-out IIA`,
    rows: [
      ["held-out IIA, closed form", (one[0]?.iia ?? NaN).toFixed(3)],
      ["held-out IIA, at the end", (one.at(-1)?.iia ?? NaN).toFixed(3)],
      ["goal", goal.toFixed(3)],
      ["ours, steps", String(arrived?.step ?? "not reached")],
      ["ours, ms", spell(oursMs)],
      ["ours, whole learning, ms", spell(spreadOf(learnings.map((all) => all.at(-1)?.ms ?? NaN)))],
      ...(author === undefined
        ? []
        : ([
            [`author's way, IIA after ${followed} steps`, ends[1]?.toFixed(3) ?? ""],
            ["author's way, steps", steps === undefined ? `over ${followed}` : String(steps)],
            [`author's way, ms a step of ${options.batch} pairs`, spell(author.stepMs)],
            ["author's way, s (steps × time of a step)", digits(authorMs / 1e3)],
            ["ours is faster by", `${steps === undefined ? "over " : ""}${digits(ratio)} ×`],
          ] as const)),
    ],
    json: {
      ...{ variable, role, k, goal, layer: context.input.key.layer, oursMs },
      oursStep: arrived?.step ?? null,
      ours: one.map(({ step, iia }) => ({ step, iia })),
      ...(author && {
        author: { ...author, steps: steps ?? null, followed, ms: authorMs },
        ...{ ratio, isLowerBound: steps === undefined },
      }),
    },
  };
}
