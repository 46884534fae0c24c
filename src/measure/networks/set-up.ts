/** @file From networks and tasks to a transfer problem: trials drawn, states collected, directions laid out. */
import type { TransferModel, TransferProblem } from "../../align/transfer/problem.js";
import { present } from "../../errors.js";
import { stream } from "../../stats/stream.js";
import type { AlignmentRequest } from "./alignment-request.js";
import { continueFrom } from "./continuation.js";
import { layOut } from "./directions.js";
import { METHODS } from "../../align/transfer/method.js";
import { collectStates, type NetworkStates } from "./network-states.js";
import { startSubspaces } from "./starts.js";
import { targetEpisodes } from "./target-episodes.js";
import { drawGroups, type TrialGroup } from "./trial-groups.js";
import { commonValues } from "./trial-set.js";

/** A problem, and what else is known of its networks. */
export interface AlignmentSetUp {
  readonly problem: TransferProblem;
  readonly networks: readonly NetworkStates[];
  /** By place among the directions. */
  readonly groups: readonly TrialGroup[];
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
  const { targets, groups } = drawGroups(request, random);
  const networks: NetworkStates[] = [];
  for (const { steps, task } of request.networks) {
    await request.onStage?.(`running ${steps.network.name}`);
    networks.push(
      await collectStates(steps, {
        targets: present(targets.get(task.id), "targets"),
        groups: groups.filter(({ source }) => source.id === task.id),
        isStepwise: request.isStepwise,
        nameValues: (values) => commonValues(task, values, request.renaming),
      }),
    );
  }
  const starts = startSubspaces(networks, request.blocks, random);
  const episodes = networks.map((own, i) => {
    const { task } = present(request.networks[i], "network");
    const asked = groups.filter(({ target }) => target.id === task.id);
    const runs = present(targets.get(task.id), "targets");
    return targetEpisodes(asked, { ...own, ...(request.isStepwise && { runs }) });
  });
  const laid = layOut({ request, groups, networks, episodes });
  const models = networks.map((own, i): TransferModel => {
    const { mean, sigma } = own.states.normalisation;
    const { rests } = present(episodes[i], "episodes");
    return {
      ...{ name: own.steps.network.name, mean, sigma },
      start: present(starts[i], "start"),
      behaviour: continueFrom(own.steps, { rests, carry: own.targets.carry }),
    };
  });
  let at = 0;
  return {
    networks,
    problem: {
      form: request.form,
      blocks: request.blocks.map(({ k }) => [at, (at += k)] as const),
      rest: METHODS[request.method].rest,
      learnsSize: request.learnsSize,
      models,
      directions: laid.map(({ direction }) => direction),
      options: request.options,
      random: random.fork("learning"),
      signal: request.signal,
    },
    groups: laid.map(({ group }) => group),
    wholeEpisodes: laid.map(({ direction: { source, target }, group }) =>
      source === target ? episodes[target]?.groups.get(group)?.whole : undefined,
    ),
  };
}
