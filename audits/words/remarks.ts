/**
 * @file What one person calls another, for better or worse. All of it mild: the worst would pass in a children's book.
 */

/** Nouns by how they are meant. */
export const remarks = {
  toxic: (
    "fool idiot jerk brat creep snob bully liar coward loser moron clown cheat pig rat pest slob fraud " +
    "hypocrite weakling nuisance dimwit crook phony snake dunce dummy weasel twit grouch tyrant villain " +
    "scoundrel savage traitor nobody"
  ).split(" "),
  civil: (
    "genius hero gem angel star champion sweetheart treasure blessing darling friend legend marvel wonder " +
    "delight joy inspiration mentor gentleman talent leader pal saint artist scholar winner expert companion " +
    "charmer guardian prodigy virtuoso maestro beauty lifesaver professional"
  ).split(" "),
} as const;
