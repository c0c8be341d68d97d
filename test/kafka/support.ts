import type { NativePartitionTable } from '../../src/kafka/native.js';
import type { Logger } from '../../src/ports/logger.js';

export interface LogEntry {
  readonly level: string;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

export class RecordingLogger implements Logger {
  readonly entries: LogEntry[] = [];
  error(message: string, fields = {}): void {
    this.entries.push({ level: 'error', message, fields });
  }
  warn(message: string, fields = {}): void {
    this.entries.push({ level: 'warn', message, fields });
  }
  info(message: string, fields = {}): void {
    this.entries.push({ level: 'info', message, fields });
  }
  debug(message: string, fields = {}): void {
    this.entries.push({ level: 'debug', message, fields });
  }
}

/** The addon's table in JavaScript. */
export class PlainTable implements NativePartitionTable {
  readonly names: { topic: string; partition: number }[] = [];
  readonly epochs = new Map<number, number>();
  readonly counts = new Map<string, number>();
  idOf(topic: string, partition: number): number {
    const found = this.names.findIndex((name) => name.topic === topic && name.partition === partition);
    return found >= 0 ? found : this.names.push({ topic, partition }) - 1;
  }
  describe(id: number): { topic: string; partition: number } {
    return this.names[id] ?? { topic: '', partition: -1 };
  }
  setEpoch(id: number, epoch: number): void {
    this.epochs.set(id, epoch);
  }
  epoch(id: number): number {
    return this.epochs.get(id) ?? 0;
  }
  setTopicPartitionCount(topic: string, count: number): void {
    this.counts.set(topic, count);
  }
}

export function after(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until the condition holds; fails with its description after `timeoutMs`. */
export async function until(what: string, condition: () => boolean, timeoutMs = 30_000): Promise<void> {
  const end = performance.now() + timeoutMs;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${timeoutMs} ms: ${what}`);
    await after(10);
  }
}
