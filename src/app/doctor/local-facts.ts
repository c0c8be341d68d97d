/** Facts about this machine. */
import { existsSync, readFileSync } from 'node:fs';
import { availableParallelism, freemem } from 'node:os';

/** Soft limit of open files; undefined outside Linux, or if it can't be read. */
export function openFilesMax(): number | undefined {
  const line = read('/proc/self/limits')
    ?.split('\n')
    .find((text) => text.startsWith('Max open files'));
  const soft = /^Max open files\s+(\d+|unlimited)/.exec(line ?? '')?.[1];
  if (soft === undefined) return undefined;
  return soft === 'unlimited' ? Number.MAX_SAFE_INTEGER : Number(soft);
}

/** Memory that is available: of the machine, or of the container if that is less. */
export function memoryBytes(): number {
  const constrained = process.constrainedMemory();
  const own = process.memoryUsage().rss;
  // Without a limit it is 0, or more than any machine has.
  return constrained > 0 && constrained < 2 ** 52 ? Math.min(freemem() + own, constrained) : freemem() + own;
}

export function cores(): number {
  return availableParallelism();
}

function read(file: string): string | undefined {
  try {
    return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
  } catch {
    return undefined;
  }
}
