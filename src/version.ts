/** @file The version of the package; a test holds it equal to package.json. */

/** Version of mas-audit. @public */
export const VERSION = "0.1.0";
