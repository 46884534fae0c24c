/** @file The forms an alignment map may have, by name. */
import { COUPLING_FORM } from "./coupling.js";
import { LINEAR_FORMS } from "./linear.js";
import type { MapForm } from "./map.js";

/** All forms, from strict to free. */
export const MAP_FORMS: readonly MapForm[] = [...LINEAR_FORMS, COUPLING_FORM];
