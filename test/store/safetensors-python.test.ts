/**
 * @file A learned subspace read by the Python package safetensors, and one that Python wrote read by us. The golden file is
 * a cell of an audit of the embedded pair: `mas-audit fixtures/demo/base fixtures/demo/rotated --audit number-agreement
 * --layers 5 --items 160 --pairs 100 --steps 5 --controls core`.
 */
import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { float32Of, readSafetensors } from "../../src/store/safetensors.js";
import { temporaryFolder } from "../support/tiny-models.js";

const GOLDEN = "fixtures/subspaces/number-agreement.safetensors";
const folder = temporaryFolder();

/** A Python with the package; the tests below need one. */
const python = [process.env["PYTHON"], "python3"].find(
  (name) => name !== undefined && spawnSync(name, ["-c", "import safetensors.numpy"]).status === 0,
);

const READ = `
import json, sys
from safetensors import safe_open
from safetensors.numpy import save_file
with safe_open(sys.argv[1], framework="np") as f:
    tensors = {name: f.get_tensor(name) for name in f.keys()}
    metadata = f.metadata()
save_file(tensors, sys.argv[2], metadata=metadata)
print(json.dumps({"metadata": metadata, "tensors": {
    name: {"shape": t.shape, "dtype": str(t.dtype), "values": t.ravel().tolist()} for name, t in tensors.items()
}}))
`;

/** Rows that are orthonormal in float64 and stored in float32: 96 squares, each off by 2⁻²⁴ of itself at most. */
const ORTHONORMAL = 1e-6;

describe("a stored subspace", () => {
  it("holds orthonormal rows and says what it belongs to", () => {
    const file = readSafetensors(GOLDEN);
    for (const side of ["base", "tuned"]) {
      const p = float32Of(file, `causal.${side}.subspace`);
      expect(Math.abs(p.reduce((sum, x) => sum + x * x, 0) - 1)).toBeLessThan(ORTHONORMAL);
      expect(float32Of(file, `causal.${side}.mean`).length).toBe(96);
      expect(Number(file.metadata.get(`sigma.${side}`))).toBeGreaterThan(0);
      expect(file.metadata.get(`sha256 ${side} model`)).toMatch(/^[0-9a-f]{64}$/);
    }
    expect(Object.fromEntries(file.metadata)).toMatchObject({
      ...{ format: "mas-audit/subspace@1", audit: "number-agreement", variable: "number" },
      ...{ layer: "5", role: "last", k: "1", seed: "0" },
    });
  });

  it.skipIf(python === undefined)(
    "is read by Python, and read again as Python wrote it (skipped without the package safetensors)",
    () => {
      const copy = join(folder, "copy.safetensors");
      const { stdout, stderr } = spawnSync(python!, ["-c", READ, GOLDEN, copy], {
        encoding: "utf8",
        env: { ...process.env, OMP_NUM_THREADS: "1" },
      });
      expect(stderr).toBe("");
      const seen = JSON.parse(stdout) as {
        metadata: Record<string, string>;
        tensors: Record<string, { shape: number[]; dtype: string; values: number[] }>;
      };
      const [ours, theirs] = [readSafetensors(GOLDEN), readSafetensors(copy)];
      expect(seen.metadata).toEqual(Object.fromEntries(ours.metadata));
      expect(Object.keys(seen.tensors).sort()).toEqual([...ours.tensors.keys()].sort());
      for (const [name, { shape, dtype, values }] of Object.entries(seen.tensors)) {
        expect({ shape, dtype }).toEqual({
          shape: ours.tensors.get(name)!.shape,
          dtype: "float32",
        });
        expect(values).toEqual([...float32Of(ours, name)]);
        expect([...float32Of(theirs, name)]).toEqual(values);
      }
      expect(new Map([...theirs.metadata].sort())).toEqual(new Map([...ours.metadata].sort()));
    },
  );
});
