/**
 * @file The packed tarball, tried in an empty folder: contents, types, command line, an audit, the examples.
 * `npm run check:package` (after a build). Needs npm's registry or a warm cache for the dependencies.
 */
import { execFileSync } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

/** What a package may hold; anything else was not meant to be shipped. */
const SHIPPED = [
  /^dist\/(src|adapters|audits)\/.*\.(js|d\.ts)$/,
  /^fixtures\/(demo|examples|recipes)\//,
  /^(package\.json|README\.md|LICENSE)$/,
];
/** What it must hold. */
const NEEDED = ["LICENSE", "README.md", "dist/src/main.js", "dist/src/index.d.ts"];

/** A program of a user, checked by the strictest of resolutions. */
const CONSUMER = `
import { audit, gradientOf, learnAlignment, locateSites, splitAt, PlanError } from "mas-audit";
import type { Alignment, OnnxGraph, Result, SitedModel } from "mas-audit";
import { checkGradient } from "mas-audit/gradient";
import { parseResult, judge } from "mas-audit/result";

export async function use(path: string): Promise<OnnxGraph> {
  const model: SitedModel = await locateSites(path);
  const { suffix } = splitAt(model, model.nLayers);
  return gradientOf(suffix, { outputs: ["logits"], wrt: ["residual"] });
}
export const run = (): Promise<Result> => audit({ base: "a", tuned: "b", layers: [1] });
export const learn: (...request: Parameters<typeof learnAlignment>) => Promise<Alignment> = learnAlignment;
// @ts-expect-error a loss and outputs exclude each other's absence: one of them is needed
export const wrong = (): OnnxGraph => gradientOf("m.onnx", { wrt: ["x"] });
export { checkGradient, judge, parseResult, PlanError };
`;

interface Packed {
  readonly filename: string;
  readonly size: number;
  readonly unpackedSize: number;
  readonly files: readonly { readonly path: string; readonly size: number }[];
}

const folder = mkdtempSync(join(tmpdir(), "mas-audit-package-"));
const home = resolve(".");

try {
  const packed = pack();
  checkContents(packed);
  install(packed);
  checkTypes();
  checkCommands();
  checkExamples();
  say("everything that was packed works");
} finally {
  rmSync(folder, { recursive: true, force: true });
}

function say(text: string): void {
  process.stdout.write(`${text}\n`);
}

function run(command: string, args: readonly string[], cwd = folder): string {
  return execFileSync(command, [...args], {
    cwd,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "inherit"],
  });
}

function fail(text: string): never {
  throw new Error(text);
}

function pack(): Packed {
  const args = ["pack", "--json", "--ignore-scripts", "--pack-destination", folder];
  const [packed] = JSON.parse(run("npm", args, home)) as readonly Packed[]; // npm's own format
  return packed ?? fail("npm pack made nothing");
}

function checkContents({ files, size, unpackedSize }: Packed): void {
  const paths = files.map(({ path }) => path);
  const stray = paths.filter((path) => !SHIPPED.some((pattern) => pattern.test(path)));
  const missing = NEEDED.filter((path) => !paths.includes(path));
  if (stray.length > 0) fail(`packed and not meant to be: ${stray.join(", ")}`);
  if (missing.length > 0) fail(`not packed: ${missing.join(", ")}`);
  const sizes = new Map<string, number>();
  for (const { path, size: bytes } of files) {
    const part = path.split("/").slice(0, 2).join("/");
    sizes.set(part, (sizes.get(part) ?? 0) + bytes);
  }
  const largest = [...sizes].sort(([, a], [, b]) => b - a).slice(0, 5);
  const parts = largest.map(([part, bytes]) => `${part} ${kilobytes(bytes)}`).join(", ");
  say(
    `${paths.length} files, ${kilobytes(size)} packed, ${kilobytes(unpackedSize)} unpacked (${parts})`,
  );
}

function install({ filename }: Packed): void {
  writeFileSync(join(folder, "package.json"), '{ "private": true, "type": "module" }\n');
  run("npm", [
    "install",
    "--ignore-scripts",
    "--prefer-offline",
    "--no-audit",
    "--no-fund",
    `./${filename}`,
  ]);
  const bytes = sizeOf(join(folder, "node_modules"));
  say(`installed with its dependencies: ${kilobytes(bytes)}`);
}

function checkTypes(): void {
  writeFileSync(join(folder, "consumer.ts"), CONSUMER);
  const strict = ["--strict", "--exactOptionalPropertyTypes", "--noUncheckedIndexedAccess"];
  const modules = ["--module", "NodeNext", "--target", "ES2022", "--noEmit"];
  const types = ["--types", "node", "--typeRoots", join(home, "node_modules/@types")];
  const tsc = join(home, "node_modules/typescript/bin/tsc");
  run(process.execPath, [tsc, ...strict, ...modules, ...types, "consumer.ts"]);
  say("a strict NodeNext program type-checks, declaration files included");
}

function checkCommands(): void {
  const begin = performance.now();
  const help = run("npx", ["--no-install", "mas-audit", "--help"]);
  const viaNpx = performance.now() - begin;
  if (!help.includes("Usage: mas-audit")) fail("--help prints no usage");
  const main = "node_modules/mas-audit/dist/src/main.js";
  const times = Array.from({ length: 5 }, () => {
    const from = performance.now();
    run(process.execPath, [main, "--help"]);
    return performance.now() - from;
  }).sort((a, b) => a - b);
  say(`--help: ${Math.round(times[2] ?? NaN)} ms (median of 5), ${Math.round(viaNpx)} ms by npx`);
  const demo = join("node_modules", "mas-audit", "fixtures", "demo");
  const args = ["--audit", "sentiment", "--layers", "5", "--items", "160", "--pairs", "100"];
  const small = [...args, "--steps", "5", "--controls", "core", "--quiet", "--exit-zero"];
  run("npx", [
    "--no-install",
    "mas-audit",
    join(demo, "base"),
    join(demo, "broken"),
    "--out",
    "out",
    ...small,
  ]);
  const left = readdirSync(join(folder, "out")).sort().join(" ");
  if (left !== "cells report.html result.json") fail(`an audit left ${left}`);
  say("an audit of the packed pair: result.json, report.html, cells");
}

function checkExamples(): void {
  const fixtures = join(folder, "node_modules/mas-audit/fixtures");
  for (const part of ["examples", "demo"])
    cpSync(join(fixtures, part), join(folder, part), { recursive: true });
  for (const name of readdirSync(join(folder, "examples"))) {
    const lines = run(process.execPath, [join("examples", name)])
      .trimEnd()
      .split("\n");
    say(`examples/${name}: ${lines.at(-1) ?? "nothing"}`);
  }
}

function sizeOf(path: string): number {
  return readdirSync(path, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

function kilobytes(bytes: number): string {
  return bytes > 1e6 ? `${(bytes / 1e6).toFixed(1)} MB` : `${Math.ceil(bytes / 1e3)} kB`;
}
