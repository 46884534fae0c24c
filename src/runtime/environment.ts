/**
 * @file Variables of this process that must stand before the runtime's native library is loaded: it reads them once.
 *
 * - `ORT_DISABLE_TELEMETRY=1`: from 1.29 on the Linux and macOS builds write usage events to a database in the home
 *   folder and a log in the temporary folder, and upload them. Nothing here goes to the network unless asked, so a
 *   value of the caller is overridden.
 * - `NVIDIA_TF32_OVERRIDE=0`: NVIDIA's libraries would otherwise round the factors of float32 products to 10 bits,
 *   which is coarser than the bounds of the self-checks. A value of the caller stands: it was set on purpose.
 */

/** Variables, and whether a value that is there already is kept. */
const VARIABLES = [
  { name: "ORT_DISABLE_TELEMETRY", value: "1", keeps: false },
  { name: "NVIDIA_TF32_OVERRIDE", value: "0", keeps: true },
] as const;

/** Sets them in this process. Call it before every import that may load the runtime; more calls do nothing. */
export function prepareEnvironment(environment: NodeJS.ProcessEnv = process.env): void {
  for (const { name, value, keeps } of VARIABLES) {
    if (!keeps || environment[name] === undefined) environment[name] = value;
  }
}

/** Are products of float32 matrices exact to float32 on NVIDIA devices? */
export function isTf32Off(environment: NodeJS.ProcessEnv = process.env): boolean {
  return environment["NVIDIA_TF32_OVERRIDE"] === "0";
}
