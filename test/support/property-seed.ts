/**
 * @file One seed for the draws of all property tests, so that one commit has one outcome; another commit may be held
 * to other draws: `PROPERTY_SEED=$RANDOM npx vitest run`. A failure prints its seed and path either way.
 */
import fc from "fast-check";

const DEFAULT_SEED = 24_164;

fc.configureGlobal({ seed: Number(process.env["PROPERTY_SEED"] ?? DEFAULT_SEED) });
