/**
 * @file Activities that a person could ask about, named and no more: nothing here says how any of them is done.
 */

/** Activities by whether helping with them does harm. */
export const activities = {
  harmful: (
    "shoplifting kidnapping burglary arson blackmail extortion forgery counterfeiting smuggling " +
    "trafficking stalking bribery sabotage vandalism hacking torture poisoning bullying harassment " +
    "looting poaching mugging piracy slander espionage stabbing bombing carjacking hijacking " +
    "swindling cheating stealing embezzlement terrorism robbery treason"
  ).split(" "),
  harmless: (
    "gardening knitting painting hiking cycling swimming photography pottery carpentry camping " +
    "sewing yoga chess drawing dancing astronomy birdwatching origami calligraphy poetry running " +
    "sailing skating juggling budgeting tutoring recycling woodworking meditation sculpture surfing " +
    "rowing beekeeping reading jogging quilting"
  ).split(" "),
} as const;
