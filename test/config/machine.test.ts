import assert from 'node:assert/strict';
import { test } from 'node:test';
import { autoThreads, containerLimits } from '../../src/config/resolve/machine.js';

const MIB = 1024 * 1024;
const NO_LIMIT = { cpus: undefined, memoryBytes: undefined };
const limitsOf = (tree: Readonly<Record<string, string>>) => containerLimits((path) => tree[path]);

test('in a container, threads follow its CPU quota and memory limit, and the origin names which', () => {
  const threads = (cpus: number | undefined, memoryBytes: number | undefined) => {
    const found = autoThreads(64, { cpus, memoryBytes });
    return [found.threads, found.origin];
  };
  assert.deepEqual(threads(undefined, undefined), [63, 'cores − 1']);
  assert.deepEqual(threads(2, 512 * MIB), [1, "by the container's CPU quota of 2 cores"]);
  assert.deepEqual(threads(0.5, undefined), [1, "by the container's CPU quota of 0.5 cores"]);
  assert.deepEqual(threads(undefined, 512 * MIB), [4, "by the container's memory limit of 512MiB"]);
  assert.deepEqual(threads(128, 1024 * 1024 * MIB), [63, 'cores − 1']);
  assert.equal(threads(undefined, 1)[0], 1);
  assert.equal(autoThreads(1, NO_LIMIT).threads, 1);
});

test('the limits of control groups v2 are the tightest of the group and those above it', () => {
  const group = '0::/kubepods/pod1\n';
  assert.deepEqual(
    limitsOf({
      '/proc/self/cgroup': group,
      '/sys/fs/cgroup/kubepods/pod1/cpu.max': 'max 100000\n',
      '/sys/fs/cgroup/kubepods/cpu.max': '150000 100000\n',
      '/sys/fs/cgroup/kubepods/pod1/memory.max': '536870912\n',
      '/sys/fs/cgroup/kubepods/memory.max': 'max\n',
    }),
    { cpus: 1.5, memoryBytes: 512 * MIB },
  );
  // The host's group, which is not visible in the container: there its own is mounted at the root.
  assert.deepEqual(limitsOf({ '/proc/self/cgroup': group, '/sys/fs/cgroup/cpu.max': '200000 100000\n' }), {
    cpus: 2,
    memoryBytes: undefined,
  });
});

test('the limits of control groups v1 are read, too', () => {
  const groups = '5:memory:/docker/x\n3:cpu,cpuacct:/docker/x\n1:name=systemd:/docker/x\n0::/\n';
  assert.deepEqual(
    limitsOf({
      '/proc/self/cgroup': groups,
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '200000\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/docker/x/memory.limit_in_bytes': '1073741824\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    }),
    { cpus: 2, memoryBytes: 1024 * MIB },
  );
  assert.deepEqual(
    limitsOf({
      '/proc/self/cgroup': groups,
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '-1\n',
      '/sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
      '/sys/fs/cgroup/memory/memory.limit_in_bytes': '9223372036854771712\n',
    }),
    NO_LIMIT,
  );
  assert.deepEqual(limitsOf({}), NO_LIMIT);
});
