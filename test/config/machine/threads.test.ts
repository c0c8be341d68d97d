import assert from 'node:assert/strict';
import { test } from 'node:test';
import { allowedCores, containerLimits } from '../../../src/config/resolve/control-groups.js';
import { autoThreads } from '../../../src/config/resolve/machine.js';

const MIB = 1024 * 1024;
const NO_LIMIT = { cpus: undefined, memoryBytes: undefined };
const limitsOf = (tree: Readonly<Record<string, string>>) => containerLimits((path) => tree[path]);

test('in a container, threads follow its CPU quota and memory limit, and the origin names which', () => {
  const threads = (cpus: number | undefined, memoryBytes: number | undefined, allowed = 64) => {
    const limits = { cpus, memoryBytes, cpuGroup: '/pod', memoryGroup: '/pod/one' };
    const found = autoThreads(limits, { all: 64, allowed });
    return [found.threads, found.origin];
  };
  const memory = 'memory limit 512MiB, cgroup /pod/one';
  assert.deepEqual(threads(undefined, undefined), [63, 'cores − 1']);
  assert.deepEqual(threads(3.5, undefined), [3, 'CPU quota 3.5 of 64 cores, cgroup /pod']);
  assert.deepEqual(threads(2, 512 * MIB), [1, 'CPU quota 2 of 64 cores, cgroup /pod']);
  assert.deepEqual(threads(0.25, undefined), [1, 'CPU quota 0.25 of 64 cores, cgroup /pod']);
  assert.deepEqual(threads(undefined, 512 * MIB), [4, memory]);
  assert.deepEqual(threads(128, 1024 * 1024 * MIB), [63, 'cores − 1']);
  assert.deepEqual(threads(undefined, undefined, 4), [3, 'the 4 of 64 cores it may run on, − 1']);
  assert.deepEqual(threads(3, undefined, 4), [2, 'CPU quota 3 of 64 cores, cgroup /pod']);
  assert.equal(threads(undefined, 1)[0], 1);
  assert.equal(autoThreads(NO_LIMIT, { all: 1, allowed: 1 }).threads, 1);
});

test('the CPUs that a process may run on are counted from ranges', () => {
  const status = (list: string) => allowedCores(() => `Name:\tkd\nCpus_allowed_list:\t${list}\nMems:\t0\n`);
  assert.deepEqual([status('0-15'), status('3'), status('0-1,4,6-7')], [16, 1, 5]);
  assert.deepEqual([status('x'), allowedCores(() => undefined)], [undefined, undefined]);
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
    { cpus: 1.5, memoryBytes: 512 * MIB, cpuGroup: '/kubepods', memoryGroup: '/kubepods/pod1' },
  );
  // The host's group, which is not visible in the container: there its own is mounted at the root.
  assert.deepEqual(limitsOf({ '/proc/self/cgroup': group, '/sys/fs/cgroup/cpu.max': '200000 100000\n' }), {
    cpus: 2,
    memoryBytes: undefined,
    cpuGroup: '/',
  });
  const slice = '/system.slice/system-kd.slice/kd@a.service';
  assert.deepEqual(
    limitsOf({
      '/proc/self/cgroup': `0::${slice}\n`,
      [`/sys/fs/cgroup${slice}/memory.high`]: '268435456\n',
      [`/sys/fs/cgroup${slice}/memory.max`]: '536870912\n',
      '/sys/fs/cgroup/system.slice/cpu.max': '25000 100000\n',
    }),
    { cpus: 0.25, memoryBytes: 256 * MIB, cpuGroup: '/system.slice', memoryGroup: slice },
  );
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
    { cpus: 2, memoryBytes: 1024 * MIB, cpuGroup: '/', memoryGroup: '/docker/x' },
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
