/** @file What agreement means in the laws of the decompositions. */

/**
 * Kernel against primitives, float32, absolute. Inputs are below 1 and rotated pairs below √2: a score is a sum of at
 * most 32 products below 2, so two ways to add it differ by 2 · 32 · 2 · 2⁻²⁴; a weight changes by twice that share,
 * and the values it weighs are below 1. A soft cap or an exponential of another kind adds as much again.
 */
export const AGREES = 2 * 2 * (2 * 32 * 2 * 2 ** -24);

/** A planted fault must move the result well beyond that. */
export const CAUGHT = 1e-3;

/** Central differences in float32, as in `test/laws/vjp.test.ts`. */
export const DIFFERENCE = { step: 5e-3, tolerance: 1e-3 } as const;
