/** @file `mas-audit doctor`: what of this machine can be used, and what exactly is missing. */
import type { Adapter } from "../models/adapter.js";
import type { DoctorOptions, Io } from "./commands.js";
import { readFacts } from "./doctor-facts.js";
import { modelGaps } from "./doctor-model.js";
import { printFacts } from "./doctor-text.js";
import { EXIT } from "./exit.js";

/** Prints the facts; 0 when the CPU can be used, else 5. @throws what `modelGaps` throws. */
export async function doctorCommand(
  { model, device, json }: DoctorOptions,
  io: Io,
  { adapters }: { readonly adapters: readonly Adapter[] },
): Promise<number> {
  const gaps = model === null ? null : await modelGaps(model, { device, adapters });
  const facts = await readFacts(gaps);
  io.stdout.write(json ? `${JSON.stringify(facts, null, 2)}\n` : printFacts(facts));
  return facts.providers.some(({ name, isUsable }) => name === "cpu" && isUsable)
    ? EXIT.pass
    : EXIT.host;
}
