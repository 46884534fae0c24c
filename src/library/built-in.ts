/** @file The adapters and audits that the library brings along, as the command line does. */
export { ADAPTERS } from "../../adapters/index.js";
export { AUDITS, TEXT_AUDITS } from "../../audits/index.js";
