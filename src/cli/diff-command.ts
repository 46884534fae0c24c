/** @file `mas-audit diff`: structure and weights of two models, before anything causal. */
import { setImmediate } from "node:timers/promises";
import type { Adapter } from "../models/adapter.js";
import { diffModels, type DiffWatch } from "../models/diff/model-diff.js";
import type { DiffOptions, Io } from "./commands.js";
import { printDiff } from "./diff-text.js";
import { EXIT } from "./exit.js";
import { loadPair } from "./load-models.js";
import { withStatusLine, type StatusLine } from "./status-line.js";

/** Compares two models; exit code 0 whatever differs. @throws what {@link loadPair} throws. */
export async function diffCommand(
  options: DiffOptions,
  io: Io,
  parts: { readonly adapters: readonly Adapter[] },
): Promise<number> {
  // a line per weight would bury a log; where nobody watches there is only the result
  const quiet = options.quiet || !io.stderr.isTerminal;
  const { models, diff } = await withStatusLine(io, quiet, async (status) => {
    status.stage("loading the models");
    const pair = await loadPair(options, parts);
    return { models: pair, diff: await diffModels(pair, watchOn(status, io.signal)) };
  });
  const names = {
    base: models.base.path,
    tuned: options.tunedAdapter ?? models.tuned.path,
  };
  const record = { schema: "mas-audit/diff@1", models: names, ...diff };
  io.stdout.write(options.json ? `${JSON.stringify(record, null, 2)}\n` : printDiff(diff, names));
  return EXIT.pass;
}

function watchOn(status: StatusLine, signal: AbortSignal): DiffWatch {
  return {
    begin: (total) => {
      status.begin(total);
    },
    weight: (name) => {
      status.cell(name);
    },
    async done() {
      status.done("computed");
      await setImmediate(); // lets the line redraw and Ctrl-C arrive
      signal.throwIfAborted();
    },
  };
}
