/**
 * @file Several variables learned together, each in a block of consecutive coordinates, with everything outside all blocks
 * as a null block: within a model it may be exchanged in vain (MAS, arXiv 2501.06164, section 3).
 */
import { exchange } from "../align/transfer/exchange.js";
import { invariant, present } from "../errors.js";
import { takeRows } from "../numeric/matrix.js";
import { i32, sum } from "../numeric/vector.js";
import { runControls, type JointBlock, type TableContext } from "./controls.js";
import { ownMaps, stateRows, type MapsByDirection } from "./interventions.js";
import { SIDES, type NullBlock, type Side } from "./measures.js";
import { bySide, seenBy } from "./site.js";
import { firstTrials, tableRuns, type LabelledPairs } from "./table-run.js";
import { judgeWhole, noIntervention, swapWhole } from "./whole-swap.js";

/** The blocks of a cell, in order; undefined where its variable is learned by itself. */
export async function jointBlocks(
  context: TableContext,
  alive: readonly Side[],
): Promise<readonly JointBlock[] | undefined> {
  const { input, site, run } = context;
  if (input.joint === undefined) return undefined;
  const blocks: JointBlock[] = [];
  for (const { variable, k, causal, pairs, own } of input.joint.variables) {
    if (variable === input.key.variable) {
      blocks.push({ variable, k, causal, run, alive });
      continue;
    }
    const tables = tableRuns({
      ...{ causal, pairs },
      own: input.own && own && { answer: input.own.answer, pairs: own },
    });
    const table = present(
      tables.find((each) => each.table === run.table),
      `${run.table} table of ${variable}`,
    );
    const seen = { input, site: seenBy(site, causal, input.train), run: firstTrials(table) };
    const whole = judgeWhole(seen, await swapWhole(seen));
    blocks.push({ variable, k, causal, run: table, alive: whole.alive });
  }
  return blocks;
}

/** Pairs as the null block sees them: each target's own group, and its own answer under the table. */
export function ownPairs({ input, run }: TableContext, pairs: LabelledPairs): LabelledPairs {
  const { causal, own } = input;
  const group = pairs.target.map((item) => i32(causal.group, item));
  const tuned = run.table === "own" ? present(own, "own table").answer : causal.answer;
  const answers = { base: causal.answer, tuned };
  return {
    target: pairs.target,
    source: pairs.source,
    group,
    label: bySide((side) => group.map((g) => i32(answers[side], g))),
  };
}

/** Whether there is anything outside all blocks, and no variable in it that decides the answer. */
export function hasNullBlock({ input, blocks }: TableContext): boolean {
  if (blocks === undefined || input.joint?.isComplete !== true) return false;
  const { base, tuned } = input.sides;
  return sum(blocks.map(({ k }) => k)) < Math.min(base.dModel, tuned.dModel);
}

/** Exchanges everything outside all blocks within each model, and asks for the target's own answers. */
export async function measureNullBlock(
  context: TableContext,
  maps: MapsByDirection,
): Promise<NullBlock | undefined> {
  if (!hasNullBlock(context)) return undefined;
  const { site, run } = context;
  const test = ownPairs(context, run.test);
  const seen = { ...context, run: { ...run, test } };
  const own = ownMaps(maps);
  const runs = SIDES.flatMap((side) => {
    const map = own[side];
    if (map === undefined) return [];
    const patched = (): Float32Array => {
      const { normalised } = site.states(side);
      const [target, source] = [test.target, test.source].map((items) =>
        takeRows(normalised, items),
      );
      invariant(target !== undefined && source !== undefined, "both ends");
      const { form, parameters } = map;
      // the donor is the target: all blocks are its own, everything else is the source's
      const { states } = exchange({
        ...{ form, donor: parameters, keeper: parameters, from: target, into: source },
      });
      return stateRows(site, side, { items: test.target, states });
    };
    return [
      {
        control: "iia" as const,
        name: "null block",
        direction: `${side}→${side}` as const,
        patched,
      },
    ];
  });
  const { iia } = await runControls(seen, runs);
  return { noIntervention: bySide((side) => noIntervention(seen, side)), swapped: iia };
}
