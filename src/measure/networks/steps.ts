/** @file The sessions of one small network; those with gradients are opened when first needed. */
import type { Network } from "../../models/network/network.js";
import {
  naturalSlope,
  naturalStep,
  patchedSlope,
  patchedStep,
  patchedThrough,
} from "../../models/network/step-graphs.js";
import { createSession, type Session, type SessionOptions } from "../../runtime/session.js";
import type { Feeds, RuntimeTensor } from "../../runtime/tensor.js";

/** Graphs of a network by what they do. */
const GRAPHS = {
  naturalStep,
  patchedStep,
  patchedSlope,
  patchedThrough,
  naturalSlope,
} as const;

/** What can be run of a network. */
type StepKind = keyof typeof GRAPHS;

/** An open network. */
export interface Steps {
  readonly network: Network;
  /** Runs one graph; feeds that it does not take are left out. */
  run(kind: StepKind, feeds: Feeds): Promise<Record<string, RuntimeTensor>>;
  release(): Promise<void>;
}

/** Opens a network. */
export function openSteps(network: Network, options: SessionOptions): Steps {
  const sessions = new Map<StepKind, Promise<Session>>();
  const sessionOf = (kind: StepKind): Promise<Session> => {
    const known = sessions.get(kind) ?? createSession(GRAPHS[kind](network), options);
    sessions.set(kind, known);
    return known;
  };
  return {
    network,
    async run(kind, feeds) {
      const session = await sessionOf(kind);
      const taken = session.inputs.flatMap(({ name }) => {
        const feed = feeds[name];
        return feed === undefined ? [] : [[name, feed] as const];
      });
      return session.run(Object.fromEntries(taken));
    },
    async release() {
      for (const session of sessions.values()) await (await session).release();
      sessions.clear();
    },
  };
}
