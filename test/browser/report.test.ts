/**
 * @file The report in a real browser: Chromium at /usr/bin/chromium or $CHROMIUM. Without one the tests are skipped,
 * and say so.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { gunzipSync } from "node:zlib";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { renderReport } from "../../src/report/html/page.js";
import { parseResult } from "../../src/report/result-text.js";
import type { Result } from "../../src/report/schema.js";
import {
  expectAccessible,
  expectContrast,
  expectFits,
  hasBrowser,
  openBrowser,
  saySkipped,
  SCHEMES,
  UNFOLD,
  VIEWS,
  watch,
} from "../support/browser.js";
import { richResult } from "../support/rich-result.js";
import { sampleResult } from "../support/sample-result.js";

saySkipped("the report");

/** Few of the sample's layers: axe takes its time over every element. */
const LAYERS = [0, 16, 24] as const;

describe.skipIf(!hasBrowser)("report.html in Chromium", () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-browser-"));
  const url = pathToFileURL(join(folder, "report.html")).href;

  beforeAll(async () => {
    writeFileSync(join(folder, "report.html"), renderReport(richResult(LAYERS)));
    browser = await openBrowser();
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  it.each(VIEWS)("loads nothing, complains of nothing and fits: $width px, $colorScheme", (view) =>
    expectFits(browser, url, view),
  );

  it.each(SCHEMES)(
    "gives axe nothing serious to say, all unfolded: %s",
    (colorScheme) => expectAccessible(browser, url, colorScheme),
    60_000,
  );

  it("reads the same with scripts off", async () => {
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(url);
    expect(await page.locator("svg[role=img]").count()).toBeGreaterThan(12);
    expect(await page.locator("h1").innerText()).toContain("Which causal variables");
    await page.close();
  });

  it("leads by keyboard from the map to the detail of a cell", async () => {
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(url);
    const focused = page.locator("*:focus");
    let reached = "";
    for (let press = 0; press < 60 && !reached.startsWith("#site-"); press++) {
      await page.keyboard.press("Tab");
      reached = (await focused.getAttribute("href")) ?? "";
    }
    expect(reached).toMatch(/^#site-/);
    const detail = page.locator(reached.replace("#", "div#"));
    expect(await detail.isVisible()).toBe(false);
    await page.keyboard.press("Enter");
    await detail.waitFor({ state: "visible" });
    // and on from there
    await page.keyboard.press("Tab");
    expect(await focused.count()).toBe(1);
    await page.close();
  });

  it("lets the first stop skip to the verdicts", async () => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.keyboard.press("Tab");
    await page.keyboard.press("Enter");
    expect(await page.evaluate("document.activeElement.id")).toBe("main");
    await page.close();
  });

  it("hands out the whole result as a file", async () => {
    const page = await browser.newPage({ acceptDownloads: true });
    await page.goto(url);
    const [download] = await Promise.all([
      page.waitForEvent("download"),
      page.getByRole("link", { name: "result.json.gz" }).click(),
    ]);
    const path = join(folder, "result.json.gz");
    await download.saveAs(path);
    expect(parseResult(gunzipSync(readFileSync(path)).toString("utf8"))).toEqual(
      richResult(LAYERS),
    );
    await page.close();
  });

  it("wraps and shows texts that were made to break it", async () => {
    const hostile = join(folder, "hostile.html");
    writeFileSync(hostile, renderReport(hostileResult()));
    const page = await browser.newPage({ viewport: { width: 375, height: 900 } });
    const seen = watch(page);
    await page.goto(pathToFileURL(hostile).href);
    await page.evaluate(UNFOLD);
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(375);
    expect(await page.locator("script, img, iframe").count()).toBe(0);
    expect(seen.complaints).toEqual([]);
    await page.close();
  });

  it.each(SCHEMES)("gives text enough contrast with its ground: %s", (colorScheme) =>
    expectContrast(browser, url, colorScheme),
  );

  it("prints on paper: light, every learned cell unfolded", async () => {
    const page = await browser.newPage({ colorScheme: "dark" });
    await page.goto(url);
    await page.emulateMedia({ media: "print" });
    expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(10_000);
    const ground = await page.evaluate("getComputedStyle(document.body).backgroundColor");
    expect(ground).toBe("rgb(255, 255, 255)");
    const hidden = await page
      .locator("details.cell:not(.still) table")
      .evaluateAll((tables) => tables.filter((table) => !table.checkVisibility()).length);
    expect(hidden).toBe(0);
    await page.close();
  });
});

/** The sample with names, a title and a reason that would run, turn the writing round or push the page wide. */
function hostileResult(): Result {
  const plant = `</style><script>alert(1)</script>\u202e<img src=x onerror=alert(2)>${"x".repeat(10_000)}`;
  const result = sampleResult();
  const rename = (name: string): string => (name === "harmful" ? plant : name);
  return {
    ...result,
    audits: result.audits.map((of) => ({ ...of, title: plant, variable: rename(of.variable) })),
    variables: result.variables.map((of) => ({
      ...of,
      variable: rename(of.variable),
      reasons: [plant],
      sites: of.sites.map((site) => ({ ...site, role: site.role === "last" ? plant : site.role })),
    })),
    cells: result.cells.map((of) => ({
      ...of,
      cell: { ...of.cell, variable: rename(of.cell.variable) },
    })),
    notTested: [plant],
  };
}
