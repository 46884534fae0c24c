/** @file What the soak runs: whole rounds of small cells of the embedded pair, captures and files included, in one process. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ADAPTERS } from "../../adapters/index.js";
import { numberAgreement } from "../../audits/number-agreement.js";
import { closeExamination, examineAll } from "../../src/measure/examination.js";
import type { Side } from "../../src/measure/measures.js";
import { measureCells } from "../../src/measure/run.js";
import { loadModel } from "../../src/models/load.js";
import type { LocatedModel } from "../../src/models/located.js";
import { prepareAudit, type PreparedAudit } from "../../src/models/prepared-items.js";
import { loadTokenizer } from "../../src/models/tokenizer.js";
import { DEFAULTS } from "../../src/plan/defaults.js";
import { freezeOptions, measuringOptions } from "../../src/plan/options.js";
import { stream } from "../../src/stats/stream.js";
import { demoModel } from "./report.js";

/** The smallest cells that are still learned, with all their controls. */
const SIZES = { items: 200, pairs: 60, steps: 2, controls: "full" } as const;
/** Layers of both ends of the model and between: learned at the words, learned at the last token, and not at all. */
const LAYERS = [1, 2, 3, 4, 5];

/** Rounds of cells. */
export interface SoakSubject {
  /** Cells of one round. */
  readonly cells: number;
  /** Captures everything anew and measures every cell; `round` draws other pairs each time. */
  run(round: number): Promise<void>;
}

/** Loads the pair once. */
export async function openSoak(threads: number): Promise<SoakSubject> {
  const base = demoModel("base");
  const models = {
    base: await loadModel(base, { adapters: ADAPTERS }),
    tuned: await loadModel(demoModel("rotated"), { adapters: ADAPTERS }),
  };
  const items = numberAgreement.items(stream(0, "soak"), SIZES.items);
  const tokenizer = await loadTokenizer(base);
  const prepared = prepareAudit(numberAgreement, items, { tokenizer, vocab: models.base.vocab });
  return {
    cells: LAYERS.length * prepared.roles.length,
    run: (round) => runRound({ models, prepared, threads, seed: round }),
  };
}

async function runRound({
  models,
  prepared,
  threads,
  seed,
}: {
  readonly models: Readonly<Record<Side, LocatedModel>>;
  readonly prepared: PreparedAudit;
  readonly threads: number;
  readonly seed: number;
}): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), "mas-audit-soak-"));
  const { signal } = new AbortController();
  const session = { threads };
  const sessions = { base: session, tuned: session };
  const { layers, k, seeds, batch, device } = DEFAULTS; // the learner: the built-in one
  const options = freezeOptions({
    ...{ layers, k, seeds, batch, threads, device },
    ...{ ...SIZES, seed, base: "base", tuned: "tuned", audits: [], variables: [] },
    ...{ strictDevice: false, referencePath: false, tokenizer: null, out: folder, force: false },
    ...{ json: false, quiet: true, verbose: false, exitZero: false },
  });
  const nothing = (): void => undefined;
  try {
    const examinations = await examineAll(
      {
        ...{ models, layers: LAYERS, windows: { base: true, tuned: true }, folder, session },
        ...{ rows: options.batch, random: stream(seed, "items"), signal, begin: nothing },
      },
      [{ prepared, variables: numberAgreement.by }],
    );
    await measureCells({
      ...{ models, examinations, layers: LAYERS, options: measuringOptions(options), sessions },
      ...{ signal, watch: { begin: nothing, cell: nothing, done: nothing } },
      archive: { find: () => undefined, keep: (_, { measures }) => measures },
    });
    examinations.forEach(closeExamination);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
