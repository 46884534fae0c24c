/**
 * @file Captured prompts as the items of one audit see them: files hold every prompt once, items may share one.
 */
import { present } from "../errors.js";
import type { CacheFile } from "./cache-file.js";
import type { StateFile } from "./state-file.js";

/** Residual states of one layer, read by item. */
export type ItemStates = Pick<StateFile, "read" | "readToken" | "readTokens">;

/** Keys and values, found by item. */
export type ItemCaches = Pick<CacheFile, "stored">;

/** States of the items whose prompts are `promptOf`. */
export function viewStates(file: StateFile, promptOf: readonly number[]): ItemStates {
  const prompt = (item: number): number => present(promptOf[item], `item ${item}`);
  return {
    read: (item, into, at) => {
      file.read(prompt(item), into, at);
    },
    readToken: (item, place) => {
      file.readToken(prompt(item), place);
    },
    readTokens: (item, place) => {
      file.readTokens(prompt(item), place);
    },
  };
}

/** Keys and values of the items whose prompts are `promptOf`. */
export function viewCaches(file: CacheFile, promptOf: readonly number[]): ItemCaches {
  return {
    stored: (items, past, count) =>
      file.stored(
        items.map((item) => present(promptOf[item], `item ${item}`)),
        past,
        count,
      ),
  };
}
