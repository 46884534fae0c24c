/**
 * @file Errors in print.
 */
import { describe, expect, it } from "vitest";
import { EXIT_CODES, exitCodeOf, Interrupted } from "../../src/cli/exit.js";
import { errorRecord, formatError } from "../../src/cli/format-error.js";
import * as errors from "../../src/errors.js";

const plain = { verbose: false, colour: false };
const verbose = { verbose: true, colour: false };

const full = new errors.ModelFormatError("split: residual after block 3", {
  code: "SHAPE_MISMATCH",
  where: 'model.onnx, node "/h.3/Add_1" (Add), output 0',
  expected: "[batch, token, 768]",
  found: "[batch, token, 512]",
  hint: "run `mas-audit inspect`",
  cause: new Error("outer", { cause: new TypeError("inner") }),
});

describe("an error in print", () => {
  it("says what failed, what was expected, what was found, where, and what to do", () => {
    expect(formatError(full, plain)).toBe(
      "SHAPE_MISMATCH split: residual after block 3: expected [batch, token, 768], found [batch, token, 512]\n" +
        '  at    model.onnx, node "/h.3/Add_1" (Add), output 0\n' +
        "  hint  run `mas-audit inspect`\n",
    );
  });

  it("shows the chain of causes with --verbose, and no stack", () => {
    expect(formatError(full, verbose)).toBe(
      formatError(full, plain) + "  cause Error: outer\n  cause TypeError: inner\n",
    );
  });

  it("leaves out what is not known", () => {
    const bare = new errors.HostError("writing failed", { code: "DISK" });
    expect(formatError(bare, plain)).toBe("DISK writing failed\n");
  });

  it("indents the further lines of a long text", () => {
    const long = new errors.PlanError("two mistakes\none\ntwo", { code: "X", where: "a\nb" });
    expect(formatError(long, plain)).toBe("X two mistakes\n  one\n  two\n  at    a\n        b\n");
  });

  it("shows the stack of our own bugs with --verbose only", () => {
    const bug = new TypeError("x is undefined");
    expect(formatError(bug, plain)).not.toMatch(/format-error.test/);
    expect(formatError(bug, verbose)).toMatch(/\n {2}at .*format-error\.test\.ts/);
  });

  it("shows something thrown that is no error", () => {
    expect(formatError({ a: 1 }, plain)).toMatch(/^INTERNAL internal: thrown { a: 1 }\n/);
  });

  it("ends where a cause is its own cause", () => {
    const loop = new Error("a");
    loop.cause = new Error("b", { cause: loop });
    expect(errorRecord(loop).error.causes).toEqual(["Error: b"]);
  });

  it("has its code in colour where colour is wanted", () => {
    expect(formatError(full, { ...plain, colour: true })).toContain("\u001b[31mSHAPE_MISMATCH");
  });

  it("as JSON holds every field", () => {
    expect(errorRecord(full)).toEqual({
      schema: "mas-audit/error@1",
      exitCode: 3,
      error: {
        type: "ModelFormatError",
        code: "SHAPE_MISMATCH",
        message: "split: residual after block 3",
        where: 'model.onnx, node "/h.3/Add_1" (Add), output 0',
        expected: "[batch, token, 768]",
        found: "[batch, token, 512]",
        hint: "run `mas-audit inspect`",
        causes: ["Error: outer", "TypeError: inner"],
      },
    });
  });
});

describe("the exit code", () => {
  it.each([
    [new errors.UsageError("", { code: "" }), 2],
    [new errors.PlanError("", { code: "" }), 2],
    [new errors.ModelFormatError("", { code: "" }), 3],
    [new errors.UnsupportedOperatorError("", { code: "" }), 3],
    [new errors.LocateError("", { code: "" }), 3],
    [new errors.NumericsError("", { code: "" }), 4],
    [new errors.HostError("", { code: "" }), 5],
    [new errors.InvariantError("", { code: "" }), 70],
    [new Error("wrapped", { cause: new Interrupted("SIGINT") }), 130],
    [AbortSignal.abort().reason as Error, 130],
    [new Error("x"), 70],
  ])("of %o is %i, and stands in the table", (error, code) => {
    expect(exitCodeOf(error)).toBe(code);
    expect(EXIT_CODES.map((row) => row.code)).toContain(code);
  });
});
