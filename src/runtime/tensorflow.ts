/**
 * @file TensorFlow.js, for those who ask for it: none of its packages comes with this one. The fastest that is installed
 * and works is taken; what was passed over, and why, is kept. Nothing is loaded before `loadTensorFlow` is called.
 */
import { createRequire } from "node:module";
import type * as Library from "@tensorflow/tfjs-core";
import { HostError } from "../errors.js";

/** Version that the learner was written for. */
const VERSION = "4.22.0";

/** What is used of a package. Whatever else it brings stays out of our types. */
const FUNCTIONS = [
  ...(["add", "div", "expm1", "log", "matMul", "mul", "neg", "reshape", "softplus"] as const),
  ...(["sub", "sum", "grad", "tensor1d", "tensor2d", "tidy", "valueAndGrads"] as const),
  ...(["enableProdMode", "ready", "setBackend"] as const),
] as const;

/** A loaded TensorFlow.js. */
export type TensorFlow = Pick<typeof Library, (typeof FUNCTIONS)[number] | "version_core">;

/** A set of packages that together compute. */
interface Candidate {
  /** Names the candidate; it is loaded last. */
  readonly name: string;
  /** Loaded before it. */
  readonly beside: readonly string[];
  /** Which of the packages has the operations. */
  readonly operations: string;
  readonly backend: string;
}

const CORE = "@tensorflow/tfjs-core";
/** On Node the only small package that registers the gradients of all operations. */
const GRADIENTS = "@tensorflow/tfjs-layers";

function native(name: string): Candidate {
  return { name, beside: [], operations: name, backend: "tensorflow" };
}

function portable(name: string, backend: string): Candidate {
  return { name, beside: [CORE, GRADIENTS], operations: CORE, backend };
}

/** Fastest first. */
const CANDIDATES: readonly Candidate[] = [
  native("@tensorflow/tfjs-node-gpu"),
  native("@tensorflow/tfjs-node"),
  portable("@tensorflow/tfjs-backend-wasm", "wasm"),
  portable("@tensorflow/tfjs-backend-cpu", "cpu"),
];

/** A package that was not taken. */
interface PassedOver {
  readonly name: string;
  /** One clause, without a full stop. */
  readonly reason: string;
}

/** TensorFlow.js as it was found. */
export interface ChosenTensorFlow {
  readonly tf: TensorFlow;
  /** Package that computes, for example `@tensorflow/tfjs-backend-cpu`. */
  readonly name: string;
  readonly version: string;
  readonly passedOver: readonly PassedOver[];
}

/** How packages are found and loaded; tests put in another. */
export interface PackageHost {
  /** Can a package of this name be found from here? */
  readonly isInstalled: (name: string) => boolean;
  readonly load: (name: string) => Promise<unknown>;
}

/** The packages of this installation. */
export function thisPackageHost(): PackageHost {
  const { resolve } = createRequire(import.meta.url);
  return {
    isInstalled: (name) => {
      try {
        resolve(name);
        return true;
      } catch {
        return false;
      }
    },
    // a name in a variable: without the package, types and bundlers must not ask for it
    load: async (name) => import(name) as Promise<unknown>,
  };
}

/**
 * Loads the fastest TensorFlow.js that works here.
 *
 * @throws {@link HostError} `NO_TENSORFLOW`, with the reason of each package, where none does.
 */
export async function loadTensorFlow(
  host: PackageHost = thisPackageHost(),
): Promise<ChosenTensorFlow> {
  const passedOver: PassedOver[] = [];
  for (const candidate of CANDIDATES) {
    const tried = await tryCandidate(candidate, host);
    if ("tf" in tried) return { ...tried, passedOver };
    passedOver.push(tried);
  }
  throw new HostError("the learner tfjs needs TensorFlow.js, which is not here", {
    code: "NO_TENSORFLOW",
    where: "--learner tfjs",
    expected: `one of ${CANDIDATES.map(({ name }) => name).join(", ")}`,
    found: passedOver.map(({ name, reason }) => `${name}: ${reason}`).join("; "),
    hint: `${install("@tensorflow/tfjs-node-gpu")} (NVIDIA GPU), or ${install(CORE, GRADIENTS, "@tensorflow/tfjs-backend-cpu")} (anywhere), or leave --learner out`,
  });
}

/** The choice in one line: what computes and, where something was passed over, why. */
export function describeTensorFlow({ name, version, passedOver }: ChosenTensorFlow): string {
  const chosen = `TensorFlow.js ${version} by ${name}`;
  if (passedOver.length === 0) return chosen;
  return `${chosen} (${passedOver.map((each) => `no ${each.name}: ${each.reason}`).join("; ")})`;
}

function install(...names: readonly string[]): string {
  return `npm install ${names.map((name) => `${name}@${VERSION}`).join(" ")}`;
}

async function tryCandidate(
  { name, beside, operations, backend }: Candidate,
  host: PackageHost,
): Promise<Omit<ChosenTensorFlow, "passedOver"> | PassedOver> {
  if (!host.isInstalled(name)) return { name, reason: "not installed" };
  const missing = beside.filter((each) => !host.isInstalled(each));
  if (missing.length > 0) return { name, reason: `without ${missing.join(" and ")}` };
  try {
    // the native library writes lines of its own on stderr, where progress goes; errors still come through
    if (backend === "tensorflow") process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "2";
    for (const each of [...beside, name]) await host.load(each);
    const tf = operationsOf(await host.load(operations));
    if (tf === undefined) return { name, reason: "has not the operations that are needed" };
    tf.enableProdMode(); // without, it prints advertisements on stderr
    await start(tf, backend);
    return { tf, name, version: tf.version_core };
  } catch (error) {
    return { name, reason: clauseOf(error) };
  }
}

/** Computes one slope: a package that loads may still have no library, no backend or no gradients. */
async function start(tf: TensorFlow, backend: string): Promise<void> {
  if (!(await tf.setBackend(backend))) throw new Error(`its backend "${backend}" does not start`);
  await tf.ready();
  const slope = tf.tidy(
    () =>
      tf
        .grad((x) => tf.softplus(x))(tf.tensor1d([0]))
        .dataSync()[0],
  );
  if (slope !== 0.5) throw new Error(`the slope of softplus at 0 is ${String(slope)}, not 0.5`);
}

/** CommonJS modules have their exports under `default`, and not all of them as names. */
function operationsOf(module: unknown): TensorFlow | undefined {
  if (isTensorFlow(module)) return module;
  const inner = isRecord(module) ? module["default"] : undefined;
  return isTensorFlow(inner) ? inner : undefined;
}

function isTensorFlow(module: unknown): module is TensorFlow {
  return (
    isRecord(module) &&
    typeof module["version_core"] === "string" &&
    FUNCTIONS.every((name) => typeof module[name] === "function")
  );
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** The first line of an error, as a clause. */
function clauseOf(error: unknown): string {
  const text = error instanceof Error ? error.message : String(error);
  return (text.split("\n", 1)[0] ?? "").replace(/[\s.]+$/, "");
}
