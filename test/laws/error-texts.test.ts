/** @file Every error that a reader of files throws says what to do next. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

/** Folders whose errors reach people who have a file that is not as we want it. */
const FOLDERS = ["src/onnx", "src/models", "src/store", "adapters"];
const CLASSES = /^(ModelFormatError|LocateError|UnsupportedOperatorError|HostError|PlanError)$/;

function sources(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && entry.name.endsWith(".ts"))
    .map((entry) => join(entry.parentPath, entry.name));
}

/** Places of errors whose details, written out, hold neither a hint nor a spread that could bring one. */
function withoutHint(file: string): string[] {
  const source = ts.createSourceFile(file, readFileSync(file, "utf8"), ts.ScriptTarget.ES2022);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isNewExpression(node) && CLASSES.test(node.expression.getText(source))) {
      const details = node.arguments?.[1];
      const isOpen =
        details === undefined ||
        !ts.isObjectLiteralExpression(details) ||
        details.properties.some(
          (each) => ts.isSpreadAssignment(each) || each.name.getText(source) === "hint",
        );
      const { line } = source.getLineAndCharacterOfPosition(node.getStart(source));
      if (!isOpen) found.push(`${file}:${line + 1} ${node.arguments?.[0]?.getText(source) ?? ""}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe("error texts", () => {
  it.each(FOLDERS)("of %s say what to do", (folder) => {
    expect(sources(folder).flatMap(withoutHint)).toEqual([]);
  });
});
