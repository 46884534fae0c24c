/** @file The end of a script that npm runs: its exit code, and how it is used where it was started wrongly. */
import { MasAuditError, UsageError } from "../../src/errors.js";

/** Runs `main` and exits with its code; an error of ours is told on stderr, with what to do, and exits with its own. */
export function runScript(main: () => Promise<number>): void {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      if (!(error instanceof MasAuditError)) throw error;
      const { code, message, where, expected, found, hint } = error;
      const details = Object.entries({ where, expected, found, hint }).flatMap(([name, text]) =>
        text === undefined ? [] : [`\n  ${name} ${text}`],
      );
      process.stderr.write(`${code} ${message}${details.join("")}\n`);
      process.exitCode = error.exitCode;
    },
  );
}

/** The mistake of starting a script wrongly; `text` says how it is used. */
export function usageError(text: string, expected: string, found: string): UsageError {
  return new UsageError(text, { code: "USAGE", expected, found });
}
