/**
 * @file The sources as plain JavaScript in a folder of their own, for tests that need a second process: no build has
 * to come first. Types are not checked here; `npm run lint` does that.
 */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, relative } from "node:path";
import ts from "typescript";

/** A folder with `src/…/*.js` of the named source folders (`""` = files at the top of src). */
export interface Transpiled {
  readonly folder: string;
  /** Writes a script into the folder and returns its path; imports as in `./src/cli/exit.js`. */
  script(name: string, text: string): string;
  remove(): void;
}

/** The named source folders with all folders below them, as {@link transpile} takes them. */
export function withSubfolders(names: readonly string[]): string[] {
  return names.flatMap((name) => [
    name,
    ...readdirSync(join("src", name), { withFileTypes: true, recursive: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => relative("src", join(entry.parentPath, entry.name))),
  ]);
}

/** Everything that `src/runtime` imports, as {@link transpile} takes it. */
export function runtimeSources(): string[] {
  return ["", ...withSubfolders(["runtime", "onnx", "store", "autodiff", "stats", "numeric"])];
}

/** Transpiles the files of `folders`, without their sub-folders. */
export function transpile(folders: readonly string[]): Transpiled {
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-js-"));
  writeFileSync(join(folder, "package.json"), '{"type":"module"}');
  symlinkSync(join(process.cwd(), "node_modules"), join(folder, "node_modules"));
  for (const name of folders) transpileFolder(join("src", name), folder);
  return {
    folder,
    script: (name, text) => {
      const path = join(folder, name);
      writeFileSync(path, text);
      return path;
    },
    remove: () => {
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function transpileFolder(from: string, to: string): void {
  const sources = readdirSync(from).filter((file) => /\.ts$/.test(file));
  for (const file of sources) {
    const { outputText } = ts.transpileModule(readFileSync(join(from, file), "utf8"), {
      compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
    });
    const path = join(to, from, file.replace(/\.ts$/, ".js"));
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, outputText);
  }
}
