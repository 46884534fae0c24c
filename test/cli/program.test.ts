/**
 * @file The command line as a user types it: what reaches the handlers, and the exact text of every mistake.
 */
import { resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { DEFAULTS } from "../../src/plan/defaults.js";
import { PlanError } from "../../src/errors.js";
import { Interrupted } from "../../src/cli/exit.js";
import { run } from "./run.js";

/** Options of `mas-audit a b`, as the help promises them. */
const DEFAULT_OPTIONS = {
  base: "a",
  tuned: "b",
  audits: [],
  variables: [],
  layers: "spread:8",
  k: "auto",
  items: 400,
  pairs: 300,
  steps: 60,
  seed: 0,
  batch: 64,
  threads: "auto",
  referencePath: false,
  controls: "full",
  seeds: 1,
  device: "auto",
  strictDevice: false,
  tokenizer: null,
  out: resolve("mas-audit-a-b"),
  force: false,
  json: false,
  quiet: false,
  verbose: false,
  exitZero: false,
};

const words = (line: string): readonly string[] => line.split(" ").filter((word) => word !== "");

describe("an audit gets", () => {
  it.each<[string, object]>([
    ["a b", {}],
    ["--json a --seed 7 b --quiet", { json: true, quiet: true, seed: 7 }],
    ["a b --audit x --audit=y.json --variable v", { audits: ["x", "y.json"], variables: ["v"] }],
    [
      "a b --layers 3,7-9 --k 1 --items 10 --pairs 20 --steps 0",
      { layers: "3,7-9", k: 1, items: 10, pairs: 20, steps: 0 },
    ],
    ["a b --k auto --threads auto", {}],
    [
      "a b --batch 4 --threads 2 --device cuda --tokenizer t",
      { batch: 4, threads: 2, device: "cuda", tokenizer: "t" },
    ],
    ["a b --max-memory 1.5GB", { maxMemory: 1_500_000_000 }],
    ["a b --max-memory 512MiB", { maxMemory: 536_870_912 }],
    ["a b --device webgpu --strict-device", { device: "webgpu", strictDevice: true }],
    ["a b --device cuda:2", { device: "cuda:2" }],
    ["a b --learner tfjs", { learner: "tfjs" }],
    ["a b --learner mas", {}],
    ["a b --policy p.yaml", { policy: "p.yaml" }],
    [
      "a b --out ../x --force --verbose --exit-zero",
      { out: resolve("../x"), force: true, verbose: true, exitZero: true },
    ],
  ])("from %j its options", async (line, options) => {
    const { calls, exitCode, stderr } = await run(words(line));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    expect(calls).toEqual([["audit", { ...DEFAULT_OPTIONS, ...options }]]);
  });

  it.each([
    ["models/base/model.onnx", "models/tuned/model.onnx", "mas-audit-base-tuned"],
    ["models/base/", "tuned v2.onnx", "mas-audit-base-tuned_v2"],
    ["/", "model", "mas-audit-model-model"],
  ])("for %j and %j a folder of its own", async (base, tuned, folder) => {
    const { calls } = await run([base, tuned]);
    expect(calls).toMatchObject([["audit", { out: resolve(folder) }]]);
  });

  it("frozen options", async () => {
    const { calls } = await run(["a", "b"]);
    expect(Object.isFrozen(calls[0]?.[1])).toBe(true);
  });
});

describe("a command gets its options", () => {
  it.each<[string, readonly [string, unknown]]>([
    ["inspect m --json", ["inspect", { model: "m", json: true, verbose: false }]],
    [
      "gradcheck m --layers 0 --seed 3",
      [
        "gradcheck",
        {
          model: "m",
          json: false,
          verbose: false,
          layers: "0",
          seed: 3,
          threads: "auto",
          device: "cpu",
        },
      ],
    ],
    ["doctor", ["doctor", { model: null, device: "auto", json: false, verbose: false }]],
    [
      "doctor --model m --device cuda:1 --json",
      ["doctor", { model: "m", device: "cuda:1", json: true, verbose: false }],
    ],
    ["schema", ["schema", "result"]],
    ["schema audit", ["schema", "audit"]],
    ["schema policy", ["schema", "policy"]],
    ["init", ["init", "mas-audit-policy.yaml"]],
    ["init p.yaml", ["init", "p.yaml"]],
    [
      "report r --exit-zero",
      [
        "report",
        {
          ...{ result: "r", format: "terminal", out: null, force: false, json: false },
          ...{ quiet: false, verbose: false, exitZero: true },
        },
      ],
    ],
    [
      "report r.json --policy p --out o --force --json --quiet",
      [
        "report",
        {
          ...{ result: "r.json", policy: "p", format: "json", out: resolve("o") },
          ...{ force: true, json: true },
          ...{ quiet: true, verbose: false, exitZero: false },
        },
      ],
    ],
  ])("from %j", async (line, call) => {
    expect((await run(words(line))).calls).toEqual([call]);
  });
});

describe("the exit code", () => {
  it.each([0, 1])("%i of a handler is passed on", async (code) => {
    const { exitCode } = await run(["a", "b"], { audit: () => Promise.resolve(code) });
    expect(exitCode).toBe(code);
  });

  it("of an error of ours is its own", async () => {
    const audit = (): Promise<number> =>
      Promise.reject(new PlanError("output folder", { code: "OUTPUT_EXISTS", found: "x" }));
    expect(await run(["a", "b"], { audit })).toMatchObject({
      exitCode: 2,
      stdout: "",
      stderr: "OUTPUT_EXISTS output folder: found x\n",
    });
  });

  it("of an interruption is 130", async () => {
    const audit = (): Promise<number> => Promise.reject(new Interrupted("SIGINT"));
    expect((await run(["a", "b"], { audit })).exitCode).toBe(130);
  });

  it("of anything else thrown is 70", async () => {
    const audit = (): Promise<number> => Promise.reject(new RangeError("oops"));
    expect(await run(["a", "b"], { audit })).toMatchObject({
      exitCode: 70,
      stderr:
        "INTERNAL internal: oops\n  hint  this is a bug in mas-audit: please report it with the command that led here\n",
    });
  });
});

const FORMS = 'layers such as "3,7-9", "every:4", "spread:8" or "all"';
const HELP = "  hint  run `mas-audit --help`\n";

/** Every mistake that the command line alone can show, with its text. */
const MISTAKES: readonly (readonly [line: string, text: string])[] = [
  ["", `MISSING_ARGUMENT mas-audit: expected BASE and TUNED, found no BASE\n${HELP}`],
  [
    "a",
    `MISSING_ARGUMENT mas-audit: expected BASE and TUNED, or BASE and --tuned-adapter DIR, found no TUNED\n${HELP}`,
  ],
  [
    "inspect",
    "MISSING_ARGUMENT inspect: expected MODEL, found no MODEL\n  hint  run `mas-audit inspect --help`\n",
  ],
  [
    "a b c",
    `TOO_MANY_ARGUMENTS mas-audit: expected BASE and TUNED, found 3 arguments: "a", "b", "c"\n${HELP}`,
  ],
  [
    "a b --layer 3",
    'UNKNOWN_OPTION mas-audit: expected an option that `--help` lists, found "--layer"\n  hint  did you mean "--layers"?\n',
  ],
  [
    "a b --sed=3",
    'UNKNOWN_OPTION mas-audit: expected an option that `--help` lists, found "--sed"\n  hint  did you mean "--seed"?\n',
  ],
  [
    "a b -x",
    `UNKNOWN_OPTION mas-audit: expected an option that \`--help\` lists, found "-x"\n${HELP}`,
  ],
  [
    "inspect m --layers 3",
    'UNKNOWN_OPTION inspect: expected an option that `--help` lists, found "--layers"\n  hint  run `mas-audit inspect --help`\n',
  ],
  [
    "inspct m",
    'UNKNOWN_COMMAND mas-audit: expected a command, or the path of a model, found "inspct"\n  hint  did you mean "inspect"?\n',
  ],
  [
    "help inspct",
    'UNKNOWN_COMMAND mas-audit help: expected one of "plan", "inspect", "gradcheck", "doctor", "diff", "compare", "align", "report" and 5 more, found "inspct"\n' +
      HELP,
  ],
  [
    "--seed 1 inspect m",
    'MISPLACED_OPTION inspect: expected options of "inspect" after its name, found "--seed" before it\n  hint  run `mas-audit inspect --help`\n',
  ],
  [
    "schema resul",
    'BAD_ARGUMENT schema: expected "result", "audit", "policy", "progress", "compare" or "alignment", found "resul"\n  hint  did you mean "result"?\n',
  ],
  [
    "a b --k",
    `MISSING_VALUE --k: expected a value, as in "--k <n>", found the end of the command line\n${HELP}`,
  ],
  ["a b --k 3x", 'BAD_OPTION --k: expected a whole number from 1 to 65536 or "auto", found "3x"\n'],
  ["a b --k 0", 'BAD_OPTION --k: expected a whole number from 1 to 65536 or "auto", found "0"\n'],
  [
    "a b --seed -1",
    'BAD_OPTION --seed: expected a whole number from 0 to 4294967295, found "-1"\n',
  ],
  [
    "a b --steps 1e9",
    'BAD_OPTION --steps: expected a whole number from 0 to 100000, found "1e9"\n',
  ],
  [
    "a b --pairs 1000001",
    'BAD_OPTION --pairs: expected a whole number from 1 to 1000000, found "1000001"\n',
  ],
  [
    "a b --items 1.5",
    'BAD_OPTION --items: expected a whole number from 1 to 1000000, found "1.5"\n',
  ],
  [
    "a b --batch 0x10",
    'BAD_OPTION --batch: expected a whole number from 1 to 4096, found "0x10"\n',
  ],
  ...["6", "0GB", "6gb", "-1GB", "1e3MB"].map((size): [string, string] => [
    `a b --max-memory ${size}`,
    `BAD_OPTION --max-memory: expected a size such as "6GB", "800MB" or "5.5GiB", found "${size}"\n`,
  ]),
  [
    "a b --threads all",
    'BAD_OPTION --threads: expected a whole number from 1 to 1024 or "auto", found "all"\n',
  ],
  [
    "a b --seed --json",
    '{"schema":"mas-audit/error@1","exitCode":2,"error":{"type":"UsageError","code":"BAD_OPTION","message":"--seed","where":null,"expected":"a whole number from 0 to 4294967295","found":"\\"--json\\"","hint":null,"causes":[]}}\n',
  ],
  [
    "a b --device gpu",
    'BAD_OPTION --device: expected "auto", "cpu", "cuda", "webgpu" or "cuda:N", found "gpu"\n',
  ],
  [
    "a b --layers evry:4",
    `BAD_OPTION --layers: expected ${FORMS}, found "evry:4"\n  hint  did you mean "every"?\n`,
  ],
  ["a b --out=", 'BAD_OPTION --out: expected a text, found ""\n'],
  ["a b --seed 1 --seed 2", "BAD_OPTION --seed: expected to be given once, found 2 times\n"],
  [
    "a b --k 3x --layers 9-7,x --device gpu",
    "BAD_OPTION command line: 4 mistakes\n" +
      '  --layers: expected a range from low to high, found "9-7"; did you mean "7-9"?\n' +
      `  --layers: expected ${FORMS}, found "x"\n` +
      '  --k: expected a whole number from 1 to 65536 or "auto", found "3x"\n' +
      '  --device: expected "auto", "cpu", "cuda", "webgpu" or "cuda:N", found "gpu"\n',
  ],
];

describe("a mistake on the command line is stated exactly, and nothing runs", () => {
  it.each(MISTAKES)("%j", async (line, text) => {
    const { exitCode, stdout, stderr, calls } = await run(words(line));
    expect(stderr).toBe(text);
    expect({ exitCode, stdout, calls }).toEqual({ exitCode: 2, stdout: "", calls: [] });
  });
});

describe("the help", () => {
  it.each([
    ["--help", "help.txt"],
    ["inspect --help", "help-inspect.txt"],
    ["gradcheck --help", "help-gradcheck.txt"],
    ["align --help", "help-align.txt"],
    ["export --help", "help-export.txt"],
    ["doctor --help", "help-doctor.txt"],
    ["report --help", "help-report.txt"],
    ["reproduce --help", "help-reproduce.txt"],
    ["init --help", "help-init.txt"],
    ["schema --help", "help-schema.txt"],
  ])("of %j is as in test/golden/cli/%s", async (line, file) => {
    const { exitCode, stdout, stderr } = await run(words(line));
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: "" });
    await expect(stdout).toMatchFileSnapshot(`../golden/cli/${file}`);
  });

  it("is the same however it is asked for", async () => {
    const { stdout } = await run(["--help"]);
    expect((await run(["help"])).stdout).toBe(stdout);
    expect((await run(["-h"])).stdout).toBe(stdout);
  });

  it("is at most 80 columns wide", async () => {
    const { stdout } = await run(["--help"]);
    expect(Math.max(...stdout.split("\n").map((line) => line.length))).toBeLessThanOrEqual(80);
  });

  it("names every default of the audit", async () => {
    const { stdout } = await run(["--help"]);
    for (const [flag, value] of Object.entries(DEFAULTS)) {
      if (value === "auto" && flag !== "device") continue; // said in words
      const option = stdout.slice(stdout.indexOf(`--${flag} <`));
      const text = option.slice(0, option.indexOf("\n  --")).replaceAll(/\s+/g, " ");
      expect(text).toContain(`(default: ${value})`);
    }
  });
});

it("the version goes to stdout", async () => {
  expect(await run(["--version"])).toMatchObject({ exitCode: 0, stdout: "1.2.3\n", stderr: "" });
});
