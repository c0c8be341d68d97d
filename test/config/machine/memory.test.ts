import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Loaded, loadConfiguration } from '../../../src/config/load.js';
import { memoryBound } from '../../../src/config/resolve/memory.js';
import { shownValues } from '../../../src/config/show/show.js';

const MIB = 1_048_576;

function load(memoryMib: number | undefined, ...set: readonly string[]): Loaded {
  return loadConfiguration({
    environment: {},
    workingDirectory: '/',
    limits: {
      cpus: undefined,
      memoryBytes: memoryMib === undefined ? undefined : memoryMib * MIB,
      memoryGroup: '/pod',
    },
    set: [
      'kafka.bootstrap-servers=a:9092',
      'kafka.consumer.group-id=g',
      'kafka.consumer.topics=in',
      'kafka.producer.topic=out',
      ...set,
    ],
  });
}

function sizes({ config }: Loaded): readonly unknown[] {
  assert.ok(config);
  const { inFlight, workerHeapMax } = config.dispatcher;
  const queue = config.consumer.properties.get('queued.max.messages.kbytes');
  return [inFlight.bytesMax / MIB, queue, workerHeapMax / MIB];
}

test('queues and heaps follow the memory limit; without one, or with a large one, none is lowered', () => {
  for (const memory of [undefined, 64 * 1_024])
    assert.deepEqual(sizes(load(memory, 'dispatcher.threads=3')), [64, '16384', 512]);
  assert.deepEqual(sizes(load(256, 'dispatcher.threads=3')), [16, '8192', 34]);
  assert.deepEqual(sizes(load(512, 'dispatcher.threads=1')), [32, '16384', 300]);
  const own = ['in-flight.bytes-max=20MiB', 'worker-heap-max=100MiB'].map((word) => `dispatcher.${word}`);
  assert.deepEqual(sizes(load(256, 'dispatcher.threads=1', ...own)), [20, '8192', 100]);
});

test('whatever the limit from 144 MiB on, the defaults stay within it', () => {
  for (let memory = 144; memory < 5_000; memory += 7) {
    const { config, problems } = load(memory);
    assert.ok(config);
    assert.ok(memoryBound([config]) <= memory * MIB, `${memory} MiB`);
    assert.deepEqual(problems, []);
  }
});

test('a configuration that may take more than the limit gets a warning with the sum and the keys', () => {
  const [problem] = load(128, 'dispatcher.threads=3').problems;
  assert.equal(problem?.severity, 'warning');
  assert.match(
    problem.message,
    /^memory may reach 236MiB: .* 3 workers 144MiB; the limit is 128MiB \(cgroup \/pod\)/,
  );
  assert.match(problem.remedy ?? '', /raise the limit, or lower dispatcher\.threads, .*worker-heap-max/);
});

test('the origin of a value names the limit that decided it', () => {
  const loaded = load(256, 'dispatcher.threads=3');
  assert.ok(loaded.config);
  const origins = shownValues(loaded.config, loaded)
    .filter(({ origin }) => origin.includes('memory limit 256MiB, cgroup /pod'))
    .map(({ path, value }) => [path.join('.'), value]);
  assert.deepEqual(origins, [
    ['kafka.consumer.properties.queued.max.messages.kbytes', '8192'],
    ['dispatcher.worker-heap-max', '34MiB'],
    ['dispatcher.in-flight.bytes-max', '16MiB'],
  ]);
});
