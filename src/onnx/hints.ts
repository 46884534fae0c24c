/**
 * @file Hints that many refusals of files share.
 */

/** For a file that contradicts itself. */
export const DAMAGED = "the file is damaged or was edited by hand: export the model again";
