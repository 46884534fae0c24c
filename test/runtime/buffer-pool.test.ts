/** @file Memory of runs: lent to one at a time, used again, never more of it than was out at once. */
import fc from "fast-check";
import { expect, it } from "vitest";
import { BufferPool, type Loan } from "../../src/runtime/buffer-pool.js";

it("uses memory again that came back, also for less", () => {
  const pool = new BufferPool();
  const first = pool.lend();
  const { buffer } = first.array(8);
  first.giveBack();
  const second = pool.lend();
  const again = second.array(5);
  expect(again.buffer).toBe(buffer);
  expect(again).toHaveLength(5);
});

it("never lends the same memory twice, and makes no more than is out at once", () => {
  const asked = fc.record({ size: fc.integer({ min: 1, max: 4 }), back: fc.boolean() });
  fc.assert(
    fc.property(fc.array(asked, { maxLength: 30 }), (steps) => {
      const pool = new BufferPool();
      const out: { readonly loan: Loan; readonly buffer: ArrayBufferLike }[] = [];
      const seen = new Set<ArrayBufferLike>();
      let most = 0;
      for (const { size, back } of steps) {
        const loan = pool.lend();
        const { buffer } = loan.array(size);
        expect(out.map((each) => each.buffer)).not.toContain(buffer);
        seen.add(buffer);
        out.push({ loan, buffer });
        most = Math.max(most, out.length);
        if (back) out.shift()?.loan.giveBack();
      }
      // buffers grow: one that is too small is replaced, at most once for each size
      expect(seen.size).toBeLessThanOrEqual(4 * most);
    }),
  );
});
