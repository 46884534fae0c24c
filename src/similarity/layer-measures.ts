/** @file Names of what can be asked about the layers of two models, as `--measures` takes them. */

/** Between layers: the tables of all pairs first, then what stands between layers of equal number. */
export const LAYER_MEASURES = ["cka", "rsa", "procrustes", "cca", "neighbours"] as const;
/** One of these names. */
export type LayerMeasure = (typeof LAYER_MEASURES)[number];

/** The same, and the Gromov–Wasserstein distances that sub-networks are found by. */
export const COMPARE_MEASURES = [...LAYER_MEASURES, "gromov"] as const;
/** One of these names. */
export type CompareMeasure = (typeof COMPARE_MEASURES)[number];
