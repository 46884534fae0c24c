import { describe, expect, it } from "vitest";

import { valueText } from "../../src/report/figure-text.js";
import { renderReport } from "../../src/report/html/page.js";
import { parseResult } from "../../src/report/result-text.js";
import type { Result } from "../../src/report/schema.js";
import { sampleResult } from "../support/sample-result.js";

const page = renderReport(sampleResult());

/** Would run, or break out of an attribute, a text, or the embedded JSON, if anything were not escaped. */
const PLANT = `</script><script>alert(1)</script><img src=x onerror='alert(2)'>"><!--`;

describe("report.html", () => {
  it("is the same for the same result", () => {
    expect(renderReport(sampleResult())).toBe(page);
  });

  it("escapes whatever a user's file holds", () => {
    const html = renderReport(poisoned());
    expect(html.match(/<script/g)).toHaveLength(1);
    expect(html.match(/<\/script/g)).toHaveLength(1);
    expect(html).not.toMatch(/<img|<!--/);
  });

  it("embeds the whole result, which reads back", () => {
    for (const result of [sampleResult(), poisoned()]) {
      const [, json = ""] = /<script type="application\/json"[^>]*>([^<]*)<\/script>/.exec(renderReport(result)) ?? []; // prettier-ignore
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
    expect(page).not.toMatch(/https?:|\bsrc=|@import|url\(/);
    const links = [...page.matchAll(/href="([^"]*)"/g)].map(([, link = ""]) => link);
    expect(links.filter((link) => !/^(#|data:,)/.test(link))).toEqual([]);
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

  it("gives every chart a title, a description, and a table with a row per layer", () => {
    const charts = page.split('<div class="chart">').slice(1);
    expect(charts).toHaveLength(6);
    for (const chart of charts) {
      expect(chart.match(/<svg[^>]*role="img"[^>]*><title[^>]*>[^<]+<\/title><desc/g)).toHaveLength(2); // prettier-ignore
      const [, table = ""] = /<table>(.*?)<\/table>/s.exec(chart) ?? [];
      expect(table.match(/<th scope="row"/g)).toHaveLength(8);
    }
  });

  it("gives every table a caption and every heading a scope", () => {
    expect(page.match(/<caption>/g)?.length).toBe(page.match(/<table/g)?.length);
    expect(page).not.toMatch(/<th(?![^>]*scope=)[ >]/);
  });

  it("shows every interchange accuracy of the result", () => {
    const measures = sampleResult().variables.flatMap(({ sites }) => sites.flatMap(({ iia }) => Object.values(iia))); // prettier-ignore
    for (const measure of measures) {
      if (measure.kind === "value") expect(page).toContain(`>${valueText(measure)} <span`);
    }
  });

  it("draws no point where nothing was learned, and never NaN", () => {
    expect(page).not.toContain("NaN");
    expect(page).not.toContain("undefined");
  });

  it("says what was not tested, and how to repeat the run", () => {
    const { notTested, manifest } = sampleResult();
    for (const sentence of notTested) expect(page).toContain(sentence);
    for (const { sha256 } of manifest.inputs) expect(page).toContain(sha256);
    expect(page).toContain("mas-audit base.onnx tuned.onnx --layers every:4");
  });

  it("renders a run in which nothing could be measured", () => {
    const empty: Result = { ...sampleResult(), variables: [], cells: [], audits: [], verdict: "not-measurable" }; // prettier-ignore
    expect(renderReport(empty)).toContain("No variable was tested.");
  });

  it("renders a single layer", () => {
    const result = sampleResult();
    const variables = result.variables.map((of) => ({ ...of, sites: of.sites.slice(0, 1) }));
    expect(renderReport({ ...result, variables })).not.toContain("NaN");
  });
});

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
