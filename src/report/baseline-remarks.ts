/**
 * @file What a reader has to know before reading a comparison: other models, other audits, another way of measuring or
 * judging. Nothing is refused here; what differs is named.
 */
import { digestJson } from "../store/digest.js";
import { listText } from "./figure-text.js";
import type { Comparison } from "./schema-comparison.js";
import type { Result } from "./schema.js";

type Remark = Comparison["remarks"][number];

/** Digests of a side's files; roles that merely start alike ("base weights …") belong to it. */
export function filesOf({ manifest }: Result, side: "base" | "tuned"): string {
  const files = manifest.inputs.filter(({ role }) => role.startsWith(`${side} `));
  return JSON.stringify(files.map(({ role, sha256 }) => [role, sha256]).sort());
}

/** Everything that sets two results apart besides the tuned model. */
export function remarkDifferences(before: Result, after: Result): readonly Remark[] {
  return [
    ...remarkUnrelated(before, after),
    ...remarkModels(before, after),
    ...remarkAudits(before, after),
    ...remarkMeasuring(before, after),
    ...remarkSites(before, after),
    ...remarkPolicy(before, after),
    ...remarkVersions(before, after),
  ];
}

function remark(code: string, message: string): readonly Remark[] {
  return [{ code, message }];
}

/** Whether two results have any variable in common. */
export function isRelated(before: Result, after: Result): boolean {
  return after.variables.some(({ audit, variable }) =>
    before.variables.some((old) => old.audit === audit && old.variable === variable),
  );
}

function remarkUnrelated(before: Result, after: Result): readonly Remark[] {
  if (isRelated(before, after)) return [];
  return remark("BASELINE_UNRELATED", "the baseline has no variable of this result");
}

function remarkModels(before: Result, after: Result): readonly Remark[] {
  if (digestJson(before.cells) === digestJson(after.cells))
    return remark("BASELINE_SAME_MEASURES", "the baseline holds the very same measures");
  const isSame = (side: "base" | "tuned"): boolean =>
    filesOf(before, side) === filesOf(after, side);
  return [
    ...(isSame("base")
      ? []
      : remark(
          "BASELINE_OTHER_BASE",
          "the baseline was measured against another base model: changes may come from either model, and no trials are paired",
        )),
    ...(isSame("tuned")
      ? remark("BASELINE_SAME_TUNED", "the baseline is an audit of the same tuned model")
      : []),
  ];
}

function remarkAudits(before: Result, after: Result): readonly Remark[] {
  const old = new Map(before.manifest.audits.map(({ id, sha256 }) => [id, sha256]));
  const changed = after.manifest.audits.filter(
    ({ id, sha256 }) => old.has(id) && old.get(id) !== sha256,
  );
  if (changed.length === 0) return [];
  const names = listText(changed.map(({ id }) => id));
  return remark(
    "BASELINE_OTHER_AUDIT",
    `changed in between: ${names}; where items are not the same, rates are compared unpaired`,
  );
}

/** Options that change what is measured; the others change its cost. */
const MEASURING = [
  ...["items", "pairs", "steps", "controls", "seeds"],
  ...["method", "map", "closed", "learnSize", "joint", "learner"],
] as const;

/** Options that are named only where they are not the usual ones. */
const USUAL: Readonly<Record<string, string>> = {
  ...{ method: "mas", map: "orthogonal", learner: "mas" },
  ...{ closed: "none", learnSize: "no", joint: "no" },
};

function remarkMeasuring(before: Result, after: Result): readonly Remark[] {
  const [old, now] = [before.manifest, after.manifest];
  const pairs = [
    ["k", old.k, now.k] as const,
    ["seed", old.seed, now.seed] as const,
    ...MEASURING.map((name) => {
      const [from, to] = [old, now].map(({ options }) => options[name] ?? USUAL[name]);
      return [name, from, to] as const;
    }),
  ];
  const changed = pairs.filter(([, from, to]) => JSON.stringify(from) !== JSON.stringify(to));
  if (changed.length === 0) return [];
  const told = changed.map(([name, from, to]) => `${name} ${show(from)} → ${show(to)}`);
  return remark("BASELINE_MEASURED_OTHERWISE", `measured otherwise: ${listText(told)}`);
}

function remarkSites({ manifest: old }: Result, { manifest: now }: Result): readonly Remark[] {
  const [from, to] = [old.layers, now.layers].map((layers) => layers.join(", "));
  if (from === to) return [];
  return remark(
    "BASELINE_OTHER_LAYERS",
    `other layers were examined (${from ?? ""} → ${to ?? ""}): only those that both have can tell what changed`,
  );
}

/** Thresholds that give other words to the same measures. */
const JUDGING = ["tau", "ratio", "confidence", "isolation", "minPairs", "multiplicity"] as const;

function remarkPolicy({ policy: old }: Result, { policy: now }: Result): readonly Remark[] {
  const changed = JUDGING.filter((key) => old[key] !== now[key]);
  if (changed.length === 0) return [];
  const told = changed.map((key) => `${key} ${show(old[key])} → ${show(now[key])}`);
  return remark(
    "BASELINE_OTHER_POLICY",
    `both are judged by the policy of this result: ${listText(told)}`,
  );
}

function remarkVersions(before: Result, after: Result): readonly Remark[] {
  const [old, now] = [before.manifest.tool.version, after.manifest.tool.version];
  if (old === now) return [];
  return remark("BASELINE_OTHER_VERSION", `measured by mas-audit ${old}, this result by ${now}`);
}

function show(value: unknown): string {
  return value === undefined
    ? "unknown"
    : typeof value === "string"
      ? value
      : JSON.stringify(value);
}
