/**
 * @file Words for everyday scenes, "The old farmer carried the heavy basket across the square": plain nouns and verbs, no
 * names, no opinions, nothing that any other audit asks about.
 */

/** Who acts; texts about one of them are held out together. */
export const actors = [
  ...["farmer", "teacher", "driver", "sailor", "baker", "doctor", "painter", "guard"],
  ...["waiter", "pilot", "hunter", "singer", "builder", "clerk", "nurse", "student"],
  ...["writer", "tailor", "miller", "porter", "actor", "priest", "judge", "farmhand"],
  ...["neighbour", "visitor", "gardener", "fisherman", "shepherd", "engineer"],
  ...["child", "woman", "man", "boy", "girl", "king"],
] as const;

/** What they are like; left out in some texts, so that texts of one length stand at different points of a sentence. */
export const traits = ["old", "young", "tall", "quiet", "busy", "tired", "new", "local"] as const;

/** What they did, in the past tense, with an object to follow. */
export const deeds = [
  ...["carried", "opened", "found", "watched", "painted", "bought", "sold", "moved"],
  ...["cleaned", "dropped", "followed", "brought", "lifted", "measured", "pulled", "took"],
] as const;

/** What they did it to. */
export const objects = [
  ...["basket", "door", "box", "table", "letter", "horse", "boat", "chair"],
  ...["window", "bag", "lamp", "cart", "map", "bottle", "ladder", "coat"],
  ...["wheel", "book", "clock", "stone"],
] as const;

/** What that is like; left out in some texts. */
export const looks = [
  "heavy",
  "small",
  "red",
  "wooden",
  "empty",
  "broken",
  "round",
  "long",
] as const;

/** Where. */
export const ways = ["across", "near", "behind", "towards", "from", "beside"] as const;

/** The place. */
export const places = [
  ...["square", "river", "house", "garden", "station", "bridge", "market", "church"],
  ...["field", "road", "wall", "school", "lake", "shop", "hill", "gate"],
] as const;
