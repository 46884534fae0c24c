import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";

import { DIRECTIONS } from "../../src/measure/measures.js";
import { valueText } from "../../src/report/figure-text.js";
import { renderReport } from "../../src/report/html/page.js";
import { parseResult } from "../../src/report/result-text.js";
import type { Result } from "../../src/report/schema.js";
import { DEFAULT_POLICY } from "../../src/verdict/policy.js";
import { judge } from "../../src/verdict/run.js";
import { richResult } from "../support/rich-result.js";
import { sampleResult } from "../support/sample-result.js";

const page = renderReport(sampleResult());

/** Would run, or break out of an attribute or a text, if anything were not escaped. */
const PLANT = `</script><script>alert(1)</script><img src=x onerror='alert(2)'>"><!--`;

describe("report.html", () => {
  it("is the same for the same result", () => {
    expect(renderReport(sampleResult())).toBe(page);
  });

  it("escapes whatever a user's file holds", () => {
    const html = renderReport(poisoned());
    expect(html).not.toMatch(/<script|<\/script|<img|<!--/);
  });

  it("embeds the whole result, which reads back", () => {
    for (const result of [sampleResult(), poisoned()]) {
      const [, packed = ""] = /data:application\/gzip;base64,([^"]*)"/.exec(renderReport(result)) ?? []; // prettier-ignore
      const json = gunzipSync(Buffer.from(packed, "base64")).toString("utf8");
      expect(parseResult(json)).toEqual(result);
    }
  });

  it.each([
    [{ "base model": "a/base.onnx" }, "base.onnx"],
    [{ "base model": "a/smol/model.onnx" }, "smol"],
    [{ "base model": "a/smol/config.json" }, "smol"],
    [
      {
        "base model": "a/smol/config.json",
        "base adapter configuration": "l/x/adapter_config.json",
      },
      "x",
    ],
  ])("calls the model of %j %s", (paths, name) => {
    const result = sampleResult();
    const { manifest } = result;
    const timing = { ...manifest.timing, paths };
    const html = renderReport({ ...result, manifest: { ...manifest, timing } });
    expect(html).toContain(`<strong>${name}</strong> (base)`);
  });

  it("loads nothing: no address, no style sheet, no font", () => {
    expect(page).not.toMatch(/https?:|\bsrc=|@import|url\((?!#)/);
    const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, link = ""]) => link);
    expect(links.filter((link) => !/^(#|data:)/.test(link))).toEqual([]);
  });

  it("links only to places that exist", () => {
    const links = [...page.matchAll(/href="#([^"]*)"/g)].map(([, id = ""]) => id);
    expect(links.length).toBeGreaterThan(0);
    for (const id of links) expect(page).toContain(`id="${id}"`);
  });

  it("has no id twice", () => {
    const ids = [...page.matchAll(/ id="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it("gives every chart a title and a description", () => {
    const result = richResult();
    const charts = renderReport(result)
      .split(/<svg[^>]* role="img"[^>]*>/)
      .slice(1);
    // two per role over the layers, five per learned cell, and the one of likeness
    const learned = result.cells.filter(({ learning }) => learning !== undefined).length;
    expect(charts).toHaveLength(6 * 2 + learned * 5 + 1);
    for (const chart of charts) expect(/^<title[^>]*>[^<]+<\/title><desc[^>]*>[^<]+</.test(chart)).toBe(true); // prettier-ignore
  });

  it("gives the charts over layers a table with a row per layer", () => {
    const blocks = page.split('<div class="chart">').slice(1);
    expect(blocks).toHaveLength(6);
    for (const block of blocks) {
      const [, table = ""] = /<table>(.*?)<\/table>/s.exec(block) ?? [];
      expect(table.match(/<th scope="row"/g)).toHaveLength(8);
    }
  });

  it("opens a detail for every cell of the map, and links each from the picture and the table", () => {
    const sites = sampleResult().variables.flatMap(({ sites }, at) => sites.map((_, i) => `site-${at}-${i}`)); // prettier-ignore
    for (const id of sites) {
      expect(page).toContain(`<div class="cell-body" id="${id}"`);
      expect(page.split(`href="#${id}"`).length - 1).toBeGreaterThanOrEqual(2);
    }
  });

  it("keeps its headings in order", () => {
    const levels = [...page.matchAll(/<h(\d)/g)].map(([, level]) => Number(level));
    expect(levels[0]).toBe(1);
    const steps = levels.slice(1).map((level, i) => level - levels[i]!);
    expect(Math.max(...steps)).toBe(1);
  });

  it("gives every table a caption and every heading a scope", () => {
    expect(page.match(/<caption>/g)?.length).toBe(page.match(/<table/g)?.length);
    expect(page).not.toMatch(/<th(?![^>]*scope=)[ >]/);
  });

  it("shows every interchange accuracy of the result", () => {
    const measures = sampleResult().variables.flatMap(({ sites }) => sites.flatMap(({ iia }) => Object.values(iia))); // prettier-ignore
    for (const measure of measures) {
      if (measure.kind === "value") expect(page).toContain(`>${valueText(measure)} <i>`);
    }
  });

  it("says the trials of a control where they are not those of the site", () => {
    const rich = richResult();
    const [learned] = rich.cells.filter(({ further }) => further !== undefined);
    const n = learned!.trials[0]!.target.length;
    expect(n).toBeGreaterThan(100);
    const html = renderReport(rich);
    expect(html).toContain("control task: shuffled labels, n = 100");
    expect(html).not.toContain("learned maps, n ="); // the caption says it once for the others
    const shorter = rich.cells.map((cell) => ({
      ...cell,
      trials: cell.trials.map((trials) => ({
        ...trials,
        fullSwap: {
          ...trials.fullSwap,
          "base→tuned": trials.fullSwap["base→base"]!.slice(0, 90),
        },
      })),
    }));
    const judged = { ...rich, ...judge({ audits: rich.audits, cells: shorter }, DEFAULT_POLICY) };
    expect(renderReport({ ...judged, cells: shorter })).toContain(
      "whole state swapped, n = 90 base→tuned",
    );
  });

  it("draws no point where nothing was learned, and never NaN", () => {
    const shown = withoutData(page);
    expect(shown.includes("NaN")).toBe(false);
    expect(shown.replace(/undefined: [a-z]/g, "").includes("undefined")).toBe(false);
  });

  it("says what was not tested, and how to repeat the run", () => {
    const { notTested, manifest } = sampleResult();
    for (const sentence of notTested) expect(page).toContain(sentence);
    for (const { sha256 } of manifest.inputs) expect(page).toContain(sha256);
    expect(page).toContain("mas-audit base.onnx tuned.onnx --layers every:4");
    expect(page).toContain("mas-audit reproduce result.json");
  });

  it("spells out marks that turn the direction of writing, and cuts names that would bury the page", () => {
    const result = sampleResult();
    const long = `a\u202eb${"long".repeat(3000)}`;
    const rename = <T extends { readonly variable: string }>(of: T): T =>
      of.variable === "number" ? { ...of, variable: long } : of;
    const html = renderReport({
      ...result,
      audits: result.audits.map(rename),
      variables: result.variables.map(rename),
      cells: result.cells.map((of) => ({ ...of, cell: rename(of.cell) })),
    });
    const shown = withoutData(html);
    expect(shown.includes("\u202e")).toBe(false);
    expect(shown).toContain("a\\u202eb");
    expect(shown).toContain("more characters)");
    expect(shown.length).toBeLessThan(page.length + 1_000_000);
  });

  it("shows pairs that failed with their prompts, answers and directions", () => {
    const html = renderReport(withExamples({ text: `the film was ${PLANT}` }));
    expect(html).toContain("the film was &lt;/script>");
    expect(html).toContain("<bdi>wrong class</bdi>");
    expect(html).not.toMatch(/<script|<img/);
  });

  it("shows digests of prompts where only those were kept, and says so where none were", () => {
    expect(renderReport(withExamples({ sha256: "ab".repeat(32) }))).toContain("abababababababab…");
    const bare = renderReport(withExamples(undefined));
    expect(bare).toContain("The prompts were not kept");
  });

  it("holds likeness against exchange, and says that it does not decide", () => {
    const html = renderReport(withSimilarity());
    expect(html).toContain("They never decide a verdict");
    expect(html).toMatch(/Most alike among those that do not transfer: [^(]+\(lost, CKA 0\.930\)/);
    expect(html).toContain('<title id="discord-t">');
    expect(page).toContain("No site of this run has both");
  });

  it("stays below 2 MB for a hundred cells of which half have everything that may stand in them", () => {
    const result = richResult();
    const learned = result.cells.filter(({ learning }) => learning !== undefined).length;

    const rich = renderReport(result).length;
    expect(learned).toBeGreaterThan(20);
    expect((rich / learned) * 50).toBeLessThan(2_000_000);
  });

  it("renders a run in which nothing could be measured", () => {
    const empty: Result = { ...sampleResult(), variables: [], cells: [], audits: [], verdict: "not-measurable" }; // prettier-ignore
    expect(renderReport(empty)).toContain("No variable was tested.");
  });

  it("renders a single layer", () => {
    const result = sampleResult();
    const variables = result.variables.map((of) => ({ ...of, sites: of.sites.slice(0, 1) }));
    expect(withoutData(renderReport({ ...result, variables })).includes("NaN")).toBe(false);
  });
});

/** The page less the packed result, in which any letters can stand beside each other. */
function withoutData(html: string): string {
  return html.replace(/base64,[^"]*/, "");
}

/** The sample with one failing trial per direction of each learned cell, and what was kept of the prompts. */
function withExamples(prompt: { text: string } | { sha256: string } | undefined): Result {
  const result = sampleResult();
  return {
    ...result,
    audits: result.audits.map((of) =>
      prompt === undefined
        ? of
        : {
            ...of,
            prompts: Object.fromEntries(Array.from({ length: 120 }, (_, i) => [i, prompt])),
          },
    ),
    cells: result.cells.map((cell) => {
      const causal = cell.trials[0]!;
      const examples = Object.fromEntries(
        DIRECTIONS.flatMap((key) => {
          const trial = causal.iia[key]?.indexOf("0") ?? -1;
          const failed = { trial, answer: "wrong class", expected: "right class" };
          return causal.iia[key] === undefined ? [] : [[key, trial < 0 ? [] : [failed]]];
        }),
      );
      return cell.learning === undefined ? cell : { ...cell, examples };
    }),
  };
}

function withSimilarity(): Result {
  const result = sampleResult();
  return {
    ...result,
    cells: result.cells.map((cell) => {
      const value = cell.cell.variable === "polarity" ? 0.93 : 0.7;
      const figure = { measure: "a measure", n: 40, value };
      const procrustes = { ...figure, nFit: 60 };
      return { ...cell, similarity: { linearCkaDebiased: figure, rsa: figure, procrustes } };
    }),
  };
}

function poisoned(): Result {
  const result = sampleResult();
  const names = new Map(result.variables.map(({ variable }) => [variable, PLANT + variable]));
  const renamed = (name: string): string => names.get(name) ?? name;
  return {
    ...result,
    audits: result.audits.map((of) => ({
      ...of,
      ...{ question: PLANT, title: PLANT, classes: [PLANT], variable: renamed(of.variable) },
    })),
    variables: result.variables.map((of) => ({
      ...of,
      variable: renamed(of.variable),
      reasons: [PLANT],
      sites: of.sites.map((site) => ({
        ...site,
        role: PLANT,
        reasons: [PLANT],
        warnings: [PLANT],
      })),
    })),
    notTested: [PLANT],
    warnings: [{ code: "X", message: PLANT, where: PLANT, hint: PLANT }],
    preflight: [{ ...result.preflight[0]!, check: PLANT, unit: PLANT }],
    manifest: {
      ...result.manifest,
      provider: PLANT,
      timing: { ...result.manifest.timing, command: [PLANT], paths: { "base model": PLANT } },
    },
  };
}
