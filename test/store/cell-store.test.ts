/**
 * @file The store of cells: what was put comes back, and nothing else is ever trusted.
 */
import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { z } from "zod";
import {
  cellDigest,
  openStore,
  partialFolder,
  type CellStore,
} from "../../src/store/cell-store.js";
import type { JsonValue } from "../../src/store/digest.js";

const anything = z.unknown();
const cell = cellDigest({ audit: "number", layer: 3 });
const tensors = Uint8Array.from({ length: 40 }, (_, i) => i);

let folder: string;
let store: CellStore;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "mas-audit-store-"));
  store = openStore(folder);
});
afterEach(() => {
  store.close();
  rmSync(folder, { recursive: true, force: true });
});

const jsonFile = (): string => join(folder, "cells", `${cell}.json`);
const tensorsFile = (): string => join(folder, store.tensorsPath(cell));

describe("a store of cells", () => {
  it("returns the body and the tensors that were put", () => {
    const property = fc.property(fc.jsonValue(), fc.option(fc.uint8Array()), (value, bytes) => {
      const body = JSON.parse(JSON.stringify(value)) as JsonValue; // JSON has no -0
      store.put(cell, body, bytes ?? undefined);
      const found = store.get(cell, anything);
      expect(found).toMatchObject({ kind: "found", body });
      const kept = "tensors" in found ? Buffer.from(found.tensors) : undefined;
      expect(kept).toEqual(bytes === null ? undefined : Buffer.from(bytes));
    });
    fc.assert(property, { numRuns: 30 });
  });

  it("knows nothing of a cell that was not put", () => {
    expect(store.get(cell, anything)).toEqual({ kind: "absent" });
  });

  it("keeps its cells for the next run", () => {
    store.put(cell, { hits: "101" }, tensors);
    store.close();
    store = openStore(folder);
    expect(store.get(cell, z.object({ hits: z.string() }))).toMatchObject({
      kind: "found",
      body: { hits: "101" },
    });
  });

  it("writes the same bytes for equal bodies, whatever the order of keys", () => {
    store.put(cell, { a: 1, b: [2, { d: 3, c: 4 }] });
    const first = readFileSync(jsonFile());
    store.put(cell, { b: [2, { c: 4, d: 3 }], a: 1 });
    expect(readFileSync(jsonFile())).toEqual(first);
  });

  it("replaces a cell that is put again", () => {
    store.put(cell, { hits: "1" }, tensors);
    store.put(cell, { hits: "0" });
    expect(store.get(cell, anything)).toEqual({ kind: "found", body: { hits: "0" } });
  });

  it("distrusts a body that does not fit the schema", () => {
    store.put(cell, { hits: 1 });
    expect(store.get(cell, z.object({ hits: z.string() }))).toEqual({
      kind: "distrusted",
      file: jsonFile(),
      reason: "✖ Invalid input: expected string, received number\n  → at hits",
    });
  });
});

describe("a damaged cell is not trusted", () => {
  it.each(["json", "tensors"] as const)("when its %s is cut at any byte", (which) => {
    store.put(cell, { hits: "101", share: 0.5 }, tensors);
    const file = which === "json" ? jsonFile() : tensorsFile();
    for (let length = readFileSync(file).length - 1; length >= 0; length--) {
      truncateSync(file, length);
      expect(store.get(cell, anything).kind, `cut at ${length}`).toBe("distrusted");
    }
  });

  it.each(["json", "tensors"] as const)("when any byte of its %s is another", (which) => {
    store.put(cell, { hits: "101", share: 0.5 }, tensors);
    const file = which === "json" ? jsonFile() : tensorsFile();
    const whole = readFileSync(file);
    for (let i = 0; i < whole.length; i++) {
      const changed = Buffer.from(whole);
      changed[i]! ^= 1;
      writeFileSync(file, changed);
      expect(store.get(cell, anything).kind, `byte ${i}`).toBe("distrusted");
    }
  });

  it("when its tensors are gone", () => {
    store.put(cell, {}, tensors);
    rmSync(tensorsFile());
    const reason = "is missing";
    expect(store.get(cell, anything)).toEqual({ kind: "distrusted", file: tensorsFile(), reason });
  });

  it("when it is another cell under this name", () => {
    const other = cellDigest("other");
    store.put(other, {});
    writeFileSync(jsonFile(), readFileSync(join(folder, "cells", `${other}.json`)));
    expect(store.get(cell, anything)).toEqual({
      kind: "distrusted",
      file: jsonFile(),
      reason: `is the cell ${other.slice(0, 12)}…`,
    });
  });
});

describe("the folder of a store", () => {
  it("is cleaned of unfinished files when it is opened", () => {
    store.put(cell, {});
    store.close();
    writeFileSync(join(folder, "cells", `.${cell}.json.123.4.tmp`), "{");
    store = openStore(folder);
    expect(readdirSync(join(folder, "cells"))).toEqual([`${cell}.json`]);
  });

  it("is gone after the store was discarded", () => {
    const out = join(folder, "run");
    const partial = openStore(partialFolder(out));
    partial.put(cell, {});
    partial.discard();
    expect(readdirSync(folder)).not.toContain("run.partial");
  });

  it("is gone after a run that put no cell, and its plan with it", () => {
    const empty = openStore(join(folder, "empty.partial"));
    empty.setPlan({ pairs: 3 });
    expect(empty.plan()).toEqual({ pairs: 3 });
    empty.close();
    expect(readdirSync(folder)).not.toContain("empty.partial");
  });

  it("keeps its plan with its cells, and counts them", () => {
    const place = join(folder, "kept.partial");
    const first = openStore(place);
    first.setPlan({ pairs: 3 });
    first.put(cellDigest("kept"), { n: 1 });
    first.close();
    const second = openStore(place);
    expect([second.plan(), second.size()]).toEqual([{ pairs: 3 }, 1]);
    second.clear();
    expect([second.plan(), second.size()]).toEqual([undefined, 0]);
    second.close();
    expect(readdirSync(folder)).not.toContain("kept.partial");
  });

  it("keeps a stranger's file when the store is discarded", () => {
    const partial = openStore(join(folder, "x"));
    writeFileSync(join(folder, "x", "note.txt"), "mine");
    partial.discard();
    expect(readdirSync(join(folder, "x"))).toEqual(["note.txt"]);
  });

  it("that cannot be made is a host error", () => {
    writeFileSync(join(folder, "file"), "");
    expect(() => openStore(join(folder, "file", "store"))).toThrow(
      expect.objectContaining({
        exitCode: 5,
        code: "OUTPUT_NOT_WRITABLE",
        message: "the output folder cannot be written",
        found: "ENOTDIR",
        hint: "name another folder with --out",
      }),
    );
  });
});
