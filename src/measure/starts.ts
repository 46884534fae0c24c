/** @file Where the subspaces of a cell start. */
import { alignTo, ownSubspace, pairSubspaces } from "../align/closed-form.js";
import { invariant } from "../errors.js";
import type { Stream } from "../stats/stream.js";
import type { Subspaces } from "./interventions.js";
import type { Side } from "./measures.js";
import type { Site } from "./site.js";

/**
 * Closed-form subspaces. With both models alive they are paired; with one alive they are that model's own, and the
 * other's are aligned to it (absent where it has no code at all) for the trials of the closed form only.
 */
export function startSubspaces(
  site: Site,
  { alive, k, random }: { alive: readonly Side[]; k: number; random: Stream },
): Subspaces {
  const [live, other] = alive;
  invariant(live !== undefined, "a live model");
  if (other !== undefined) {
    const [base, tuned] = pairSubspaces(site.code("base"), site.code("tuned"), { k, random });
    return { base, tuned };
  }
  const dead: Side = live === "base" ? "tuned" : "base";
  const reference = site.code(live);
  const subspace = ownSubspace(reference, { k, random });
  const aligned = alignTo({ subspace, reference }, site.code(dead), random);
  return { [live]: subspace, ...(aligned && { [dead]: aligned }) };
}
