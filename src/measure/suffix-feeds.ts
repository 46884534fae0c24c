/**
 * @file What a suffix is fed at one site: residual states and positions, of whole prompts or of the tokens that change.
 */
import type { ItemCaches, ItemStates } from "../capture/item-views.js";
import { present } from "../errors.js";
import { countCaches } from "../models/window/window.js";
import type { PreparedAudit } from "../models/prepared-items.js";
import type { StoredFeeds } from "../runtime/stored-feeds.js";
import { int64, tensor, type RuntimeTensor } from "../runtime/tensor.js";

/** A prompt of an audit. */
export type Prompt = PreparedAudit["items"][number];

/** Where captured states and keys come from. */
export interface FeedSite {
  readonly dModel: number;
  /** Position role that is patched. */
  readonly role: string;
  /** States at the layer. */
  readonly states: ItemStates;
  readonly caches: ItemCaches | undefined;
}

/** Whole prompts. */
export function promptFeeds(
  site: FeedSite,
  items: readonly number[],
  prompts: readonly Prompt[],
): RunFeeds {
  const { dModel } = site;
  const [n, width] = [items.length, Math.max(...prompts.map(({ ids }) => ids.length))];
  const residual = new Float32Array(n * width * dModel);
  items.forEach((item, at) => {
    site.states.read(item, residual, at * width * dModel);
  });
  const feeds = {
    residual: tensor("float32", [n, width, dModel], residual),
    patch_position: int64(
      [n],
      prompts.map((prompt) => positionOf(prompt, site.role)),
    ),
    label_position: int64(
      [n],
      prompts.map(({ ids }) => ids.length - 1),
    ),
  };
  return { feeds };
}

/** Rows of a run of windows: `variants` rows of each prompt in a row. */
export interface WindowRows {
  /** `[row]`, item. */
  readonly items: readonly number[];
  /** `[row]`. */
  readonly prompts: readonly Prompt[];
  /** Rows of one prompt; they differ in what is patched in. */
  readonly variants: number;
  /** Inputs that the graph takes. */
  readonly wanted: ReadonlySet<string>;
}

/** What one run is fed. */
export interface RunFeeds {
  readonly feeds: Record<string, RuntimeTensor>;
  /** Keys and values. */
  readonly stored?: StoredFeeds;
}

/** The tokens from the patched one to the last, and the keys and values of those before. */
export function windowFeeds(
  site: FeedSite,
  { items, prompts, variants, wanted }: WindowRows,
): RunFeeds {
  const { dModel } = site;
  const past = prompts.map((prompt) => positionOf(prompt, site.role));
  const real = prompts.map(({ ids }, r) => ids.length - (past[r] ?? 0));
  const length = Math.max(...prompts.map(({ ids }) => ids.length));
  const [n, width, before] = [items.length, Math.max(...real), Math.max(1, ...past)];
  const position = new BigInt64Array(n * width);
  const valid = new Uint8Array(n * (before + width));
  past.forEach((token, r) => {
    const count = present(real[r], "window");
    for (let i = 0; i < width; i++)
      position[r * width + i] = BigInt(Math.min(token + i, length - 1));
    const row = r * (before + width);
    valid.fill(1, row, row + token);
    valid.fill(1, row + before, row + before + count);
  });
  const firstOf = <T>(values: readonly T[]): T[] => values.filter((_, r) => r % variants === 0);
  const residual = (): Float32Array => {
    const states = new Float32Array(n * width * dModel);
    items.forEach((item, r) => {
      const at = r * width * dModel;
      const [token, count] = [present(past[r], "position"), present(real[r], "window")];
      if (r % variants === 0) site.states.readTokens(item, { token, count, into: states, at });
      else states.copyWithin(at, at - width * dModel, at);
    });
    return states;
  };
  const feeds = {
    ...(wanted.has("residual") && {
      residual: tensor("float32", [n, width, dModel], residual()),
    }),
    patch_position: int64(
      [n],
      past.map(() => 0),
    ),
    label_position: int64(
      [n],
      real.map((tokens) => tokens - 1),
    ),
    window_position: tensor("int64", [n, width], position),
    key_valid: tensor("bool", [n, before + width], valid),
    prompt_length: int64([1], [length]),
  };
  const count = countCaches(wanted);
  if (count === 0) return { feeds };
  const caches = present(site.caches, "keys and values");
  return { feeds, stored: caches.stored(firstOf(items), firstOf(past), count) };
}

/** Token of a prompt that a position role names. */
export function positionOf({ positions }: Prompt, role: string): number {
  return present(positions[role], role);
}
