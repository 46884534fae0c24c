/**
 * @file Countries with their capitals, and who speaks of them.
 */

/** Capital by country. Each capital begins with another token in the vocabularies that the tests use. */
export const capitals = {
  France: "Paris",
  Germany: "Berlin",
  Italy: "Rome",
  Spain: "Madrid",
  England: "London",
  Japan: "Tokyo",
  Russia: "Moscow",
  China: "Beijing",
  Egypt: "Cairo",
  Greece: "Athens",
} as const;

/** People who tell of a country. None of them says which. */
export const speakers: readonly string[] = [
  "My aunt",
  "My uncle",
  "Our teacher",
  "The guide",
  "The driver",
  "Her brother",
  "His sister",
  "The student",
  "Their neighbor",
  "The doctor",
  "The writer",
  "The singer",
];
