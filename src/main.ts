#!/usr/bin/env node
/**
 * @file The composition root: the only file that knows adapters, audits and the commands together. Handlers are
 * imported when they are called, so that `--help` loads no runtime.
 */
import { fileURLToPath } from "node:url";
import type { Commands } from "./cli/commands.js";
import { runMain } from "./cli/run-main.js";
import { VERSION } from "./version.js";

const commands: Commands = {
  async audit(options, io) {
    const { auditCommand } = await import("./cli/audit-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    const { AUDITS, TEXT_AUDITS } = await import("../audits/index.js");
    return auditCommand(options, io, { adapters: ADAPTERS, audits: AUDITS, texts: TEXT_AUDITS });
  },
  async plan(options, io) {
    const { planCommand } = await import("./cli/plan-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    const { AUDITS, TEXT_AUDITS } = await import("../audits/index.js");
    return planCommand(options, io, { adapters: ADAPTERS, audits: AUDITS, texts: TEXT_AUDITS });
  },
  async inspect(options, io) {
    const { inspectCommand } = await import("./cli/inspect-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    return inspectCommand(options, io, { adapters: ADAPTERS });
  },
  async gradcheck(options, io) {
    const { gradcheckCommand } = await import("./cli/gradcheck-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    return gradcheckCommand(options, io, { adapters: ADAPTERS });
  },
  async doctor(options, io) {
    const { doctorCommand } = await import("./cli/doctor-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    return doctorCommand(options, io, { adapters: ADAPTERS });
  },
  async diff(options, io) {
    const { diffCommand } = await import("./cli/diff-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    return diffCommand(options, io, { adapters: ADAPTERS });
  },
  async compare(options, io) {
    const { compareCommand } = await import("./cli/compare-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    const { AUDITS, TEXT_AUDITS } = await import("../audits/index.js");
    return compareCommand(options, io, { adapters: ADAPTERS, audits: AUDITS, texts: TEXT_AUDITS });
  },
  async align(options, io) {
    const { alignCommand } = await import("./cli/align-command.js");
    const { NUMBER_TASKS } = await import("../audits/numbers/index.js");
    const { hierarchicalEquality } = await import("../audits/equality/hierarchical-equality.js");
    return alignCommand(options, io, { sequences: NUMBER_TASKS, features: [hierarchicalEquality] });
  },
  async export(options, io) {
    const { exportCommand } = await import("./cli/export-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    return exportCommand(options, io, { adapters: ADAPTERS });
  },
  async report(options, io) {
    const { reportCommand } = await import("./cli/report-command.js");
    return reportCommand(options, io);
  },
  async reproduce(options, io) {
    const { reproduceCommand } = await import("./cli/reproduce-command.js");
    const { ADAPTERS } = await import("../adapters/index.js");
    const { AUDITS, TEXT_AUDITS } = await import("../audits/index.js");
    return reproduceCommand(options, io, {
      adapters: ADAPTERS,
      audits: AUDITS,
      texts: TEXT_AUDITS,
    });
  },
  async init(file, io) {
    const { initCommand } = await import("./cli/init-command.js");
    return initCommand(file, io);
  },
  async schema(name, io) {
    const { schemaCommand } = await import("./cli/schema-command.js");
    return schemaCommand(name, io);
  },
  async completion(shell, program, io) {
    const { completionCommand } = await import("./cli/completion-command.js");
    const { AUDITS, TEXT_AUDITS } = await import("../audits/index.js");
    return completionCommand({ shell, program, audits: [...AUDITS, ...TEXT_AUDITS] }, io);
  },
};

process.exitCode = await runMain({
  argv: process.argv.slice(2),
  script: fileURLToPath(import.meta.url),
  version: VERSION,
  commands,
});
