/**
 * @file What a machine grants; read by `cli/machine.ts`, used by plans.
 */

/** Limits of the machine that a run works on. */
export interface MachineLimits {
  readonly memoryBytes: number;
  /** Where the memory limit comes from, for a person. */
  readonly memoryFrom: string;
  /** Cores by quota; may be a fraction. */
  readonly cores: number;
}
