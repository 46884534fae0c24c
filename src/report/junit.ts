/**
 * @file The result as JUnit XML, in the form of Apache Ant's JUnit task, which test dashboards read: one suite per
 * audit, in it one case per variable and one per site. A case fails exactly where it closes the gate; what decides
 * nothing, or is excused, is skipped with its reason.
 */
import { create } from "xmlbuilder2";
import type { SiteVerdict, VariableVerdict, VariableWord } from "../verdict/verdicts.js";
import { writeExcuse } from "../verdict/excuse-sentences.js";
import { changesText, figureText, tellingFigure, wordsText } from "./comparison-text.js";
import { closesGate, excuseOf, heldExcuse } from "./excuse-text.js";
import { placeText } from "./highlights.js";
import { worseVariables } from "./baseline.js";
import type { Result } from "./schema.js";
import { WORDS } from "./words.js";
import { xmlText, xmlToken } from "./xml-text.js";

/** Words that say neither that a variable works nor that it does not. */
const UNDECIDED: readonly VariableWord[] = ["absent", "inconclusive", "not-measurable"];

/** One test case. */
interface Case {
  readonly classname: string;
  readonly name: string;
  /** Absent where it passes. */
  readonly outcome?: Outcome;
}

interface Outcome {
  readonly kind: "failure" | "skipped";
  /** The verdict word, or what else decided. */
  readonly type: string;
  /** The deciding sentence. */
  readonly message: string;
  /** All sentences, one per line. */
  readonly text: string;
}

/** A suite of cases. */
interface Suite {
  readonly name: string;
  readonly cases: readonly Case[];
}

/** Renders a result as JUnit XML; it holds a failure exactly where the gate is closed. */
export function renderJunit(result: Result): string {
  const document = create({ version: "1.0", encoding: "UTF-8" }).ele("testsuites");
  suitesOf(result).forEach((suite, id) => {
    addSuite(document, { suite, id, result });
  });
  return `${document.end({ prettyPrint: true })}\n`;
}

function suitesOf(result: Result): readonly Suite[] {
  const audits = [...new Set(result.variables.map(({ audit }) => audit))];
  const suites = audits.map((audit): Suite => {
    const variables = result.variables.filter((each) => each.audit === audit);
    return { name: audit, cases: variables.flatMap((each) => casesOf(each, result)) };
  });
  return [...suites, ...baselineSuite(result)];
}

function casesOf(variable: VariableVerdict, result: Result): readonly Case[] {
  const classname = `mas-audit.${variable.audit}.${variable.variable}`;
  const sites = variable.sites.map((site): Case => {
    const name = `${variable.variable} at ${placeText(site)}, k ${site.k}, seed ${site.seed}`;
    return { classname, name, ...outcomeOfSite(site, { variable, result }) };
  });
  return [{ classname, name: variable.variable, ...outcomeOfVariable(variable, result) }, ...sites];
}

function outcome(
  kind: Outcome["kind"],
  type: string,
  sentences: readonly string[],
): Pick<Case, "outcome"> {
  const [message = type] = sentences;
  return { outcome: { kind, type, message, text: sentences.join("\n") } };
}

function outcomeOfVariable(variable: VariableVerdict, result: Result): Pick<Case, "outcome"> {
  const { verdict, reasons } = variable;
  if (closesGate(result, variable)) return outcome("failure", verdict, reasons);
  const excuse = heldExcuse(variable);
  if (variable.isExcused === true && excuse !== undefined)
    return outcome("skipped", verdict, [`${WORDS[verdict].title}, ${writeExcuse(excuse)}`, ...reasons]); // prettier-ignore
  return UNDECIDED.includes(verdict) ? outcome("skipped", verdict, reasons) : {};
}

/** A site fails only under a variable that does: a loss that was recovered elsewhere is told and not counted. */
function outcomeOfSite(
  site: SiteVerdict,
  { variable, result }: { readonly variable: VariableVerdict; readonly result: Result },
): Pick<Case, "outcome"> {
  const { verdict, reasons } = site;
  const excuse = excuseOf(variable, site);
  if (excuse !== undefined)
    return outcome("skipped", verdict, [`${WORDS[verdict].title}, ${writeExcuse(excuse)}`, ...reasons]); // prettier-ignore
  const counts =
    result.policy.closesGate.includes(verdict) ||
    (variable.verdict === "moved" && verdict === "lost");
  if (counts && closesGate(result, variable)) return outcome("failure", verdict, reasons);
  const isTold = counts || verdict === "fails" || verdict === "lost";
  return isTold || UNDECIDED.includes(verdict) ? outcome("skipped", verdict, reasons) : {};
}

/** The comparison with an earlier result, where the policy lets it close the gate. */
function baselineSuite({ comparison, policy, variables }: Result): readonly Suite[] {
  if (comparison === undefined || policy.regressions === "ignore") return [];
  const worse = worseVariables(comparison);
  const cases = comparison.variables.map((each): Case => {
    const own = variables.find(
      ({ audit, variable }) => audit === each.audit && variable === each.variable,
    );
    const isCounted = worse.includes(each) && own?.isExcused !== true;
    const figures = each.sites.flatMap((site) => {
      const figure = site.change === "worse" ? tellingFigure(site) : undefined;
      return figure === undefined ? [] : [`${placeText(site)}: ${figureText(figure)}`];
    });
    return {
      classname: "mas-audit.baseline",
      name: `${each.variable} (${each.audit})`,
      ...(isCounted
        ? outcome("failure", "worse", [`worse than the baseline: ${wordsText(each)}`, ...figures])
        : {}),
    };
  });
  return [{ name: `baseline: ${changesText(comparison)}`, cases }];
}

type Element = ReturnType<ReturnType<typeof create>["ele"]>;

function addSuite(
  parent: Element,
  { suite, id, result }: { readonly suite: Suite; readonly id: number; readonly result: Result },
): void {
  const count = (kind: Outcome["kind"]): number =>
    suite.cases.filter((each) => each.outcome?.kind === kind).length;
  const name = xmlToken(suite.name);
  const element = parent.ele("testsuite", {
    ...{ name, package: "mas-audit", id, hostname: "localhost" },
    // the format wants whole seconds without a zone
    timestamp: result.manifest.timing.startedAt.slice(0, 19),
    ...{ tests: suite.cases.length, failures: count("failure"), errors: 0 },
    skipped: count("skipped"),
    // cells share their runs of the models: no case has a time of its own
    time: 0,
  });
  const properties = element.ele("properties");
  for (const [key, value] of Object.entries(propertiesOf(result)))
    properties.ele("property", { name: key, value: xmlToken(value) });
  for (const each of suite.cases) addCase(element, each);
  element.ele("system-out").txt(xmlText(result.reasons.join("\n")));
  element.ele("system-err").txt(xmlText(result.warnings.map(({ message }) => message).join("\n")));
}

function propertiesOf({ verdict, manifest }: Result): Readonly<Record<string, string>> {
  return {
    "mas-audit.version": manifest.tool.version,
    "mas-audit.verdict": verdict,
    "mas-audit.command": manifest.timing.command.join(" "),
  };
}

function addCase(suite: Element, { classname, name, outcome: found }: Case): void {
  const element = suite.ele("testcase", {
    name: xmlToken(name),
    classname: xmlToken(classname),
    time: 0,
  });
  if (found === undefined) return;
  const { kind, type, message, text } = found;
  const attributes =
    kind === "failure"
      ? { message: xmlToken(message), type: xmlToken(type) }
      : { message: xmlToken(message) };
  element.ele(kind, attributes).txt(xmlText(text));
}
