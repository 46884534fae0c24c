/** @file The pages of `align --html` and `compare --html` in a real browser, small ones and those of many layers. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { renderAlignment } from "../../src/report/html/align-page.js";
import { renderComparison } from "../../src/report/html/compare-page.js";
import type { Comparison } from "../../src/report/schema-compare.js";
import {
  expectAccessible,
  expectContrast,
  expectFits,
  hasBrowser,
  openBrowser,
  saySkipped,
  SCHEMES,
  VIEWS,
} from "../support/browser.js";
import { sampleAlignment } from "../support/sample-alignment.js";
import { sampleComparison } from "../support/sample-comparison.js";

saySkipped("the pages of align and compare");

/** As many layers as a 1.5B model has, in tables of Gromov–Wasserstein distances. */
function manyLayers(): Comparison {
  const layers = [...Array(29).keys()];
  const table = layers.map((i) => layers.map((j) => Math.abs(i - j) / 29));
  const { subNetworks } = sampleComparison;
  if (subNetworks === undefined) throw new Error("the sample has sub-networks");
  return {
    ...sampleComparison,
    layers: { base: layers, tuned: layers },
    subNetworks: {
      ...subNetworks,
      ...{ between: table, paired: table, within: { base: table, tuned: table } },
    },
  };
}

const PAGES = {
  alignment: renderAlignment(sampleAlignment),
  comparison: renderComparison(sampleComparison),
  "comparison of many layers": renderComparison(manyLayers()),
};

describe.skipIf(!hasBrowser).each(Object.entries(PAGES))("%s in Chromium", (_, html) => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-browser-"));
  const url = pathToFileURL(join(folder, "page.html")).href;

  beforeAll(async () => {
    writeFileSync(join(folder, "page.html"), html);
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
    async (colorScheme) => {
      await expectAccessible(browser, url, colorScheme);
      await expectContrast(browser, url, colorScheme);
    },
    60_000,
  );

  it("reads the same with scripts off", async () => {
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(url);
    expect(await page.locator("svg[role=img]").count()).toBeGreaterThan(0);
    expect(await page.locator("h1").count()).toBe(1);
    await page.close();
  });
});
