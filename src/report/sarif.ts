/**
 * @file The result as SARIF 2.1.0, which code scanning reads: one rule per verdict word, one result per variable and
 * per site that is not as it was. Level `error` is what closes the gate, `warning` a failure that does not, `note` what
 * is undecided; what is excused is suppressed with its reason.
 *
 * Sites that transfer, and sites where neither model encodes anything, give no result: readers of SARIF show each one
 * as an alarm. Their number stands in the properties of the run.
 */
import { digestJson } from "../store/digest.js";
import { writeExcuse } from "../verdict/excuse-sentences.js";
import {
  VERDICT_WORDS,
  type Excuse,
  type SiteVerdict,
  type VariableVerdict,
  type VariableWord,
} from "../verdict/verdicts.js";
import { worseVariables } from "./baseline.js";
import { closesGate, excuseOf, heldExcuse } from "./excuse-text.js";
import { headline, placeText } from "./highlights.js";
import { printable } from "./printable.js";
import { artifactsOf, locationOf } from "./sarif-location.js";
import { REGRESSION_RULE, rulesOf, type RuleId } from "./sarif-rules.js";
import type { Result } from "./schema.js";
import { wordsText } from "./comparison-text.js";

/** Where the schema of the format lies. */
const SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json";

/** How {@link renderSarif} writes. */
export interface SarifStyle {
  /** Absolute path of the checkout: files below it are named relative to it. */
  readonly root?: string;
}

/** Words that are no finding. */
const QUIET: readonly VariableWord[] = ["transfers", "absent"];

type Level = "error" | "warning" | "note";

/** Renders a result as a SARIF log; it holds an unsuppressed error exactly where the gate is closed. */
export function renderSarif(result: Result, style: SarifStyle = {}): string {
  const { tool, timing } = result.manifest;
  const log = {
    $schema: SCHEMA,
    version: "2.1.0",
    runs: [
      {
        tool: {
          driver: {
            name: tool.name,
            version: tool.version,
            semanticVersion: tool.version,
            rules: rulesOf(),
          },
        },
        automationDetails: { id: "mas-audit/" },
        columnKind: "utf16CodeUnits",
        ...(style.root === undefined
          ? {}
          : { originalUriBaseIds: { SRCROOT: { description: { text: "the checkout" } } } }),
        invocations: [
          {
            executionSuccessful: true,
            startTimeUtc: timing.startedAt,
            endTimeUtc: new Date(Date.parse(timing.startedAt) + timing.elapsedMs).toISOString(),
            arguments: timing.command.slice(1).map(printable),
            toolExecutionNotifications: result.warnings.map(({ code, message, hint }) => ({
              level: "warning",
              descriptor: { id: code },
              message: { text: printable(hint === undefined ? message : `${message}; ${hint}`) },
            })),
          },
        ],
        artifacts: artifactsOf(result, style),
        results: [
          ...result.variables.flatMap((variable) => resultsOf(variable, result, style)),
          ...regressionsOf(result, style),
        ],
        properties: {
          verdict: result.verdict,
          headline: headline(result),
          sites: countWords(result),
        },
      },
    ],
  };
  return `${JSON.stringify(log, null, 2)}\n`;
}

function countWords({ variables }: Result): Readonly<Record<string, number>> {
  const words = variables.flatMap(({ sites }) => sites.map(({ verdict }) => verdict));
  const counted = VERDICT_WORDS.map((word): [string, number] => [
    word,
    words.filter((each) => each === word).length,
  ]);
  return Object.fromEntries(counted.filter(([, count]) => count > 0));
}

function levelOf(word: VariableWord, isClosing: boolean): Level {
  if (isClosing) return "error";
  return word === "fails" || word === "lost" ? "warning" : "note";
}

type Finding = Readonly<Record<string, unknown>>;

function resultsOf(
  variable: VariableVerdict,
  result: Result,
  style: SarifStyle,
): readonly Finding[] {
  const { closesGate: words } = result.policy;
  const isClosed = closesGate(result, variable);
  const sites = variable.sites
    .filter(({ verdict }) => !QUIET.includes(verdict) || (isClosed && words.includes(verdict)))
    .map((site) => {
      const isClosing = isClosed && words.includes(site.verdict);
      return finding({
        ...{ result, style, variable, site },
        word: site.verdict,
        level: levelOf(site.verdict, isClosing && excuseOf(variable, site) === undefined),
        sentences: [
          `“${variable.variable}” (${variable.audit}) at ${placeText(site)}: ${site.verdict}`,
          ...site.reasons,
        ],
        excuse: excuseOf(variable, site),
        properties: figuresOf(site),
      });
    });
  const isTold = !QUIET.includes(variable.verdict) || isClosed;
  if (!isTold) return sites;
  const whole = finding({
    ...{ result, style, variable },
    word: variable.verdict,
    level: levelOf(variable.verdict, isClosed),
    sentences: [
      `“${variable.variable}” (${variable.audit}): ${variable.verdict}`,
      ...variable.reasons,
    ],
    excuse: variable.isExcused === true ? heldExcuse(variable) : undefined,
    properties: { labels: variable.labels, accuracy: variable.accuracy },
  });
  return [whole, ...sites];
}

function figuresOf(site: SiteVerdict): Finding {
  const { n, k, seed, labels, iia, ratio, adjustedP, warnings } = site;
  return { n, k, seed, labels, iia, null: site.null, ratio, adjustedP, warnings };
}

interface Found {
  readonly result: Result;
  readonly style: SarifStyle;
  readonly variable: Pick<VariableVerdict, "audit" | "variable">;
  readonly site?: SiteVerdict;
  readonly word: RuleId;
  readonly level: Level;
  readonly sentences: readonly string[];
  readonly excuse?: Excuse | undefined;
  readonly properties: Finding;
}

function finding(found: Found): Finding {
  const { result, style, variable, site, word, level, sentences, excuse, properties } = found;
  const place =
    site === undefined ? {} : { layer: site.layer, role: site.role, k: site.k, seed: site.seed };
  return {
    ruleId: word,
    ruleIndex: rulesOf().findIndex(({ id }) => id === word),
    kind: "fail",
    level,
    message: { text: printable(sentences.map(endSentence).join(" ")) },
    locations: [locationOf(result, { variable, site }, style)],
    // the same finding at the same place, whatever its figures
    partialFingerprints: {
      "masAuditSite/v1": digestJson({
        word,
        audit: variable.audit,
        variable: variable.variable,
        ...place,
      }),
    },
    ...(excuse === undefined
      ? {}
      : {
          suppressions: [
            {
              kind: "external",
              status: "accepted",
              justification: printable(writeExcuse(excuse)),
            },
          ],
        }),
    properties,
  };
}

function endSentence(text: string): string {
  return /[.!?]$/u.test(text) ? text : `${text}.`;
}

/** Variables that got worse, where the policy lets that close the gate. */
function regressionsOf(result: Result, style: SarifStyle): readonly Finding[] {
  const { comparison, policy, variables } = result;
  if (comparison === undefined || policy.regressions === "ignore") return [];
  return worseVariables(comparison).map((worse) => {
    const own = variables.find(
      ({ audit, variable }) => audit === worse.audit && variable === worse.variable,
    );
    const excuse = own?.isExcused === true ? heldExcuse(own) : undefined;
    return finding({
      ...{ result, style, variable: worse, word: REGRESSION_RULE, level: "error", excuse },
      sentences: [
        `“${worse.variable}” (${worse.audit}) got worse than in the baseline: ${wordsText(worse)}`,
      ],
      properties: { before: worse.before, after: worse.after },
    });
  });
}
