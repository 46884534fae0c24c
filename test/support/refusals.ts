/** @file What an act refuses with: the error itself, or its text as a user reads it. */
import { expect } from "vitest";
import { formatError } from "../../src/cli/format-error.js";
import { MasAuditError } from "../../src/errors.js";

/** The named error that `act` throws; anything else fails the test. */
export function refusalOf(act: () => unknown): MasAuditError {
  try {
    act();
  } catch (error) {
    expect(error).toBeInstanceOf(MasAuditError);
    return error as MasAuditError; // the line above
  }
  throw new Error("nothing was thrown");
}

/** The refusal of `act` as the command line prints it, without colour. */
export function printedRefusal(act: () => unknown): string {
  return formatError(refusalOf(act), { verbose: false, colour: false });
}
