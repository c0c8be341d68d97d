/** The number of threads that `threads: auto` means here: the machine's cores, limited by the container. */
import { availableParallelism, cpus as cpusOfMachine } from 'node:os';
import { formatSize } from '../text/units.js';
import { allowedCores, type ContainerLimits, readText } from './control-groups.js';

export interface AutoThreads {
  readonly threads: number;
  /** The reason for the number, for `config show --origin`. */
  readonly origin: string;
}

/** The cores of the machine, and those of them that this process may run on. */
export interface Cores {
  readonly all: number;
  readonly allowed: number;
}

/** A worker: its heap and the blocks it works on. The other half of the memory is for queues and clients. */
const BYTES_PER_THREAD = 64 * 1024 * 1024;
const SHARE_OF_THREADS = 0.5;

/**
 * One core is left for the main loop and librdkafka. Of a quota a part of a core is enough for them: 3.5
 * cores are three threads, and with less than two there is one.
 */
export function autoThreads(limits: ContainerLimits, cores = coresHere()): AutoThreads {
  const { cpus, memoryBytes, cpuGroup = '/', memoryGroup = '/' } = limits;
  const byCores = cores.allowed - 1;
  const byQuota = cpus === undefined ? byCores : Math.ceil(cpus) - 1;
  const byMemory =
    memoryBytes === undefined ? byCores : Math.floor((memoryBytes * SHARE_OF_THREADS) / BYTES_PER_THREAD);
  const threads = Math.max(1, Math.min(byCores, byQuota, byMemory));
  if (memoryBytes !== undefined && byMemory < Math.min(byCores, byQuota))
    return { threads, origin: `memory limit ${formatSize(memoryBytes)}, cgroup ${memoryGroup}` };
  if (cpus !== undefined && byQuota < byCores) {
    const quota = Number(cpus.toFixed(2));
    return { threads, origin: `CPU quota ${quota} of ${plural(cores.all)}, cgroup ${cpuGroup}` };
  }
  if (cores.allowed < cores.all)
    return { threads, origin: `the ${cores.allowed} of ${plural(cores.all)} it may run on, − 1` };
  return { threads, origin: 'cores − 1' };
}

function plural(cores: number): string {
  return cores === 1 ? '1 core' : `${cores} cores`;
}

/** Newer releases of Node count a quota as fewer cores; its affinity is what the kernel says. */
function coresHere(): Cores {
  const allowed = allowedCores(readText) ?? availableParallelism();
  return { all: Math.max(allowed, cpusOfMachine().length), allowed };
}
