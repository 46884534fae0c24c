/**
 * @file Several mistakes of one request, reported together: collect, then throw.
 */
import { PlanError, UsageError } from "../errors.js";

/** Mistakes that are told; who has more starts with these. */
const SHOWN = 50;

/** One mistake, in words for a person. */
export interface Problem {
  /** What is wrong: a flag, an id, a name. */
  readonly what: string;
  readonly expected: string;
  readonly found: string;
  readonly hint?: string;
}

/** Classes of error that the person at the keyboard can mend. */
const CLASSES = { usage: UsageError, plan: PlanError } as const;

/** What the error is called when there are several problems, and which class it has. */
export interface ProblemsContext {
  readonly kind: keyof typeof CLASSES;
  readonly code: string;
  /** What the problems are mistakes in, for example `"command line"`. */
  readonly of: string;
  readonly where?: string;
}

/** Does nothing without problems. @throws one {@link UsageError} or {@link PlanError} that states all of them. */
export function throwProblems(problems: readonly Problem[], context: ProblemsContext): void {
  const [first] = problems;
  if (first === undefined) return;
  const place = context.where === undefined ? {} : { where: context.where };
  if (problems.length === 1) {
    const { what, ...rest } = first;
    throw new CLASSES[context.kind](what, { code: context.code, ...place, ...rest });
  }
  const lines = problems.slice(0, SHOWN).map(problemLine);
  if (problems.length > SHOWN) lines.push(`and ${problems.length - SHOWN} more`);
  throw new CLASSES[context.kind](
    `${context.of}: ${problems.length} mistakes\n${lines.join("\n")}`,
    { code: context.code, ...place },
  );
}

function problemLine({ what, expected, found, hint }: Problem): string {
  return `${what}: expected ${expected}, found ${found}${hint === undefined ? "" : `; ${hint}`}`;
}
