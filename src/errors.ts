/**
 * @file The one family of errors that users see, and the two guards that throw our own.
 *
 * An error is data until `cli/` prints it: what was expected, what was found, where, and what to do next.
 */

/** Fields of a {@link MasAuditError}; every one is written for a person. */
export interface ErrorDetails {
  /** Stable upper-case code, for example `SHAPE_MISMATCH`. */
  readonly code: string;
  /** File, node, operator, JSON path … the most exact place known. */
  readonly where?: string;
  readonly expected?: string;
  readonly found?: string;
  /** What to do next, as an instruction. */
  readonly hint?: string;
  readonly cause?: unknown;
}

/** Base of all errors that end a command with a known exit code. @public */
export abstract class MasAuditError extends Error {
  abstract readonly exitCode: number;
  readonly code: string;
  readonly where: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;
  readonly hint: string | undefined;

  constructor(message: string, details: ErrorDetails) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.where = details.where;
    this.expected = details.expected;
    this.found = details.found;
    this.hint = details.hint;
  }
}

/** The command line is wrong; the person at the keyboard acts. @public */
export class UsageError extends MasAuditError {
  readonly exitCode = 2;
}

/** The request cannot be carried out as planned (audit file, layers, k, output folder …). @public */
export class PlanError extends MasAuditError {
  readonly exitCode = 2;
}

/** A model file cannot be read as what it claims to be. @public */
export class ModelFormatError extends MasAuditError {
  readonly exitCode = 3;
}

/** One or more operators have no rule; lists all of them. @public */
export class UnsupportedOperatorError extends MasAuditError {
  readonly exitCode = 3;
}

/** The residual stream was not found, or contradicts the configuration. @public */
export class LocateError extends MasAuditError {
  readonly exitCode = 3;
}

/** NaN, a failed self-check, or no convergence. @public */
export class NumericsError extends MasAuditError {
  readonly exitCode = 4;
}

/** Runtime, memory, disk or execution provider. @public */
export class HostError extends MasAuditError {
  readonly exitCode = 5;
}

/** A state that our own code promised never to reach. @public */
export class InvariantError extends MasAuditError {
  readonly exitCode = 70;
}

/**
 * Throws unless `condition` holds; for promises of our own code, never for user input.
 *
 * @throws {@link InvariantError} when `condition` is false.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (condition !== true) {
    throw new InvariantError(`internal: ${message}`, {
      code: "INTERNAL",
      hint: "this is a bug in mas-audit: please report it with the command that led here",
    });
  }
}

/**
 * Returns `value`, which our own code promises to be present.
 *
 * @throws {@link InvariantError} when it is `undefined` or `null`.
 */
export function present<T>(value: T | undefined | null, what: string): T {
  invariant(value !== undefined && value !== null, `${what} is missing`);
  return value;
}
