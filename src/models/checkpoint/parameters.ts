/**
 * @file Brings the weights of a folder into a graph: as they lie, under the names that they have in the file, with a
 * Cast to float32 beside those of another type. Checks every shape, and that nothing stored is left over.
 */
import { ModelFormatError, present } from "../../errors.js";
import type { Graph, Value } from "../../onnx/graph.js";
import { DTYPES, float32Tensor } from "../../onnx/tensor.js";
import { listNames } from "../../plan/did-you-mean.js";
import type { StoredWeight, Weights } from "./weights.js";

const FLOAT32 = BigInt(DTYPES.float32.code);

/** What a family says of the names in its files. */
export interface TensorNames {
  /**
   * Prefix of the transformer's own modules (`model.`, `transformer.`). A file saved from the bare transformer lacks it.
   */
  readonly prefix: string;
  /** Tensors that older versions stored and that are computed here: masks and rotation tables. */
  readonly computed: readonly RegExp[];
}

/** Takes weights for a graph. Mistakes are kept until {@link Parameters.finish}. */
export class Parameters {
  readonly #stored = new Map<string, Value>();
  readonly #cast = new Map<Value, Value>();
  readonly #used = new Set<string>();
  readonly #mistakes: string[] = [];
  readonly #isBare: boolean;

  constructor(
    private readonly graph: Graph,
    private readonly weights: Weights,
    private readonly names: TensorNames,
  ) {
    this.#isBare = ![...weights.tensors.keys()].some((name) => name.startsWith(names.prefix));
  }

  #find(name: string): StoredWeight | undefined {
    const { prefix } = this.names;
    const isInner = this.#isBare && name.startsWith(prefix);
    return this.weights.tensors.get(isInner ? name.slice(prefix.length) : name);
  }

  /** The tensor as it is stored; an initializer of its name. */
  stored(name: string, dims: readonly number[]): Value {
    const known = this.#stored.get(name);
    if (known !== undefined) return known;
    const found = this.#find(name);
    const value = this.graph.addInitializer(
      this.graph.freshName(found?.name ?? name),
      // a stand-in lets the writing go on, so that all mistakes are found at once; `finish` throws
      this.#check(name, { dims, found }) ?? float32Tensor([], [0]),
    );
    if (found !== undefined) this.#used.add(found.name);
    this.#stored.set(name, value);
    return value;
  }

  /** The tensor as float32; one Cast for all its users. */
  float32(name: string, dims: readonly number[]): Value {
    const value = this.stored(name, dims);
    if (value.type?.dtype === "float32") return value;
    const known = this.#cast.get(value);
    if (known !== undefined) return known;
    const cast = this.graph
      .addNode({
        opType: "Cast",
        name: this.graph.freshNodeName(`${value.name}/Cast`),
        inputs: [value],
        outputs: [this.graph.freshName(`${value.name}/float32`)],
        attributes: { to: FLOAT32 },
      })
      .output();
    this.#cast.set(value, cast);
    return cast;
  }

  #check(
    name: string,
    { dims, found }: { readonly dims: readonly number[]; readonly found: StoredWeight | undefined },
  ): StoredWeight["tensor"] {
    const wanted = `[${dims.join(", ")}]`;
    if (found === undefined) {
      this.#mistakes.push(`no "${name}" ${wanted}`);
      return undefined;
    }
    const shape = `[${found.dims.join(", ")}]`;
    if (shape !== wanted)
      this.#mistakes.push(`"${found.name}" is ${shape}, the configuration says ${wanted}`);
    if (found.tensor === undefined)
      this.#mistakes.push(`"${found.name}" has element type ${found.storedType}`);
    return found.tensor;
  }

  /** Weights that were stored beside those used and are known to be computed: `inv_freq` and the like. */
  #isComputed(name: string): boolean {
    return this.names.computed.some((pattern) => pattern.test(name));
  }

  /**
   * Ends the taking.
   *
   * @param known - tensors that the caller knows and does not use.
   * @throws {@link ModelFormatError} `CHECKPOINT_TENSORS` listing weights that are missing, of another shape or type, or
   * stored and not used: these would be part of a computation that is not written.
   */
  finish(known: readonly string[]): void {
    const rest = [...this.weights.tensors.keys()].filter(
      (name) => !this.#used.has(name) && !known.includes(name) && !this.#isComputed(name),
    );
    const more = this.#mistakes.length > 8 ? [`and ${this.#mistakes.length - 8} more`] : [];
    const found = [
      ...this.#mistakes.slice(0, 8),
      ...more,
      ...(rest.length > 0 ? [`stored and not part of this family: ${listNames(rest)}`] : []),
    ];
    if (found.length === 0) return;
    throw new ModelFormatError(
      "the weights are not those of the model that config.json describes",
      {
        code: "CHECKPOINT_TENSORS",
        where: this.weights.source,
        expected: "one float32, float16 or bfloat16 tensor for each parameter, and no others",
        found: found.join("; "),
        hint: "give the folder that save_pretrained wrote, or export the model to ONNX and give the .onnx file",
      },
    );
  }

  /** Element types of the weights that were used. */
  get dtypes(): readonly string[] {
    const types = [...this.#stored.values()].map((value) => present(value.type, "type").dtype);
    return [...new Set(types)].sort();
  }
}
