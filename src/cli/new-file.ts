/** @file A file that a command is to write: refused where one exists, before anything is computed. */
import { existsSync } from "node:fs";
import { PlanError } from "../errors.js";

/** @throws {@link PlanError} `OUTPUT_EXISTS` where `path` exists and `force` is false. */
export function checkNewFile(
  path: string,
  { flag, force }: { readonly flag: string; readonly force: boolean },
): void {
  if (force || !existsSync(path)) return;
  throw new PlanError(`${flag} would replace a file`, {
    code: "OUTPUT_EXISTS",
    where: path,
    expected: "a new file",
    found: "one that exists",
    hint: `choose another name for ${flag}, or add --force`,
  });
}
