/**
 * @file Plain facts, each with a claim that is wrong. Within a family the wrong claims are the right ones of other
 * facts, so that no word of a claim tells by itself whether it is true.
 */
import { present } from "../../src/errors.js";

/** One thing that is known, and something else that somebody could say. */
export interface Fact {
  /** What is spoken of; no two facts share it. */
  readonly subject: string;
  /** Sentence without a full stop, with the slots `{subject}` and `{object}`. */
  readonly sentence: string;
  readonly right: string;
  readonly wrong: string;
}

/** Pairs `subject:right`, separated by commas, in an order in which neighbours have different right words. */
function family(sentence: string, list: string): readonly Fact[] {
  const pairs = list.split(", ").map((pair) => pair.split(":"));
  return pairs.map(([subject, right], i): Fact => {
    const [, wrong] = present(pairs[(i + 1) % pairs.length], "next pair");
    return {
      subject: present(subject, "subject"),
      sentence,
      right: present(right, "right word"),
      wrong: present(wrong, "wrong word"),
    };
  });
}

/** Capitals of countries. Prompts that show examples take them from other countries. */
export const capitals = family(
  "The capital of {subject} is {object}",
  "France:Paris, Germany:Berlin, Italy:Rome, Spain:Madrid, Japan:Tokyo, China:Beijing, Russia:Moscow, " +
    "Egypt:Cairo, Greece:Athens, Cuba:Havana, Austria:Vienna, Ireland:Dublin, Portugal:Lisbon, Norway:Oslo, " +
    "Kenya:Nairobi, Thailand:Bangkok, England:London, Poland:Warsaw, Peru:Lima, Iraq:Baghdad, Belgium:Brussels, " +
    "Denmark:Copenhagen, Vietnam:Hanoi, Iran:Tehran, Syria:Damascus, Lebanon:Beirut, Libya:Tripoli, " +
    "Chile:Santiago, Bulgaria:Sofia, Romania:Bucharest, Croatia:Zagreb, Serbia:Belgrade, Morocco:Rabat, " +
    "Venezuela:Caracas, Ecuador:Quito, Afghanistan:Kabul, Uruguay:Montevideo, Nepal:Kathmandu, Latvia:Riga, " +
    "Ghana:Accra",
);

/** Kinds of living things and of instruments. */
const kinds = family(
  "The {subject} is a kind of {object}",
  "sparrow:bird, salmon:fish, rose:flower, apple:fruit, violin:instrument, carrot:vegetable, mosquito:insect, " +
    "eagle:bird, tuna:fish, tulip:flower, banana:fruit, guitar:instrument, cabbage:vegetable, bee:insect, " +
    "pigeon:bird, trout:fish, lily:flower, pear:fruit, flute:instrument, onion:vegetable, beetle:insect, " +
    "owl:bird, shark:fish, daisy:flower, lemon:fruit, trumpet:instrument, potato:vegetable, wasp:insect",
);

/** Colours of things. */
const colours = family(
  "The colour of {subject} is {object}",
  "snow:white, grass:green, blood:red, coal:black, butter:yellow, milk:white, spinach:green, soot:black, " +
    "salt:white, broccoli:green, ketchup:red, tar:black",
);

/** All facts. */
export const facts: readonly Fact[] = [...capitals, ...kinds, ...colours];
