import { describe, expect, it } from "vitest";
import { HostError } from "../../src/errors.js";
import { chooseDevice, describeChoice } from "../../src/runtime/device.js";

describe("chooseDevice", () => {
  it("takes the CPU without trying anything else", async () => {
    expect(await chooseDevice("cpu")).toEqual({ device: "cpu", passedOver: [] });
  });

  // holds on every machine: either CUDA works, or both answers say why it does not
  it("falls back from auto with a reason, and never from cuda", async () => {
    const auto = await chooseDevice("auto");
    if (auto.device === "cuda") return;
    expect(auto.passedOver[0]).toMatchObject({ device: "cuda" });
    const error: unknown = await chooseDevice("cuda").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({ exitCode: 5, message: auto.passedOver[0]!.reason });
    expect(error).toMatchObject({ hint: expect.stringMatching(/--device cpu/) as string });
  });
});

describe("describeChoice", () => {
  it("names what auto passed over, and nothing where nothing was", () => {
    expect(describeChoice({ device: "cpu", passedOver: [] })).toBe("cpu");
    expect(
      describeChoice({
        device: "cpu",
        passedOver: [
          { device: "cuda", reason: "the CUDA provider is not installed" },
          { device: "webgpu", reason: "its adapter is software" },
        ],
      }),
    ).toBe(
      "cpu (auto: no cuda, the CUDA provider is not installed; no webgpu, its adapter is software)",
    );
    expect(
      describeChoice({ device: "webgpu", passedOver: [], adapter: "AMD (/dev/dri/renderD128)" }),
    ).toBe("webgpu on AMD (/dev/dri/renderD128)");
  });
});
