/**
 * @file The command `audit`, from paths to exit code: run, write, print.
 */
import type { AuditOptions } from "../plan/options.js";
import { serialiseResult } from "../report/result-text.js";
import { renderTerminal } from "../report/terminal.js";
import { auditIntoFolder } from "./audit-into-folder.js";
import type { Io } from "./commands.js";
import { EXIT } from "./exit.js";
import type { AuditParts } from "./run-audit.js";
import { openStatusLine } from "./status-line.js";

/** Runs an audit; resolves to the exit code. Errors of every stage pass through. */
export async function auditCommand(
  options: AuditOptions,
  io: Io,
  parts: AuditParts,
): Promise<number> {
  const status = openStatusLine({
    sink: io.stderr,
    quiet: options.quiet,
    json: options.jsonProgress === true,
    nowMs: () => performance.now(),
  });
  const { argv, signal } = io;
  const { result, folder } = await auditIntoFolder({ options, parts, argv, signal, status });
  if (options.json) io.stdout.write(serialiseResult(result));
  else if (!options.quiet) {
    io.stdout.write(renderTerminal(result, { colour: io.stdout.colour, folder }));
  }
  return result.verdict === "fail" && !options.exitZero ? EXIT.fail : EXIT.pass;
}
