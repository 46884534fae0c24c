/**
 * @file The report in a real browser: Chromium at /usr/bin/chromium or $CHROMIUM. Without one the tests are skipped,
 * and say so.
 */
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";

import { renderReport } from "../../src/report/html/page.js";
import { sampleResult } from "../support/sample-result.js";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";
const isPresent = existsSync(executablePath);
if (!isPresent) {
  process.stderr.write(
    `skipped: the report in a browser, because ${executablePath} does not exist (set CHROMIUM)\n`,
  );
}

const WIDTHS = [375, 1280] as const;
const SCHEMES = ["light", "dark"] as const;

describe.skipIf(!isPresent)("report.html in Chromium", () => {
  let browser: Browser;
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-browser-"));
  const url = pathToFileURL(join(folder, "report.html")).href;

  beforeAll(async () => {
    writeFileSync(join(folder, "report.html"), renderReport(sampleResult()));
    browser = await chromium.launch({
      executablePath,
      args: [
        "--headless",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
  });
  afterAll(async () => {
    await browser.close();
    rmSync(folder, { recursive: true, force: true });
  });

  const cases = WIDTHS.flatMap((width) => SCHEMES.map((colorScheme) => ({ width, colorScheme })));
  it.each(cases)(
    "loads nothing, complains of nothing and fits: $width px, $colorScheme",
    async ({ width, colorScheme }) => {
      const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
      const seen = watch(page);
      await page.goto(url);
      await page.evaluate(`document.querySelectorAll("details").forEach((d) => (d.open = true))`);
      expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
      expect(seen).toEqual({ complaints: [], requests: [url] });
      await page.close();
    },
  );

  it("reads the same with scripts off", async () => {
    const page = await browser.newPage({ javaScriptEnabled: false });
    await page.goto(url);
    expect(await page.locator("svg[role=img]").count()).toBe(12);
    expect(await page.locator("h1").innerText()).toContain("Which causal variables");
    await page.close();
  });

  it("gives text enough contrast with its ground, light and dark", async () => {
    for (const colorScheme of SCHEMES) {
      const page = await browser.newPage({ colorScheme });
      await page.goto(url);
      const ratios = await page.evaluate<Record<string, number>>(CONTRASTS);
      const low = Object.entries(ratios).filter(([, ratio]) => ratio < 4.5);
      expect(low, colorScheme).toEqual([]);
      await page.close();
    }
  });

  it("prints on paper, tables unfolded", async () => {
    const page = await browser.newPage();
    await page.goto(url);
    await page.emulateMedia({ media: "print" });
    expect((await page.pdf({ format: "A4" })).length).toBeGreaterThan(10_000);
    const isShown = await page.locator("details table").first().isVisible();
    expect(isShown).toBe(true);
    await page.close();
  });
});

function watch(page: Page): { readonly complaints: string[]; readonly requests: string[] } {
  const complaints: string[] = [];
  const requests: string[] = [];
  page.on("console", (message) => complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("request", (request) => {
    if (!request.url().startsWith("data:")) requests.push(request.url());
  });
  return { complaints, requests };
}

/** WCAG 2 contrast of each coloured text with the page's ground; runs in the page. */
const CONTRASTS = `(() => {
  const channels = (colour) => colour.match(/[\\d.]+/g).slice(0, 3).map(Number);
  const luminance = (colour) => channels(colour)
    .map((c) => c / 255).map((c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4))
    .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = luminance(getComputedStyle(document.body).backgroundColor);
  const found = {};
  for (const element of document.querySelectorAll("p, h1, h2, .word, .stamp, .quiet, caption, summary, td, a")) {
    const colour = getComputedStyle(element).color;
    const [low, high] = [luminance(colour), ground].sort((a, b) => a - b);
    found[colour] = (high + 0.05) / (low + 0.05);
  }
  return found;
})()`;
