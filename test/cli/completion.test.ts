/** @file Shell completion: the scripts know every command and option, and work in the shells that are installed. */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { beforeAll, describe, expect, it } from "vitest";
import { completionCommand } from "../../src/cli/completion-command.js";
import { SHELLS, type Shell } from "../../src/cli/completion/tree.js";
import { temporaryFolder } from "../support/tiny-models.js";
import { run } from "./run.js";

const folder = temporaryFolder();
const audits = [{ id: "sentiment" }, { id: "successor" }];
const scripts = new Map<Shell, string>();
let program: Command;

beforeAll(async () => {
  for (const shell of SHELLS) {
    const { stdout } = await run(["completion", shell], {
      completion: (name, tree, io) => {
        program = tree;
        return completionCommand({ shell: name, program: tree, audits }, io);
      },
    });
    scripts.set(shell, stdout);
    writeFileSync(join(folder, `completion.${shell}`), stdout);
  }
  mkdirSync(join(folder, "models"));
  writeFileSync(join(folder, "models.onnx"), "");
});

function isInstalled(shell: string): boolean {
  return spawnSync(shell, ["-c", "exit 0"]).status === 0;
}

/** What bash offers for a line that ends in its last word. */
function bash(...words: string[]): string[] {
  const quoted = ["mas-audit", ...words].map((word) => `'${word}'`).join(" ");
  const lines = [
    `source completion.bash`,
    `COMP_WORDS=(${quoted}); COMP_CWORD=${words.length}`,
    `_mas_audit; printf '%s\\n' "\${COMPREPLY[@]}"`,
  ];
  const ended = spawnSync("bash", ["--norc", "-u", "-c", lines.join("\n")], {
    cwd: folder,
    encoding: "utf8",
  });
  expect(ended.stderr).toBe("");
  return ended.stdout.split("\n").filter((line) => line !== "");
}

describe.skipIf(!isInstalled("bash"))("bash completes", () => {
  it("the commands and paths in first place, and only there", () => {
    expect(bash("")).toEqual(expect.arrayContaining(["plan", "schema", "completion", "models"]));
    expect(bash("ins")).toEqual(["inspect"]);
    expect(bash("models", "ins")).toEqual([]);
  });

  it("paths in place of models", () => {
    expect(bash("mod").sort()).toEqual(["models", "models.onnx"]);
    expect(bash("models", "mod").sort()).toEqual(["models", "models.onnx"]);
    expect(bash("inspect", "mod").sort()).toEqual(["models", "models.onnx"]);
  });

  it("the options of the command that is typed", () => {
    expect(bash("models", "--la")).toEqual(["--layers"]);
    expect(bash("gradcheck", "--la")).toEqual(["--layers"]);
    expect(bash("inspect", "--la")).toEqual([]);
    expect(bash("doctor", "--m")).toEqual(["--model"]);
  });

  it("the values of an option, and nothing where anything may stand", () => {
    expect(bash("a", "b", "--device", "c")).toEqual(["cpu", "cuda"]);
    expect(bash("compare", "a", "b", "--measures", "c")).toEqual(["cka", "cca"]);
    expect(bash("a", "b", "--controls", "")).toEqual(["full", "core"]);
    expect(bash("a", "b", "--audit", "se")).toEqual(["sentiment"]);
    expect(bash("a", "b", "--out", "mod")).toEqual(["models"]);
    expect(bash("a", "b", "--seed", "")).toEqual([]);
    expect(bash("schema", "p")).toEqual(["policy", "progress"]);
    expect(bash("completion", "")).toEqual(["bash", "zsh", "fish"]);
    expect(bash("doctor", "")).toEqual([]);
  });

  it("and registers itself for the program", () => {
    const text = "source completion.bash; complete -p mas-audit";
    const { stdout } = spawnSync("bash", ["-c", text], { cwd: folder, encoding: "utf8" });
    expect(stdout.trim()).toBe("complete -F _mas_audit mas-audit");
  });
});

describe("the scripts", () => {
  it.each(SHELLS)("know every command with all of its options: %s", (shell) => {
    const script = scripts.get(shell)!;
    for (const command of [program, ...program.commands]) {
      if (command.name() === "help") continue;
      if (command !== program) expect(script).toContain(command.name());
      for (const { long } of command.options)
        expect(script).toContain(shell === "fish" ? `-l ${long!.slice(2)}` : long);
    }
  });

  it.each(["zsh", "fish"] as const)("are syntax that the shell itself accepts: %s", (shell) => {
    if (!isInstalled(shell)) return; // Debian's images have neither; where they are, they are asked
    const { stderr } = spawnSync(shell, ["-n", join(folder, `completion.${shell}`)], {
      encoding: "utf8",
    });
    expect(stderr).toBe("");
  });

  it("exist for the shells named in the help, and for no other", async () => {
    const handlers = {
      completion: (shell: string, tree: Command, io: Parameters<typeof completionCommand>[1]) =>
        completionCommand({ shell, program: tree, audits }, io),
    };
    const refused = await run(["completion", "fisk"], handlers);
    expect(refused.exitCode).toBe(2);
    expect(refused.stderr).toContain('did you mean "fish"?');
    const { stdout } = await run(["completion", "--help"], handlers);
    for (const shell of SHELLS) expect(stdout).toContain(`mas-audit completion ${shell}`);
  });
});
