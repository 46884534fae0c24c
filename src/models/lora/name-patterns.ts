/**
 * @file Regular expressions of an adapter's configuration, which are Python's, on module paths. They come from a file of
 * strangers, so that a run of them has a time limit: some patterns take exponential time.
 */
import { runInNewContext } from "node:vm";
import { ModelFormatError } from "../../errors.js";

/** All paths of a model are tried in well under a millisecond by any sane pattern. */
const LIMIT_MS = 2000;

/** Python's spellings of what JavaScript can do. */
const SPELLINGS: readonly (readonly [RegExp, string])[] = [
  [/\(\?P<(\w+)>/g, "(?<$1>"],
  [/\(\?P=(\w+)\)/g, "\\k<$1>"],
  [/\\A/g, "^"],
  [/\\Z/g, "$"],
];

/** Matches patterns against the paths of one model. `where` is the file that they come from. */
export class NamePatterns {
  constructor(private readonly where: string) {}

  /**
   * Matches `pattern` against the whole of each path, and returns the named group `idx`, or `""`, of those that match.
   *
   * @throws {@link ModelFormatError} for a pattern that is none, or that does not end within two seconds.
   */
  match(pattern: string, paths: readonly string[]): Map<string, string> {
    const source = SPELLINGS.reduce((text, [from, to]) => text.replace(from, to), pattern);
    let expression: RegExp;
    try {
      expression = new RegExp(`^(?:${source})$`);
    } catch (cause) {
      throw this.#refuse(pattern, cause instanceof Error ? cause.message : String(cause));
    }
    let found: unknown;
    try {
      const script =
        "paths.flatMap((p) => { const m = expression.exec(p); return m ? [[p, m.groups?.idx ?? '']] : []; })";
      found = runInNewContext(script, { expression, paths }, { timeout: LIMIT_MS });
    } catch {
      throw this.#refuse(pattern, "no answer within two seconds");
    }
    return new Map(found as [string, string][]); // what the script above makes
  }

  #refuse(pattern: string, found: string): ModelFormatError {
    return new ModelFormatError("a pattern of the adapter cannot be used", {
      code: "ADAPTER_PATTERN",
      where: this.where,
      expected: "a regular expression over module paths",
      found: `${JSON.stringify(pattern)}: ${found}`,
      hint: "write the module names out, as a list",
    });
  }
}
