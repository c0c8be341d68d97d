/** Positions as `kd consume` takes them, against real brokers. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { uniqueName } from '../../support/kafka-cluster.js';
import { runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';

const DAY_MS = Date.parse('2026-11-27T00:00:00Z');
const PER_PARTITION = 20;
const folder = mkdtempSync(join(tmpdir(), 'kd-positions-'));
after(() => rmSync(folder, { recursive: true, force: true }));

/** Record n of partition 0 is n minutes into the day; partition 1 runs backwards, partition 2 is empty. */
async function topicOfADay(configs: Readonly<Record<string, string>> = {}): Promise<string> {
  const cluster = await sharedCluster();
  const topic = await cluster.createTopic(uniqueName('day'), { partitions: 3, configs });
  await cluster.tool.send(
    topic,
    [0, 1].flatMap((partition) =>
      Array.from({ length: PER_PARTITION }, (_, n) => ({
        key: null,
        value: Buffer.from(`${partition}-${n}`),
        partition,
        timestamp: DAY_MS + 60_000 * (partition === 0 ? n : PER_PARTITION - 1 - n),
      })),
    ),
  );
  return topic;
}

interface Read {
  /** `<partition>-<offset>` in order. */
  readonly places: readonly string[];
  readonly stderr: string;
}

async function consume(topic: string, args: readonly string[]): Promise<Read> {
  const { bootstrapServers } = await sharedCluster();
  const { code, stdout, stderr } = await runKd(
    ['consume', topic, '-b', bootstrapServers, '-o', 'json', ...args],
    { cwd: folder },
  );
  assert.equal(code, 0, stderr);
  const places = stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as { partition: number; offset: number })
    .map(({ partition, offset }) => `${partition}-${offset}`)
    .sort();
  return { places, stderr };
}

const numbers = (partition: number, from: number, until: number): string[] =>
  Array.from({ length: Math.max(0, until - from) }, (_, n) => `${partition}-${from + n}`);
const both = (from: number, until: number): string[] =>
  [...numbers(0, from, until), ...numbers(1, from, until)].sort();

test('counts and offsets select the same records in every partition', async () => {
  const topic = await topicOfADay();
  const cases: readonly (readonly [args: readonly string[], places: readonly string[]])[] = [
    [[], both(0, 20)],
    [['--from', '-3'], both(17, 20)],
    [['--from', '+17'], both(17, 20)],
    [['--from', '5', '--until', '+2'], both(5, 7)],
    [['--from', '5', '--until', '8'], both(5, 8)],
    [['--until', '-18'], both(0, 2)],
    [['--from', 'latest'], []],
    [['--from', '9', '--until', '4'], []],
    [['--partitions', '1', '--from', '-3'], numbers(1, 17, 20)],
    [['--partitions', '0-1', '--from', '-3'], both(17, 20)],
    [['--partitions', '2'], []],
  ];
  for (const [args, places] of cases)
    assert.deepEqual((await consume(topic, args)).places, places, args.join(' '));
  const { bootstrapServers } = await sharedCluster();
  const refused = await runKd(['consume', topic, '-b', bootstrapServers, '--partitions', '1,9'], {
    cwd: folder,
  });
  assert.equal(refused.code, 2, refused.stderr);
  assert.match(refused.stderr, /has no partition 9\n.*its partitions are 0 to 2/);
});

test('a time begins at the first record of that time or later, to the millisecond', async () => {
  const topic = await topicOfADay();
  // Partition 1 runs backwards: its first record is already younger than 00:05.
  const early = await consume(topic, ['--from', '2026-11-27T00:05Z', '--until', '2026-11-27T00:07:00.001Z']);
  assert.deepEqual(early.places, numbers(0, 5, 8));
  assert.match(early.stderr, /^from 2026-11-27T00:05:00\.000Z, until 2026-11-27T00:07:00\.001Z$/m);
  assert.match(early.stderr, /^from: the log begins later.*\[1\]\)$/m);
  const exact = await consume(topic, ['--from', '2026-11-27T00:07Z']);
  assert.deepEqual(exact.places, [...numbers(0, 7, 20), ...numbers(1, 0, 20)].sort());
  const after7 = await consume(topic, ['--from', '2026-11-27T00:07:00.001Z']);
  assert.deepEqual(after7.places, [...numbers(0, 8, 20), ...numbers(1, 0, 20)].sort());
});

test('a time before the log or after its end gets a note for the affected partitions', async () => {
  const topic = await topicOfADay();
  const before = await consume(topic, ['--from', '2026-11-20']);
  assert.deepEqual(before.places, both(0, 20));
  assert.match(before.stderr, /from: the log begins later.*\[0\] .*\[1\]\)/);
  const behind = await consume(topic, ['--from', '2026-11-27T12:00Z']);
  assert.deepEqual(behind.places, []);
  assert.match(behind.stderr, /from: no record is of that time or later.*\[0\] .*\[1\]\)/);
  assert.doesNotMatch(behind.stderr, /\[2\]/, 'an empty partition has nothing to say');
});

test("a note says that times of a topic with LogAppendTime are the broker's", async () => {
  const topic = await topicOfADay({ 'message.timestamp.type': 'LogAppendTime' });
  const { places, stderr } = await consume(topic, ['--from', '-1h']);
  assert.deepEqual(places, both(0, 20));
  assert.match(stderr, new RegExp(`${topic} has message.timestamp.type=LogAppendTime`));
});

test('a file of offsets selects the partitions that it names', async () => {
  const topic = await topicOfADay();
  writeFileSync(join(folder, 'offsets.json'), JSON.stringify({ [topic]: { 0: 18, 2: 0 } }));
  const { places, stderr } = await consume(topic, ['--from', '@offsets.json']);
  assert.deepEqual(places, numbers(0, 18, 20));
  assert.match(stderr, /from: the file does not name this partition: the end \(.*\[1\]\)/);
});

test('committed means the commits of the configured group', async () => {
  const topic = await topicOfADay();
  const { bootstrapServers, tool } = await sharedCluster();
  const group = uniqueName('reader');
  await tool.commit(group, [{ topic, partition: 0, offset: 12 }]);
  writeFileSync(
    join(folder, 'kd.yml'),
    JSON.stringify({
      kafka: {
        'bootstrap-servers': bootstrapServers,
        consumer: { 'group-id': group, topics: [topic] },
        producer: { topic: 'out' },
      },
    }),
  );
  const { code, stdout, stderr } = await runKd(
    ['consume', topic, '--from', 'committed', '--until', '+2', '-o', 'json'],
    { cwd: folder },
  );
  assert.equal(code, 0, stderr);
  assert.deepEqual(stdout.match(/"partition":\d,"offset":\d+/g)?.sort(), [
    '"partition":0,"offset":12',
    '"partition":0,"offset":13',
    '"partition":1,"offset":0',
    '"partition":1,"offset":1',
  ]);
  assert.match(stderr, /the group has committed nothing here: the beginning \(.*\[1\] .*\[2\]\)/);
  rmSync(join(folder, 'kd.yml'));
});

test('an impossible position is refused with an example before any broker is asked', async () => {
  const cases: readonly (readonly [position: string, says: RegExp])[] = [
    ['yesterday', /"yesterday" is not a position; write one, for example earliest, -2h, 2026-11-27/],
    ['2026-11-27T08:00', /no time zone; write 2026-11-27T08:00Z/],
    ['@missing.json', /missing\.json can't be read/],
    ['committed', /"committed" needs a group, and none is configured/],
  ];
  for (const [position, says] of cases) {
    const { code, stderr } = await runKd(['consume', 't', '-b', '127.0.0.1:1', '--from', position], {
      cwd: folder,
    });
    assert.equal(code, 2, stderr);
    assert.match(stderr, says);
  }
});
