/**
 * @file What a model file asks of the runtime before any of its nodes is looked at: file format, operator sets, and
 * the domains that its operators come from.
 */
import { ModelFormatError } from "../errors.js";
import type { Model, Node } from "../onnx/graph.js";
import { listText } from "../plan/list-text.js";

/** Derived graphs use forms (axes as inputs) that came with operator set 13. */
const OLDEST_OPERATOR_SET = 13;
/** What ONNX Runtime 1.30 knows (a test asks it): operator set 26 of ai.onnx, file format 13. */
const NEWEST_OPERATOR_SET = 26;
const NEWEST_FILE_FORMAT = 13;

/** Domains with kernels in the runtime. */
const KNOWN_DOMAINS = new Set(["", "com.microsoft", "ai.onnx.ml", "com.microsoft.nchwc"]);

/**
 * Checks the versions and domains of a model; `path` is what messages call its file.
 *
 * @throws {@link ModelFormatError} naming the version or the operators that the runtime does not have.
 */
export function checkOperatorSets(model: Model, path: string): void {
  const version = model.opsets.get("");
  if (version === undefined || version < OLDEST_OPERATOR_SET) throw tooOld(path, version);
  if (version > NEWEST_OPERATOR_SET) {
    throw tooNew(path, {
      code: "OPERATOR_SET",
      expected: `ai.onnx ${NEWEST_OPERATOR_SET} or older`,
      found: `ai.onnx ${version}`,
    });
  }
  if (model.irVersion > NEWEST_FILE_FORMAT) {
    throw tooNew(path, {
      code: "FILE_FORMAT",
      expected: `ONNX file format (ir_version) ${NEWEST_FILE_FORMAT} or older`,
      found: String(model.irVersion),
    });
  }
  const foreign = model.graph.nodes.filter(({ domain }) => !KNOWN_DOMAINS.has(domain));
  if (foreign.length > 0) throw unknownDomain(path, foreign);
}

function tooOld(path: string, version: number | undefined): ModelFormatError {
  return new ModelFormatError("the model uses an operator set that is too old", {
    code: "OPERATOR_SET",
    where: path,
    expected: `ai.onnx ${OLDEST_OPERATOR_SET} or newer`,
    found: version === undefined ? "no ai.onnx operators" : `ai.onnx ${version}`,
    hint: "export again with a current exporter, or convert with onnx.version_converter",
  });
}

interface TooNew {
  readonly code: string;
  readonly expected: string;
  readonly found: string;
}

function tooNew(path: string, details: TooNew): ModelFormatError {
  return new ModelFormatError("the model is newer than the runtime", {
    ...details,
    where: path,
    hint: "export again with a lower opset, for example torch.onnx.export(…, opset_version=20)",
  });
}

function unknownDomain(path: string, nodes: readonly Node[]): ModelFormatError {
  const counts = new Map<string, number>();
  for (const { op } of nodes) counts.set(op, (counts.get(op) ?? 0) + 1);
  return new ModelFormatError("the model uses operators that the runtime does not have", {
    code: "OPERATOR_DOMAIN",
    where: path,
    expected: "operators of ai.onnx and com.microsoft, or local functions inside the file",
    found: listText([...counts].map(([op, n]) => `${op} (${n})`)),
    hint: "export the model without custom operators",
  });
}
