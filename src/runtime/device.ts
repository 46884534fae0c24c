/**
 * @file Which execution provider runs the graphs. Asked for by name it must work; asked for `auto` the first that works
 * is taken, never silently: what was passed over, and why, goes to the reader and into the result.
 */
import { HostError, MasAuditError } from "../errors.js";
import { cudaError, findCudaObstacle } from "./cuda-library.js";
import { oneNode } from "./one-node.js";
import { createSession, type Device } from "./session.js";
import { findVulkanObstacle } from "./provider-error.js";
import {
  identifyAdapter,
  openFiles,
  thisDeviceHost,
  whyNoHardware,
  type Adapter,
  type DeviceHost,
} from "./webgpu-adapter.js";

/** A device that `auto` did not take. */
export interface PassedOver {
  readonly device: Device;
  /** Why not: one clause, without a full stop. */
  readonly reason: string;
}

/** A device that works here. */
export interface ChosenDevice {
  readonly device: Device;
  /** What `auto` tried before; empty where a device was asked for by name. */
  readonly passedOver: readonly PassedOver[];
  /** What stands behind the device, where that is known and worth saying. */
  readonly adapter?: string;
}

/**
 * Tries the device that was asked for with a graph of one node; `auto` = cuda, else webgpu on hardware, else cpu.
 *
 * @throws {@link HostError} when a device that was asked for by name cannot be used.
 */
export async function chooseDevice(asked: "auto" | Device): Promise<ChosenDevice> {
  if (asked === "cpu") return { device: "cpu", passedOver: [] };
  if (asked === "webgpu") {
    return { device: asked, passedOver: [], adapter: describeAdapter(await tryWebGpu()) };
  }
  if (asked !== "auto") {
    await tryCuda(asked);
    return { device: asked, passedOver: [] };
  }
  const cuda = await attempted(() => tryCuda("cuda"));
  if (cuda.works) return { device: "cuda", passedOver: [] };
  const noCuda = { device: "cuda", reason: cuda.reason } as const;
  const webgpu = await attempted(tryHardware);
  if (webgpu.works) {
    return { device: "webgpu", passedOver: [noCuda], adapter: describeAdapter(webgpu.value) };
  }
  return { device: "cpu", passedOver: [noCuda, { device: "webgpu", reason: webgpu.reason }] };
}

/** The choice in one line: what and, where `auto` passed something over, why. */
export function describeChoice({ device, passedOver, adapter }: ChosenDevice): string {
  const name = adapter === undefined ? device : `${device} on ${adapter}`;
  if (passedOver.length === 0) return name;
  return `${name} (auto: ${passedOver.map((each) => `no ${each.device}, ${each.reason}`).join("; ")})`;
}

/** @throws {@link HostError} when no session can be made on the CPU: the runtime itself is broken then. */
export async function tryCpu(): Promise<void> {
  await (await createSession(oneNode(), { device: "cpu" })).release();
}

/** @throws {@link HostError} when no session can be made on it. */
export async function tryCuda(device: Device): Promise<void> {
  const obstacle = findCudaObstacle();
  if (obstacle !== undefined) throw cudaError(obstacle);
  await (await createSession(oneNode(), { device })).release();
}

/** Files that were open before the first session on WebGPU: one session stays open, and the device's file with it. */
let openBefore: ReadonlySet<string> | undefined;

/** Makes a session on WebGPU and looks at what it stands on. @throws {@link HostError} when none can be made. */
export async function tryWebGpu(host: DeviceHost = thisDeviceHost()): Promise<Adapter> {
  const missing = findVulkanObstacle();
  if (missing !== undefined) throw missing;
  openBefore ??= openFiles(host);
  const session = await createSession(oneNode(), { device: "webgpu" });
  try {
    return identifyAdapter(openBefore, host);
  } finally {
    await session.release();
  }
}

/** As {@link tryWebGpu}, and refuses what is not certain to be hardware. @throws {@link HostError} likewise. */
async function tryHardware(): Promise<Adapter> {
  const refuse = (reason: string): HostError =>
    new HostError(reason, {
      code: "PROVIDER_SOFTWARE",
      expected: "a GPU",
      hint: "ask for it with --device webgpu",
    });
  const none = whyNoHardware();
  if (none !== undefined) throw refuse(none);
  const adapter = await tryWebGpu();
  if (adapter.kind === "software") throw refuse("its adapter is software");
  if (adapter.kind === "unknown") throw refuse(adapter.reason);
  return adapter;
}

function describeAdapter(adapter: Adapter): string {
  switch (adapter.kind) {
    case "hardware":
      return adapter.name;
    case "software":
      return "a software adapter";
    case "unknown":
      return "an unknown adapter";
  }
}

type Attempted<T> =
  { readonly works: true; readonly value: T } | { readonly works: false; readonly reason: string };

/** What `attempt` gives, or the message of the error of ours that it throws. Anything else passes. */
async function attempted<T>(attempt: () => Promise<T>): Promise<Attempted<T>> {
  try {
    return { works: true, value: await attempt() };
  } catch (error) {
    if (error instanceof MasAuditError) return { works: false, reason: error.message };
    throw error;
  }
}
