/** @file The adapters, most specific first. */
import type { Adapter } from "./adapter.js";
import { generic } from "./generic.js";
import { optimum } from "./optimum.js";

/** In the order in which they are asked. */
export const ADAPTERS: readonly Adapter[] = [optimum, generic];
