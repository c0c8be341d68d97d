import assert from 'node:assert/strict';
import { test } from 'node:test';
import { executeReset, type Move, planReset, type ResetPlan } from '../../../src/app/groups/reset.js';
import { DispatcherError } from '../../../src/core/errors.js';
import { parsePosition } from '../../../src/core/positions/position.js';
import { jobConfig } from '../../checks/support.js';
import { commit, fakeAdmin, member, topic, type World } from './fake-admin.js';

const TABLE = '{"in": {"0": 120, "1": 5000}}';

interface Wish {
  readonly to?: string;
  readonly topics?: readonly string[];
  readonly partitions?: readonly number[];
}

function plan(world: World, { to = 'earliest', topics, partitions }: Wish = {}): Promise<ResetPlan> {
  return planReset(fakeAdmin(world), jobConfig(), {
    groupId: 'g',
    topics,
    to: parsePosition(to, Date.now(), () => TABLE),
    partitions: partitions === undefined ? undefined : new Set(partitions),
  });
}

/** Three partitions of 100 to 200; one committed, one without, one before its log. */
const WORLD: World = {
  topics: [topic('in', [1, 1, 1])],
  committed: [commit('in', 0, 150), commit('in', 2, 50)],
  logs: { 'in 0': [100, 200], 'in 1': [100, 200], 'in 2': [100, 200] },
};

const shown = (moves: readonly Move[]): readonly string[] =>
  moves.map(({ old, next, note }) => `${old} ${next}${note === undefined ? '' : ` ${note}`}`);

const fails =
  (code: string, ...texts: readonly RegExp[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof DispatcherError);
    assert.equal(error.code, code);
    for (const text of texts) assert.match(`${error.message}; ${error.remedy ?? ''}`, text);
    return true;
  };

const POSITIONS: readonly (readonly [to: string, moves: readonly string[]])[] = [
  ['earliest', ['150 100', '-1 100', '50 100']],
  ['latest', ['150 200', '-1 200', '50 200']],
  ['170', ['150 170', '-1 170', '50 170']],
  ['0', ['150 100 before-beginning', '-1 100 before-beginning', '50 100 before-beginning']],
  ['201', ['150 200 behind-end', '-1 200 behind-end', '50 200 behind-end']],
  ['+10', ['150 160', '-1 110', '50 100 before-beginning']],
  ['-10', ['150 140', '-1 190', '50 100 before-beginning']],
  ['+999', ['150 200 behind-end', '-1 200 behind-end', '50 200 behind-end']],
  ['committed', ['150 150', '-1 100 not-committed', '50 100 before-beginning']],
  ['@offsets.json', ['150 120', '-1 200 behind-end']],
];

for (const [to, moves] of POSITIONS)
  test(`a reset to ${to} plans an offset within the log for each partition`, async () => {
    assert.deepEqual(shown((await plan(WORLD, { to })).moves), moves);
  });

test('only the partitions that were asked for move', async () => {
  const { moves } = await plan(WORLD, { partitions: [0, 2, 17] });
  assert.deepEqual(
    moves.map(({ partition }) => partition),
    [0, 2],
  );
});

test('a reset of no partition is an error that says which options to check', async () => {
  await assert.rejects(plan(WORLD, { partitions: [3] }), fails('USAGE', /no partition/, /--partitions/));
});

test('a topic that was named but is not there stops the reset of all others', async () => {
  await assert.rejects(
    plan(WORLD, { topics: ['in', 'typo'] }),
    fails('KAFKA_REFUSED', /topic typo .*Unknown topic/, /--topic/, /nothing was changed/),
  );
});

test('a topic that only an old commit names may be gone: the others are reset', async () => {
  const gone = { ...WORLD, committed: [...(WORLD.committed ?? []), commit('gone', 0, 5)] };
  const { moves, state } = await plan(gone);
  assert.equal(moves.length, 3);
  assert.deepEqual(
    state.notDescribed.map(({ name }) => name),
    ['gone'],
  );
});

test('a plan changes nothing; carrying it out commits offsets with the identity of their topic', async () => {
  const admin = fakeAdmin(WORLD);
  const made = await plan(WORLD, { to: '170' });
  assert.deepEqual(admin.commits, []);
  await executeReset(admin, 'g', made);
  assert.deepEqual(
    admin.commits.map(({ partition, offset, metadata }) => [partition, offset, metadata]),
    [0, 1, 2].map((partition) => [partition, 170, 'kd cluster=cluster-1 topic-id=AAAAAAAAQACAAAAAAAAAAQ']),
  );
});

test('a topic without an id, of an old broker, is committed without an identity', async () => {
  const old = { ...WORLD, topics: [topic('in', [1], { topicId: '' })] };
  const admin = fakeAdmin(old);
  await executeReset(admin, 'g', await plan(old));
  assert.deepEqual(
    admin.commits.map(({ metadata }) => metadata),
    [''],
  );
});

test('a group with members is not reset: they are named, up to five, and nothing is committed', async () => {
  for (const [members, words] of [
    [[member('a')], /has 1 member: a at \/10\.0\.0\.7;/],
    [[member('a'), member('b', { host: '/10.0.0.8' })], /has 2 members: a at .*, b at \/10\.0\.0\.8;/],
    [['a', 'b', 'c', 'd', 'e', 'f', 'h'].map((one) => member(one)), /has 7 members: .*e at \S+ and 2 more;/],
  ] as const) {
    const busy = { ...WORLD, group: { members } };
    const admin = fakeAdmin(busy);
    await assert.rejects(
      executeReset(admin, 'g', await plan(busy)),
      fails('USAGE', words, /stop them first/),
    );
    assert.deepEqual(admin.commits, []);
  }
});

test('offsets that a broker did not take are counted, the first with its place and reason', async () => {
  const admin = fakeAdmin({
    ...WORLD,
    altered: (one) => (one.partition > 0 ? { ...one, code: 29, text: `denied ${one.partition}` } : one),
  });
  await assert.rejects(
    executeReset(admin, 'g', await plan(WORLD)),
    fails(
      'KAFKA_REFUSED',
      /^2 of 3 offsets were not committed, the first for in\[1\]: denied 1/,
      /READ on the/,
    ),
  );
});
