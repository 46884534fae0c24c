import { describe, expect, it } from "vitest";
import { HostError } from "../../src/errors.js";
import { chooseDevice } from "../../src/runtime/device.js";

describe("chooseDevice", () => {
  it("takes the CPU without trying anything else", async () => {
    expect(await chooseDevice("cpu")).toEqual({ device: "cpu" });
  });

  // holds on every machine: either CUDA works, or both answers say why it does not
  it("falls back from auto with a reason, and never from cuda", async () => {
    const auto = await chooseDevice("auto");
    if (auto.device === "cuda") return;
    expect(auto.fallback).toMatch(/provider/);
    const error: unknown = await chooseDevice("cuda").catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(HostError);
    expect(error).toMatchObject({
      exitCode: 5,
      hint: expect.stringMatching(/--device cpu/) as string,
    });
  });
});
