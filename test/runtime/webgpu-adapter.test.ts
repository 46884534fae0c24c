import { describe, expect, it } from "vitest";
import {
  identifyAdapter,
  listGpus,
  openFiles,
  whyNoHardware,
  type DeviceHost,
} from "../../src/runtime/webgpu-adapter.js";

/** A Linux machine with these render nodes (by vendor number), NVIDIA files, and open files. */
function machine({
  render = {},
  files = [],
  open = [],
  platform = "linux",
}: {
  render?: Readonly<Record<string, string | undefined>>;
  files?: readonly string[];
  open?: readonly string[];
  platform?: string;
}): DeviceHost {
  const folders: Readonly<Record<string, readonly string[]>> = {
    "/dev/dri": [...Object.keys(render), "card0"],
    "/dev": ["null", ...files],
    "/proc/self/fd": open.map((_, i) => String(i)),
  };
  return {
    platform,
    list: (folder) => folders[folder] ?? [],
    read: (path) => render[/renderD\d+/.exec(path)?.[0] ?? ""],
    link: (path) =>
      path.endsWith("/driver") ? "../bus/drivers/panfrost" : open[Number(path.split("/").at(-1))],
  };
}

const GPU = "/dev/dri/renderD128";

describe("listGpus", () => {
  it("tells GPUs by their vendor from the displays of virtual machines", () => {
    expect(
      listGpus(machine({ render: { renderD128: "0x1002\n", renderD129: "0x1af4\n" } })),
    ).toEqual([
      { file: GPU, vendor: "AMD", isHardware: true },
      { file: "/dev/dri/renderD129", vendor: "0x1af4", isHardware: false },
    ]);
  });

  it("knows NVIDIA's own files, WSL's, and boards without a vendor number", () => {
    expect(
      listGpus(
        machine({ files: ["nvidia0", "nvidiactl", "dxg"], render: { renderD128: undefined } }),
      ),
    ).toEqual([
      { file: "/dev/nvidia0", vendor: "NVIDIA", isHardware: true },
      { file: GPU, vendor: "panfrost", isHardware: true },
      { file: "/dev/dxg", vendor: "Windows' GPU in WSL", isHardware: true },
    ]);
  });
});

describe("whyNoHardware", () => {
  it("spares a machine without any GPU the attempt, and one where nothing can be known", () => {
    expect(whyNoHardware(machine({}))).toMatch(/no GPU has a device file/);
    expect(whyNoHardware(machine({ render: { renderD128: "0x1234" } }))).toMatch(/no GPU/);
    expect(whyNoHardware(machine({ platform: "win32" }))).toMatch(/cannot be told/);
    expect(whyNoHardware(machine({ platform: "darwin" }))).toBeUndefined();
    expect(whyNoHardware(machine({ render: { renderD128: "0x8086" } }))).toBeUndefined();
  });
});

describe("identifyAdapter", () => {
  const seen = (open: readonly string[], before: readonly string[] = []): unknown =>
    identifyAdapter(new Set(before), machine({ render: { renderD128: "0x1002" }, open }));

  it("takes a GPU's file that the session opened as hardware", () => {
    expect(seen(["/dev/null", GPU])).toEqual({ kind: "hardware", name: `AMD (${GPU})` });
  });

  it("takes a session that opened none as software, also where a GPU is there", () => {
    expect(seen(["/dev/null"])).toEqual({ kind: "software" });
  });

  it("does not credit the session with a file that was open before", () => {
    expect(seen([GPU], [GPU])).toEqual({ kind: "software" });
  });

  it("does not count a virtual display", () => {
    const host = machine({ render: { renderD128: "0x1af4" }, open: [GPU] });
    expect(identifyAdapter(new Set(), host)).toEqual({ kind: "software" });
  });

  it("knows nothing on Windows, and that macOS has no software adapter", () => {
    expect(identifyAdapter(new Set(), machine({ platform: "win32" })).kind).toBe("unknown");
    expect(identifyAdapter(new Set(), machine({ platform: "darwin" })).kind).toBe("hardware");
  });
});

it.runIf(process.platform === "linux")("the open files of this process are seen on Linux", () => {
  expect(openFiles().size).toBeGreaterThan(0);
});
