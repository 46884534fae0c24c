/** @file `mas-audit init`: a policy file to start from. */
import { writeFileSync } from "node:fs";
import { PlanError } from "../errors.js";
import { printableLine } from "../report/printable.js";
import { errnoOf, writeError } from "../store/file-error.js";
import type { Io } from "./commands.js";
import { EXIT } from "./exit.js";
import { policyTemplate } from "./policy-template.js";

/**
 * Writes a policy file in which every key is explained and has its default.
 *
 * @throws {@link PlanError} `OUTPUT_EXISTS` where anything bears the name already; {@link HostError} where the file
 *   cannot be written.
 */
export function initCommand(path: string, io: Io): number {
  try {
    writeFileSync(path, policyTemplate(), { flag: "wx" });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw writeError(error, path);
    throw new PlanError("the policy file exists already", {
      code: "OUTPUT_EXISTS",
      where: path,
      expected: "a name that is not taken",
      found: "an existing file",
      hint: "name another file: `mas-audit init` replaces nothing",
      cause: error,
    });
  }
  io.stdout.write(`${printableLine(path)}\n`);
  return EXIT.pass;
}
