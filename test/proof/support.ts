/** What the proofs share: a producer that keeps a pace, and reading what arrived. */
import { setTimeout as sleep } from 'node:timers/promises';
import kafka from 'node-rdkafka';
import type { ConsumedRecord } from '../support/java/requests.js';
import type { KdProcess } from '../support/kd.js';

const CONNECT_MS = 20_000;
const FLUSH_MS = 60_000;
const SAID_CHARACTERS = 6_000;

export interface PacedRecord {
  readonly topic: string;
  readonly partition: number;
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly timestamp?: number;
}

/** Sends one record after another at a pace, as a live source does. */
export class Pacer {
  readonly #producer: kafka.Producer;

  private constructor(producer: kafka.Producer) {
    this.#producer = producer;
  }

  static async connect(bootstrapServers: string): Promise<Pacer> {
    const producer = new kafka.Producer({
      'bootstrap.servers': bootstrapServers,
      'linger.ms': 0,
      'topic.metadata.refresh.interval.ms': 1_000,
    });
    await answered((done) => producer.connect({ timeout: CONNECT_MS }, done));
    return new Pacer(producer);
  }

  /** Resolves when all are acknowledged. */
  async send(records: readonly PacedRecord[], perSecond: number): Promise<void> {
    const startMs = performance.now();
    for (let sent = 0; sent < records.length; await sleep(1)) {
      const due = ((performance.now() - startMs) * perSecond) / 1000;
      for (; sent < records.length && sent < due; sent += 1) {
        const record = records[sent];
        if (record !== undefined) this.put(record);
      }
    }
    await this.flush();
  }

  put({ topic, partition, value, key, timestamp }: PacedRecord): void {
    this.#producer.produce(topic, partition, value, key, timestamp);
  }

  flush(): Promise<void> {
    return answered((done) => this.#producer.flush(FLUSH_MS, done));
  }

  async close(): Promise<void> {
    await answered((done) => this.#producer.disconnect(done));
  }
}

function answered(ask: (done: (error: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    ask((error) =>
      error === null || error === undefined
        ? resolve()
        : reject(error instanceof Error ? error : new Error(String(error))),
    );
  });
}

export function headerOf(record: ConsumedRecord | undefined, name: string): string {
  return record?.headers.find(([one]) => one === name)?.[1]?.toString() ?? '';
}

/** Of dead letters: the offsets of the records that died, sorted. */
export function offsetsOf(deadLetters: readonly ConsumedRecord[]): number[] {
  return deadLetters.map((record) => Number(headerOf(record, 'kd-offset'))).sort((a, b) => a - b);
}

/** The first word of every value. */
export function numbersIn(records: readonly ConsumedRecord[]): number[] {
  return records.map(({ value }) => Number(value?.toString().split(' ')[0]));
}

/** A failure tells what the processes said. */
export async function saying(running: readonly KdProcess[], body: () => Promise<void>): Promise<void> {
  try {
    await body();
  } catch (cause) {
    const said = running.map(({ pid, stderr }) => `kd ${pid} said:\n${stderr.slice(-SAID_CHARACTERS)}`);
    throw new Error(`${cause instanceof Error ? cause.message : String(cause)}\n${said.join('\n')}`, {
      cause,
    });
  } finally {
    for (const kd of running) kd.kill('SIGKILL');
  }
}
