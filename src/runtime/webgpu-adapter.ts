/**
 * @file Is the WebGPU adapter a piece of hardware? The runtime does not say which adapter it took, so this looks for
 * traces.
 *
 * - Linux: a Vulkan driver for a real GPU keeps the GPU's device file open as long as it serves a device; a software
 *   adapter (SwiftShader, lavapipe) opens none. So the device files that opening a session adds are the evidence. With
 *   several adapters the runtime asks for the fastest, which is never the software one.
 * - macOS: Metal has no software adapter.
 * - Windows: Direct3D always offers one (WARP), and nothing that Node can see tells it apart: `auto` leaves WebGPU alone
 *   there, `--device webgpu` takes what comes.
 */
import { readdirSync, readFileSync, readlinkSync } from "node:fs";

/** What stands behind the adapter that a session got. */
export type Adapter =
  | { readonly kind: "hardware"; readonly name: string }
  | { readonly kind: "software" }
  | { readonly kind: "unknown"; readonly reason: string };

/** The parts of a system that are looked at; tests put in others. */
export interface DeviceHost {
  readonly platform: string;
  /** Names in a folder; none where there is no such folder. */
  readonly list: (folder: string) => readonly string[];
  readonly read: (path: string) => string | undefined;
  readonly link: (path: string) => string | undefined;
}

/** This machine. */
export function thisDeviceHost(): DeviceHost {
  return {
    platform: process.platform,
    list: (folder) => attempt(() => readdirSync(folder)) ?? [],
    read: (path) => attempt(() => readFileSync(path, "utf8")),
    link: (path) => attempt(() => readlinkSync(path)),
  };
}

function attempt<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined; // not there, or not for us
  }
}

/** PCI vendors of GPUs by the number that the system prints. */
const VENDORS: Readonly<Record<string, string>> = {
  "0x10de": "NVIDIA",
  "0x1002": "AMD",
  "0x8086": "Intel",
  "0x13b5": "ARM",
  "0x5143": "Qualcomm",
  "0x1010": "Imagination",
};

/** A GPU that the system has a device file for. */
export interface Gpu {
  /** For example `/dev/dri/renderD128`. */
  readonly file: string;
  /** Vendor, or the number where it is none that we know; virtual machines' display adapters are of that kind. */
  readonly vendor: string;
  readonly isHardware: boolean;
}

/** Device files of GPUs on Linux; elsewhere none, because there are no such files. */
export function listGpus(host: DeviceHost = thisDeviceHost()): readonly Gpu[] {
  if (host.platform !== "linux") return [];
  const render = host.list("/dev/dri").filter((name) => /^renderD\d+$/.test(name));
  const nvidia = host.list("/dev").filter((name) => /^nvidia\d+$/.test(name));
  return [
    ...nvidia.map((name) => ({ file: `/dev/${name}`, vendor: "NVIDIA", isHardware: true })),
    ...render.map((name) => renderNode(name, host)),
    ...host
      .list("/dev")
      .filter((name) => name === "dxg")
      .map(() => ({ file: "/dev/dxg", vendor: "Windows' GPU in WSL", isHardware: true })),
  ];
}

function renderNode(name: string, host: DeviceHost): Gpu {
  const device = `/sys/class/drm/${name}/device`;
  const number = host.read(`${device}/vendor`)?.trim() ?? "unknown vendor";
  const vendor = VENDORS[number];
  const file = `/dev/dri/${name}`;
  // boards without PCI (ARM) have no vendor number; their driver's name stands in a link
  const driver = host.link(`${device}/driver`)?.split("/").at(-1);
  const isBoard = number === "unknown vendor" && driver !== undefined && driver !== "vgem";
  if (vendor !== undefined) return { file, vendor, isHardware: true };
  return { file, vendor: isBoard ? driver : number, isHardware: isBoard };
}

/** Files that this process holds open, as far as the system tells. */
export function openFiles(host: DeviceHost = thisDeviceHost()): ReadonlySet<string> {
  const folder = "/proc/self/fd";
  return new Set(host.list(folder).flatMap((name) => host.link(`${folder}/${name}`) ?? []));
}

/** Whether trying WebGPU could find hardware at all; the reason where it could not. Loads nothing. */
export function whyNoHardware(host: DeviceHost = thisDeviceHost()): string | undefined {
  if (host.platform === "darwin") return undefined;
  if (host.platform !== "linux") {
    return "a GPU cannot be told from a software adapter on this platform (--device webgpu takes either)";
  }
  return listGpus(host).some(({ isHardware }) => isHardware)
    ? undefined
    : "no GPU has a device file here (/dev/dri/renderD*, /dev/nvidia*)";
}

/** What stands behind the adapter; `before` = the open files before the first session on it was made. */
export function identifyAdapter(
  before: ReadonlySet<string>,
  host: DeviceHost = thisDeviceHost(),
): Adapter {
  if (host.platform === "darwin") return { kind: "hardware", name: "Metal" };
  if (host.platform !== "linux") {
    return { kind: "unknown", reason: "this platform does not tell a GPU from a software adapter" };
  }
  const opened = openFiles(host);
  const used = listGpus(host).filter(({ file }) => opened.has(file) && !before.has(file));
  const real = used.find(({ isHardware }) => isHardware);
  return real === undefined
    ? { kind: "software" }
    : { kind: "hardware", name: `${real.vendor} (${real.file})` };
}
