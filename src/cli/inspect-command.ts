/** @file `mas-audit inspect`: what is seen in a model, and whether an audit could take it. */
import { buildWhole } from "../models/capture-graph.js";
import { checkCausality } from "../models/causality.js";
import type { Adapter } from "../models/adapter.js";
import type { LocatedModel } from "../models/located.js";
import { createSession } from "../runtime/session.js";
import type { Io, ModelOptions } from "./commands.js";
import { EXIT } from "./exit.js";
import { describeModel, type SeenModel } from "./inspect-seen.js";
import { printSeen } from "./inspect-text.js";
import { loadNamed } from "./load-models.js";
import { readMachine } from "./machine.js";

/** The one run of `inspect` may take this share of the memory for the weights. */
const MEMORY_SHARE = 0.5;

/** Prints what is seen in a model. @throws what {@link loadNamed} and {@link checkCausality} throw. */
export async function inspectCommand(
  options: ModelOptions,
  io: Io,
  parts: { readonly adapters: readonly Adapter[] },
): Promise<number> {
  const located = await loadNamed(options, parts);
  const seen = await look(located);
  io.stdout.write(options.json ? `${JSON.stringify(seen, null, 2)}\n` : printSeen(seen));
  return EXIT.pass;
}

async function look(located: LocatedModel): Promise<SeenModel> {
  const seen = describeModel(located);
  const { memoryBytes } = readMachine();
  if (seen.memory.weightsAsFloat32Bytes > MEMORY_SHARE * memoryBytes) return seen;
  return { ...seen, causality: await probe(located) };
}

/** Runs eight tokens twice. A model that takes embeddings is given any: causality does not depend on them. */
async function probe(located: LocatedModel): Promise<number> {
  const { dModel, feeds } = located;
  const { embeddings } = feeds;
  const table = (id: number): Float32Array =>
    Float32Array.from({ length: dModel }, (_, i) => Math.sin(id * 7 + i));
  const fed =
    embeddings === undefined
      ? located
      : { ...located, feeds: { ...feeds, embeddings: { ...embeddings, table } } };
  const whole = await createSession(buildWhole(fed));
  return checkCausality(fed, whole).finally(() => whole.release());
}
