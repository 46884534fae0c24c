/** @file A real browser for tests: Chromium at /usr/bin/chromium or $CHROMIUM, and what is asked of every page in it. */
import { existsSync } from "node:fs";
import axe from "axe-core";
import { chromium, type Browser, type Page } from "playwright-core";
import { expect } from "vitest";

const executablePath = process.env["CHROMIUM"] ?? "/usr/bin/chromium";

/** Whether there is one. */
export const hasBrowser = existsSync(executablePath);

/** Says what is skipped where there is none. */
export function saySkipped(what: string): void {
  if (hasBrowser) return;
  process.stderr.write(
    `skipped: ${what} in a browser, because ${executablePath} does not exist (set CHROMIUM)\n`,
  );
}

/** Opens it. */
export function openBrowser(): Promise<Browser> {
  return chromium.launch({
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
}

/** Widths in pixels, and colour schemes. */
export const WIDTHS = [375, 1280] as const;
/** Of the system. */
export const SCHEMES = ["light", "dark"] as const;

/** Every width in every scheme. */
export const VIEWS = WIDTHS.flatMap((width) =>
  SCHEMES.map((colorScheme) => ({ width, colorScheme })),
);

/** One width and one colour scheme. */
type View = (typeof VIEWS)[number];

/** Unfolded, the page is as wide as the window, asks for nothing but itself, and complains of nothing. */
export async function expectFits(
  browser: Browser,
  url: string,
  { width, colorScheme }: View,
): Promise<void> {
  const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
  const seen = watch(page);
  await page.goto(url);
  await page.evaluate(UNFOLD);
  expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  expect(seen).toEqual({ complaints: [], requests: [url] });
  await page.close();
}

/** Axe has nothing serious to say of the unfolded page. */
export async function expectAccessible(
  browser: Browser,
  url: string,
  colorScheme: View["colorScheme"],
): Promise<void> {
  // the page's own policy forbids the script that looks at it
  const context = await browser.newContext({ bypassCSP: true, colorScheme });
  const page = await context.newPage();
  await page.goto(url);
  await page.evaluate(UNFOLD);
  await page.evaluate(axe.source);
  const found = await page.evaluate<readonly Finding[]>(AXE);
  expect(found.filter(({ impact }) => impact === "serious" || impact === "critical")).toEqual([]);
  await context.close();
}

/** Text has contrast enough with its ground (WCAG 2, level AA). */
export async function expectContrast(
  browser: Browser,
  url: string,
  colorScheme: View["colorScheme"],
): Promise<void> {
  const page = await browser.newPage({ colorScheme });
  await page.goto(url);
  const ratios = await page.evaluate<Record<string, number>>(CONTRASTS);
  expect(Object.keys(ratios).length).toBeGreaterThan(0);
  expect(Object.entries(ratios).filter(([, ratio]) => ratio < 4.5)).toEqual([]);
  await page.close();
}

/** Opens every detail; runs in the page. */
export const UNFOLD = `document.querySelectorAll("details").forEach((d) => (d.open = true))`;

interface Finding {
  readonly id: string;
  readonly impact: string;
  readonly nodes: readonly string[];
}

/** Axe's violations, by rule; runs in the page. */
const AXE = `axe.run(document, { resultTypes: ["violations"] }).then(({ violations }) =>
  violations.map(({ id, impact, nodes }) => ({ id, impact, nodes: nodes.slice(0, 3).map((n) => n.html.slice(0, 200)) })))`;

/** Complaints and requests of a page from now on. */
export function watch(page: Page): { readonly complaints: string[]; readonly requests: string[] } {
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
  for (const element of document.querySelectorAll("p, h1, h2, .word, .stamp, .quiet, caption, summary, td, main a")) {
    const colour = getComputedStyle(element).color;
    const [low, high] = [luminance(colour), ground].sort((a, b) => a - b);
    found[colour] = (high + 0.05) / (low + 0.05);
  }
  return found;
})()`;
