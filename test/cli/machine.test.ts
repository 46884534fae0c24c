/**
 * @file Limits of a machine, read from the control groups of both generations.
 */
import { availableParallelism, totalmem } from "node:os";
import { expect, it } from "vitest";
import { machineOf, readMachine } from "../../src/cli/machine.js";

const read = (files: Readonly<Record<string, string>>) => (path: string) => files[path];
const installed = {
  memoryBytes: totalmem(),
  memoryFrom: "installed memory",
  cores: availableParallelism(),
};

it("without control groups, a machine grants what is installed", () => {
  expect(readMachine(read({}))).toEqual(installed);
});

it("unlimited groups limit nothing", () => {
  const files = {
    "/proc/self/cgroup": "4:memory:/a\n1:cpu,cpuacct:/a\n0::/a\n",
    "/sys/fs/cgroup/a/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/a/memory.max": "max\n",
    "/sys/fs/cgroup/cpu/a/cpu.cfs_quota_us": "-1\n",
    "/sys/fs/cgroup/cpu/a/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/memory/a/memory.limit_in_bytes": "9223372036854771712\n",
  };
  expect(readMachine(read(files))).toEqual(installed);
});

it("the tightest limit of the unified groups holds, also of one above", () => {
  const files = {
    "/proc/self/cgroup": "0::/a/b\n",
    "/sys/fs/cgroup/a/cpu.max": "50000 100000\n",
    "/sys/fs/cgroup/a/b/cpu.max": "max 100000\n",
    "/sys/fs/cgroup/a/memory.max": "2000000\n",
    "/sys/fs/cgroup/a/b/memory.max": "1000000\n",
  };
  expect(readMachine(read(files))).toEqual({
    memoryBytes: 1_000_000,
    memoryFrom: "the limit in /sys/fs/cgroup/a/b/memory.max",
    cores: 0.5,
  });
});

it("the first generation's limits hold at its root too, where a container sees no path", () => {
  const files = {
    "/proc/self/cgroup": "4:memory:/host/path\n1:cpu,cpuacct:/host/path\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_quota_us": "25000\n",
    "/sys/fs/cgroup/cpu/cpu.cfs_period_us": "100000\n",
    "/sys/fs/cgroup/memory/memory.limit_in_bytes": "3000000\n",
  };
  expect(readMachine(read(files))).toEqual({
    memoryBytes: 3_000_000,
    memoryFrom: "the limit in /sys/fs/cgroup/memory/memory.limit_in_bytes",
    cores: 0.25,
  });
});

it("a run may be held to less than the machine grants, and never gets more", () => {
  const whole = machineOf({});
  expect(machineOf({ maxMemory: 5_000_000 })).toEqual({
    ...whole,
    memoryBytes: 5_000_000,
    memoryFrom: "--max-memory",
  });
  expect(machineOf({ maxMemory: 1e18 })).toEqual(whole);
});
