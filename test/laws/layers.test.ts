/** @file The order of the folders is the story of a run; imports may only point backwards along it. */
import { readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve, sep } from "node:path";
import { describe, expect, it } from "vitest";

/** What each folder may import, besides itself and `src/errors.ts`. */
const ALLOWED: Readonly<Record<string, readonly string[]>> = {
  "src/onnx": ["src/store"],
  "src/numeric": [],
  "src/stats": ["src/numeric"],
  "src/store": [],
  "src/autodiff": ["src/onnx", "src/stats"],
  "src/runtime": ["src/onnx"],
  "src/plan": ["src/stats", "src/store"],
  "src/models": [
    "src/onnx",
    "src/autodiff",
    "src/runtime",
    "src/plan",
    "src/stats",
    "src/numeric",
    "src/store",
  ],
  "src/capture": ["src/models", "src/runtime", "src/plan", "src/store"],
  "src/align": ["src/numeric", "src/stats"],
  "src/similarity": ["src/numeric", "src/stats"],
  "src/measure": [
    "src/align",
    "src/similarity",
    "src/capture",
    "src/models",
    "src/runtime",
    "src/plan",
    "src/stats",
    "src/numeric",
    "src/store",
  ],
  "src/verdict": ["src/measure", "src/stats"],
  "src/report": [
    "src/verdict",
    "src/measure",
    "src/similarity",
    "src/plan",
    "src/stats",
    "src/store",
  ],
  adapters: ["src/models", "src/onnx"],
  audits: ["src/plan", "src/stats"],
};

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

function folderOf(file: string): string {
  const parts = relative(process.cwd(), file).split(sep);
  return parts[0] === "src" ? parts.slice(0, 2).join("/") : (parts[0] ?? "");
}

function imports(file: string): string[] {
  const text = readFileSync(file, "utf8");
  return [...text.matchAll(/(?:from|import)\s*\(?\s*"(\.[^"]+)"/g)].map(([, path]) =>
    resolve(dirname(file), path ?? ""),
  );
}

describe("import direction", () => {
  for (const [folder, allowed] of Object.entries(ALLOWED)) {
    it(`${folder} imports only what comes before it`, () => {
      const files = sources(folder);
      expect(files.length).toBeGreaterThan(0);
      const wrong = files.flatMap((file) =>
        imports(file)
          .map(folderOf)
          .filter((to) => to !== folder && to !== "src/errors.js" && !allowed.includes(to))
          .map((to) => `${relative(process.cwd(), file)} imports ${to}`),
      );
      expect(wrong).toEqual([]);
    });
  }

  it("onnxruntime-node is imported by src/runtime alone", () => {
    const importers = ["src", "adapters", "audits"]
      .flatMap(sources)
      .filter((file) => /(from|import\()\s*"onnxruntime-node"/.test(readFileSync(file, "utf8")));
    expect(importers.map(folderOf)).toEqual(["src/runtime"]);
  });

  it("only the composition root and the public library know adapters and audits", () => {
    const importers = sources("src").filter((file) =>
      imports(file).some((path) => /(^|\/)(adapters|audits)\//.test(relative(process.cwd(), path))),
    );
    expect(importers.map((file) => relative(process.cwd(), file)).sort()).toEqual([
      join("src", "library", "built-in.ts"),
      join("src", "main.ts"),
    ]);
  });
});
