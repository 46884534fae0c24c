/**
 * @file Operators through which no gradient flows, each with its reason. What is in neither this table nor
 * `rules.ts` is an error when the loss depends on it.
 */

function because(reason: string, operators: readonly string[]): (readonly [string, string])[] {
  return operators.map((op) => [op, reason] as const);
}

/** Operator → why its outputs do not depend smoothly on its inputs. */
export const NO_GRADIENT: ReadonlyMap<string, string> = new Map([
  ...because("shape only", ["Shape", "Size", "ConstantOfShape"]),
  ...because("comparison", ["Equal", "Less", "LessOrEqual", "Greater", "GreaterOrEqual"]),
  ...because("truth value", ["And", "Or", "Not", "Xor", "IsNaN", "IsInf"]),
  ...because("integer output", ["ArgMax", "ArgMin", "NonZero"]),
  ...because("piecewise constant", ["Sign", "Floor", "Ceil", "Round"]),
]);
