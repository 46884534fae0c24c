/**
 * @file Where the maps of several networks start: the closed form, block by block. The first network that has a code gives
 * the directions; the others take the ones that carry the same classes.
 */
import { alignTo, ownSubspace, type CodeAndNoise } from "../../align/closed-form.js";
import { codeOf, groupMeans, residualsOf, type Grouping } from "../../align/grouping.js";
import { orthonormalRows, randomSubspace } from "../../align/stiefel.js";
import { PlanError, present } from "../../errors.js";
import { matrix, squaredNorm, stack, type Matrix } from "../../numeric/matrix.js";
import type { Stream } from "../../stats/stream.js";
import type { NetworkStates } from "./network-states.js";
import { valueKey, type ExchangedVariable } from "./trial-set.js";

/** A block: what it exchanges, and how many coordinates it has. */
export interface Block extends ExchangedVariable {
  readonly k: number;
}

/**
 * One `[k of all blocks, d]` per network, orthonormal rows.
 *
 * @throws {@link PlanError} where the blocks together are wider than a network.
 */
export function startSubspaces(
  networks: readonly NetworkStates[],
  blocks: readonly Block[],
  random: Stream,
): readonly Matrix[] {
  const k = blocks.reduce((total, block) => total + block.k, 0);
  for (const { steps } of networks) assertFits(k, steps.network);
  const byBlock = blocks.map((block) =>
    startOfBlock(networks, block, random.fork(`start/${block.name}`)),
  );
  return networks.map((_, i) => {
    const parts = byBlock.map((subspaces) => present(subspaces[i], "start of a network"));
    return orthonormalRows(parts.reduce(stack), random.fork(`fill/${i}`));
  });
}

function startOfBlock(
  networks: readonly NetworkStates[],
  { k, variables }: Block,
  random: Stream,
): readonly Matrix[] {
  const codes = codesOf(networks, variables);
  const reference = codes.findIndex(({ code }) => squaredNorm(code) > 0);
  const leader = codes[reference];
  if (leader === undefined) {
    return networks.map(({ steps }, i) => randomSubspace(k, steps.network.d, random.fork(`${i}`)));
  }
  const subspace = ownSubspace(leader, { k, random: random.fork("own") });
  return codes.map((code, i) => {
    if (i === reference) return subspace;
    const aligned = alignTo({ subspace, reference: leader }, code, random.fork(`${i}`));
    return aligned ?? randomSubspace(k, code.code.cols, random.fork(`${i}`));
  });
}

/** Codes over the assignments of values that every network has, in one order. */
function codesOf(
  networks: readonly NetworkStates[],
  variables: readonly string[],
): readonly CodeAndNoise[] {
  const shared = sharedNames(networks);
  const others = shared.filter((name) => !variables.includes(name));
  const keys = networks.map(({ values, train }) => {
    const own = Array.from(train, (row) => valueKey(present(values[row], "values"), shared));
    return new Set(own);
  });
  const common = [...present(keys[0], "first network")]
    .filter((key) => keys.every((own) => own.has(key)))
    .sort();
  const index = new Map(common.map((key, i) => [key, i]));
  return networks.map(({ states, values, train }) => {
    const contrasts = new Map<string, number>();
    const contrast = new Int32Array(common.length);
    // rows of assignments that another network never has belong to no group
    const group = Int32Array.from(values, (value) => {
      const own = index.get(valueKey(value, shared)) ?? -1;
      if (own >= 0) {
        const key = valueKey(value, others);
        contrasts.set(key, contrasts.get(key) ?? contrasts.size);
        contrast[own] = contrasts.get(key) ?? 0;
      }
      return own;
    });
    const grouping: Grouping = { group, nGroups: common.length, contrast };
    const rows = train.filter((row) => (group[row] ?? -1) >= 0);
    const groups = groupMeans(states.normalised, rows, grouping);
    if (common.length === 0) {
      return { code: matrix(0, states.dModel), residuals: matrix(0, states.dModel) };
    }
    const residuals = residualsOf(states.normalised, rows, { means: groups.means, grouping });
    return { code: codeOf(groups, grouping), residuals };
  });
}

/** Names of variables that all networks have. */
function sharedNames(networks: readonly NetworkStates[]): readonly string[] {
  const lists = networks.map(({ values }) => Object.keys(values[0] ?? {}));
  return (lists[0] ?? []).filter((name) => lists.every((own) => own.includes(name))).sort();
}

function assertFits(k: number, { name, d }: { readonly name: string; readonly d: number }): void {
  if (k <= d) return;
  throw new PlanError(`k = ${k} coordinates do not fit the network ${name}`, {
    code: "K_TOO_LARGE",
    where: name,
    expected: `at most ${d}, its width`,
    found: String(k),
    hint: "choose a smaller --k",
  });
}
