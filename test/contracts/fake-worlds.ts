/**
 * The contracts' worlds on the simulation's fakes, in virtual time, which advances only while something is
 * awaited.
 */
import { setImmediate as turn } from 'node:timers/promises';
import type { Block } from '../../src/core/batch.js';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import { BlockHolders } from '../support/fakes/block-holders.js';
import type { Fate, PartitionLog } from '../support/fakes/log.js';
import { Random } from '../support/fakes/random.js';
import { FakeSink } from '../support/fakes/sink/fake-sink.js';
import { FakeGroup } from '../support/fakes/source/fake-group.js';
import type { RebalanceStep } from '../support/fakes/source/fake-rebalances.js';
import { FakeSource } from '../support/fakes/source/fake-source.js';
import { VirtualClock } from '../support/fakes/virtual-clock.js';
import { SourceDriver } from './driver.js';
import { RecordingEvents, type SinkSetup, type SinkWorld } from './sink.js';
import type { SourceSetup, SourceWorld } from './source-bench.js';

const STEPS_MAX = 50_000;
const REST_MS = 5_000;
/**
 * Longer than everything a contract test does before the rebalance, and shorter than the longest commit
 * interval.
 */
const REBALANCE_AFTER_MS = 300_000;
const EMITTED: Fate = { kind: 'emit', count: 1 };

/** Virtual time, advanced by whoever waits. */
class World {
  readonly random = new Random(7);
  readonly clock = new VirtualClock(this.random);
  readonly holders = new BlockHolders();
  readonly violations: string[] = [];
  readonly group: FakeGroup;
  #lastBlock = 0;

  constructor(logs: readonly PartitionLog[]) {
    this.group = new FakeGroup(logs, new Map(), {
      committed: () => undefined,
      processedByOther: () => undefined,
    });
  }

  block(bytes: number): Block {
    this.#lastBlock += 1;
    return { id: this.#lastBlock, bytes: new Uint8Array(bytes) };
  }

  async until(what: string, condition: () => boolean): Promise<void> {
    for (let step = 0; step < STEPS_MAX; step += 1) {
      await turn();
      if (condition()) return;
      if (!this.clock.step()) break;
    }
    await turn();
    if (!condition()) throw new Error(`it never happened: ${what}`);
  }

  async run<T>(promise: Promise<T>): Promise<T> {
    let over = false;
    const end = (): void => {
      over = true;
    };
    promise.then(end, end);
    await this.until('an answer', () => over);
    return promise;
  }

  pass(ms: number): Promise<void> {
    let over = false;
    this.clock.after(ms, () => {
      over = true;
    });
    return this.until('time', () => over);
  }

  check(): Promise<void> {
    if (this.violations.length > 0)
      throw new Error(`used against its contract: ${this.violations.join('; ')}`);
    return Promise.resolve();
  }
}

function log(id: number, records: number): PartitionLog {
  return {
    id,
    topic: 'in',
    partition: id,
    records: Array.from({ length: records }, (_, offset) => ({
      offset,
      fate: EMITTED,
      bytes: 20,
      availableAtMs: 0,
    })),
    low: 0,
    end: records,
    faults: [],
  };
}

export function fakeSourceWorld(setup: SourceSetup): Promise<SourceWorld> {
  const world = new World(
    Array.from({ length: setup.partitions ?? 2 }, (_, id) => log(id, setup.records ?? 0)),
  );
  const rebalances: RebalanceStep[] = [{ afterMs: 10, kind: 'assign', share: 1 }];
  if (setup.then !== undefined)
    rebalances.push({
      afterMs: REBALANCE_AFTER_MS,
      kind: setup.then === 'lose' ? 'lost' : 'revoke',
      share: 1,
    });
  const source = new FakeSource(
    world,
    {
      reader: { recordsMax: 25, cutPerPartition: false, readyBatchesMax: 4, latencyMaxMs: 5 },
      rebalances,
      commitIntervalMs: setup.commitIntervalMs ?? 200,
      brokerLatencyMaxMs: 20,
      outOfRange: setup.outOfRange ?? 'stop',
      leaderlessStart: 'earliest',
      commitRefusedChance: 0,
    },
    {
      stored: () => undefined,
      delivered: () => undefined,
      changed: () => undefined,
      noticed: () => undefined,
      positioned: () => undefined,
      skipped: () => undefined,
      violation: (what) => world.violations.push(what),
    },
  );
  return Promise.resolve({
    source,
    group: source.group,
    commits: source.commits,
    driver: new SourceDriver(),
    newBlock: () => world.block(4_096),
    run: (promise) => world.run(promise),
    until: (what, condition) => world.until(what, condition),
    rest: () => world.pass(REST_MS),
    rebalance: () => world.pass(REBALANCE_AFTER_MS),
    end: () => world.check(),
  });
}

export function fakeSinkWorld({ tooLargeOffset, partitions = 2 }: SinkSetup): Promise<SinkWorld> {
  const world = new World([log(0, 0)]);
  let epoch = 1;
  world.group.epochs.set(0, epoch);
  const handedOver: number[] = [];
  const refused = new Set<number>();
  const sink = new FakeSink(
    world,
    {
      handOverMaxMs: 5,
      ackMaxMs: 30,
      topics: [{ name: 'out', number: 0, partitionCount: partitions }],
      outages: [],
      missingTopics: ['out-missing'],
      fatalAfterParts: undefined,
      deadLettersRefusedModulo: undefined,
    },
    (_id, _epoch, offset) => (offset === tooLargeOffset ? { kind: 'refused', how: 'alone' } : EMITTED),
    {
      handedOver: ({ offset }) => handedOver.push(offset),
      settled: (_answered, _acknowledged, undelivered) => {
        for (const { offset } of undelivered) refused.add(offset);
      },
      violation: (what) => world.violations.push(what),
    },
  );
  return Promise.resolve({
    sink,
    events: new RecordingEvents(),
    topicName: 'out',
    input: (offsets) => {
      const block = world.block(1 << 16);
      const writer = new InputBatchWriter(block.bytes);
      for (const offset of offsets)
        writer.add(0, epoch, { offset, timestamp: -1, key: null, value: Buffer.from(String(offset)) });
      writer.close();
      return block;
    },
    nextEpoch: () => {
      epoch += 1;
      world.group.epochs.set(0, epoch);
    },
    block: (bytes) => world.block(bytes),
    run: (promise) => world.run(promise),
    until: (what, condition) => world.until(what, condition),
    written: () => Promise.resolve([handedOver.filter((offset) => !refused.has(offset))]),
    end: () => world.check(),
  });
}
