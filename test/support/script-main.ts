/** @file The end of a script that npm runs: its exit code, and how it is used where it was started wrongly. */
import { UsageError } from "../../src/errors.js";

/** Runs `main` and exits with its code; a {@link UsageError} is told on stderr and exits with 2. */
export function runScript(main: () => Promise<number>): void {
  main().then(
    (code) => {
      process.exitCode = code;
    },
    (error: unknown) => {
      if (!(error instanceof UsageError)) throw error;
      process.stderr.write(
        `${error.message}: expected ${error.expected ?? ""}, found ${error.found ?? ""}\n`,
      );
      process.exitCode = 2;
    },
  );
}

/** The mistake of starting a script wrongly; `text` says how it is used. */
export function usageError(text: string, expected: string, found: string): UsageError {
  return new UsageError(text, { code: "USAGE", expected, found });
}
