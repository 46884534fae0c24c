/**
 * @file Rotary position embeddings: from the words of a configuration to inverse frequencies.
 *
 * Source: `modeling_rope_utils.py` of transformers 4.57, which computes in float32; so does this, rounding where it
 * rounds, because an angle is the product of a frequency with positions in the thousands.
 */
import type { ConfigReader } from "./config-reader.js";

/** How the frequencies depend on the length of the batch, `[rotated / 2]` each. */
export type Frequencies =
  | { readonly kind: "fixed"; readonly inverse: readonly number[] }
  /** NTK: beyond `contextLength` the base grows with the length of the batch. */
  | {
      readonly kind: "dynamic";
      readonly inverse: readonly number[];
      readonly factor: number;
      readonly contextLength: number;
    }
  /** LongRoPE: other factors where the batch is longer than `threshold` tokens. */
  | {
      readonly kind: "by-length";
      readonly short: readonly number[];
      readonly long: readonly number[];
      readonly threshold: number;
    };

/** A rotation of pairs (i, i + rotated / 2) of the first `rotated` numbers of a head. */
export interface Rope {
  readonly rotated: number;
  /** Cosine and sine are multiplied by this. */
  readonly amplitude: number;
  readonly frequencies: Frequencies;
}

/** What every type of scaling starts from. */
interface RopeBase {
  readonly theta: number;
  readonly rotated: number;
  readonly contextLength: number;
  /** `original_max_position_embeddings` of the configuration itself, where it stands there (Phi-3). */
  readonly originalContext: number | undefined;
}

type Scaling = (settings: ConfigReader, base: RopeBase) => Rope;

const f = Math.fround;

/** θ^(−2i/d) in float32. */
function defaultInverse({ theta, rotated }: RopeBase): number[] {
  return powers(theta, rotated).map((power) => f(1 / power));
}

/** θ^(2i/d) in float32. */
function powers(theta: number, rotated: number): number[] {
  return Array.from({ length: rotated / 2 }, (_, i) => f(theta ** f((2 * i) / rotated)));
}

function fixed({ rotated }: RopeBase, inverse: readonly number[], amplitude = 1): Rope {
  return { rotated, amplitude, frequencies: { kind: "fixed", inverse } };
}

const unscaled: Scaling = (_, base) => fixed(base, defaultInverse(base));

const SCALINGS: Readonly<Record<string, Scaling>> = {
  default: unscaled,
  linear: (settings, base) => {
    const factor = settings.number("factor");
    return fixed(
      base,
      defaultInverse(base).map((x) => f(x / factor)),
    );
  },
  dynamic: (settings, base) => {
    const { rotated, contextLength } = base;
    const factor = settings.number("factor");
    settings.mustEqual("original_max_position_embeddings", [contextLength]);
    const inverse = defaultInverse(base);
    return {
      rotated,
      amplitude: 1,
      frequencies: { kind: "dynamic", inverse, factor, contextLength },
    };
  },
  llama3,
  yarn,
  longrope,
};
/** Older names. */
const ALIASES: Readonly<Record<string, string>> = { su: "longrope" };

/** High frequencies stay, low ones are divided by the factor, those between are blended. */
function llama3(settings: ConfigReader, base: RopeBase): Rope {
  const factor = settings.number("factor");
  const low = settings.number("low_freq_factor");
  const high = settings.number("high_freq_factor");
  const context = settings.number("original_max_position_embeddings");
  const inverse = defaultInverse(base).map((x) => {
    const wavelength = f(f(2 * Math.PI) / x);
    if (wavelength > context / low) return f(x / factor);
    if (wavelength < context / high) return x;
    const smooth = f(f(f(context / wavelength) - low) / (high - low));
    return f(f(f(f(1 - smooth) * x) / factor) + f(smooth * x));
  });
  return fixed(base, inverse);
}

/** Peng et al. 2023 (arXiv 2309.00071): a ramp between interpolated and original frequencies. */
function yarn(settings: ConfigReader, base: RopeBase): Rope {
  const { theta, rotated } = base;
  const factor = settings.number("factor");
  const context = settings.optionalNumber("original_max_position_embeddings") ?? base.contextLength;
  const dimension = (rotations: number): number =>
    (rotated * Math.log(context / (rotations * 2 * Math.PI))) / (2 * Math.log(theta));
  const rounds = settings.flag("truncate", true);
  const [first, last] = [
    dimension(settings.optionalNumber("beta_fast") ?? 32),
    dimension(settings.optionalNumber("beta_slow") ?? 1),
  ];
  const low = Math.max(rounds ? Math.floor(first) : first, 0);
  const end = Math.min(rounds ? Math.ceil(last) : last, rotated - 1);
  const high = low === end ? end + 0.001 : end; // as the source: no division by zero
  const inverse = powers(theta, rotated).map((power, i) => {
    const ramp = Math.min(Math.max(f(f(i - low) / (high - low)), 0), 1);
    const kept = f(1 - ramp);
    return f(f(f(1 / f(factor * power)) * f(1 - kept)) + f(f(1 / power) * kept));
  });
  return fixed(base, inverse, yarnAmplitude(settings, factor));
}

function yarnAmplitude(settings: ConfigReader, factor: number): number {
  const given = settings.optionalNumber("attention_factor");
  const mscale = settings.optionalNumber("mscale");
  const mscaleAll = settings.optionalNumber("mscale_all_dim");
  const magnitude = (scale: number): number =>
    factor <= 1 ? 1 : 0.1 * scale * Math.log(factor) + 1;
  if (given !== undefined) return given;
  const hasBoth =
    mscale !== undefined && mscale !== 0 && mscaleAll !== undefined && mscaleAll !== 0;
  return hasBoth ? magnitude(mscale) / magnitude(mscaleAll) : magnitude(1);
}

/** Ding et al. 2024 (arXiv 2402.13753): a factor for each frequency, in two sets. */
function longrope(settings: ConfigReader, base: RopeBase): Rope {
  const { theta, rotated, contextLength } = base;
  const own = settings.optionalNumber("original_max_position_embeddings");
  const original = base.originalContext ?? own;
  if (own !== undefined && original !== own)
    settings.problem("original_max_position_embeddings", `${original ?? ""}, as outside`, own);
  const threshold = original ?? contextLength;
  const given = settings.optionalNumber("factor");
  const factor = original === undefined ? (given ?? 1) : contextLength / original;
  const amplitude =
    settings.optionalNumber("attention_factor") ??
    (factor <= 1 ? 1 : Math.sqrt(1 + Math.log(factor) / Math.log(threshold)));
  const inverse = (key: string): number[] => {
    const factors = settings.numbers(key, rotated / 2);
    return powers(theta, rotated).map((power, i) => f(1 / f(f(factors[i] ?? 1) * power)));
  };
  const [short, long] = [inverse("short_factor"), inverse("long_factor")];
  return { rotated, amplitude, frequencies: { kind: "by-length", short, long, threshold } };
}

/** Where a family keeps its rotation. */
export interface RopeKeys {
  readonly dHead: number;
  readonly contextLength: number;
  /** Base where the configuration names none. @defaultValue 10000 */
  readonly theta?: number;
  /** Keys that may hold the base; where several do, they must agree. @defaultValue ["rope_theta"] */
  readonly thetaKeys?: readonly string[];
  /** Rotated share of a head where the configuration names none. @defaultValue 1 */
  readonly share?: number;
  /** Keys that may hold the share. @defaultValue ["partial_rotary_factor"] */
  readonly shareKeys?: readonly string[];
  /** Which of the rotations, where `rope_parameters` holds one for each type of layer. */
  readonly layerType?: string;
  /** Is `rope_scaling` meant for this rotation? @defaultValue true */
  readonly scaled?: boolean;
  /** Other names of types of scaling. @defaultValue su → longrope */
  readonly aliases?: Readonly<Record<string, string>>;
  /** `original_max_position_embeddings`, where it stands beside the rotation and not in it (Phi-3). */
  readonly originalContext?: number | undefined;
}

/**
 * Reads the rotation of a model, in the spelling of transformers 4 (`rope_theta`, `rope_scaling`) or 5
 * (`rope_parameters`). Mistakes are left with the reader.
 */
export function readRope(config: ConfigReader, keys: RopeKeys): Rope {
  const settings = ropeSettings(config, keys);
  const { thetaKeys = ["rope_theta"], shareKeys = ["partial_rotary_factor"] } = keys;
  const theta = agreedNumber(config, {
    names: thetaKeys,
    inner: settings.optionalNumber("rope_theta"),
    fallback: keys.theta ?? 10_000,
  });
  const share = agreedNumber(config, {
    names: shareKeys,
    inner: settings.optionalNumber("partial_rotary_factor"),
    fallback: keys.share ?? 1,
  });
  const [newer, older] = [settings.optionalText("rope_type"), settings.optionalText("type")];
  const name = newer ?? older ?? "default";
  const type = (keys.aliases ?? ALIASES)[name] ?? name;
  const scaling = SCALINGS[type];
  const rotated = Math.trunc(keys.dHead * share);
  if (rotated % 2 !== 0 || rotated < 2)
    config.problem(shareKeys[0] ?? "", "an even number of rotated dimensions", rotated);
  if (scaling === undefined) settings.problem("rope_type", Object.keys(SCALINGS).join(", "), name);
  const { contextLength, originalContext } = keys;
  const base = { theta, rotated, contextLength, originalContext };
  return (scaling ?? unscaled)(settings, base);
}

/** The object that says how to scale; an empty one where there is none. */
function ropeSettings(config: ConfigReader, { layerType, scaled = true }: RopeKeys): ConfigReader {
  const nested = config.optionalObject("rope_parameters");
  if (nested !== undefined) {
    config.mustEqual("rope_scaling", [nested.json]); // the other spelling, of the same
    const byLayer = layerType === undefined ? undefined : nested.optionalObject(layerType);
    return byLayer ?? nested;
  }
  const older = config.optionalObject("rope_scaling");
  return (scaled ? older : undefined) ?? config.empty("rope_scaling");
}

/** The number that the keys `names` and the rotation's own object (`inner`) agree on, as far as they are given. */
function agreedNumber(
  config: ConfigReader,
  {
    names,
    inner,
    fallback,
  }: {
    readonly names: readonly string[];
    readonly inner: number | undefined;
    readonly fallback: number;
  },
): number {
  const given = names.flatMap((name) => {
    const value = config.optionalNumber(name);
    return value === undefined ? [] : [{ name, value }];
  });
  const first = inner ?? given[0]?.value;
  for (const { name, value } of given)
    if (value !== first) config.problem(name, `${first ?? ""}, as elsewhere`, value);
  return first ?? fallback;
}
