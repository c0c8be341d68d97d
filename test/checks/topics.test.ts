import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Check } from '../../src/checks/check.js';
import { createTopicsCommand } from '../../src/checks/create-command.js';
import { keyOf, neededTopics, planTopics } from '../../src/checks/topic-plan.js';
import type { TopicsInput } from '../../src/checks/topic-settings.js';
import { judgeTopics } from '../../src/checks/topics.js';
import type { Settings, TopicDescription } from '../../src/ports/admin.js';
import { jobConfig, topicOf } from './support.js';

const FINE = {
  'min.insync.replicas': '2',
  'max.message.bytes': '1048588',
  'cleanup.policy': 'delete',
  'retention.ms': '604800000',
};

function settingsOf(name: string, values: Readonly<Record<string, string>>): Settings {
  return {
    name,
    code: 0,
    text: '',
    entries: Object.entries(values).map(([key, value]) => ({ name: key, value, own: false })),
  };
}

interface Scene {
  readonly set?: readonly string[];
  readonly topics?: Readonly<Record<string, TopicDescription>>;
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly strict?: boolean;
}

/** Input `in` and output `out` on three brokers, unless the scene says otherwise. */
function judged({ set = [], topics = {}, settings = {}, strict = false }: Scene): readonly Check[] {
  const config = jobConfig(set);
  const needed = neededTopics(config);
  const all: Readonly<Record<string, TopicDescription>> = {
    in: topicOf('in', 6),
    out: topicOf('out', 6),
    ...topics,
  };
  const found = new Map(
    needed.flatMap((topic) =>
      all[topic.name] === undefined ? [] : [[keyOf(topic), all[topic.name] as TopicDescription] as const],
    ),
  );
  const known = new Map(
    needed.map((topic) => [keyOf(topic), settingsOf(topic.name, { ...FINE, ...settings[topic.name] })]),
  );
  const input: TopicsInput = {
    config,
    needed,
    found,
    settings: known,
    brokerCounts: { consumer: 3, producer: 3 },
    line: (key) => key,
    createCommand: 'kd topics create -c kd.yml',
    strict,
  };
  return judgeTopics(input);
}

function only(checks: readonly Check[], status: Check['status']): Check {
  const found = checks.filter((check) => check.status === status);
  assert.equal(found.length, 1, JSON.stringify(checks));
  return found[0] as Check;
}

test('topics that fit are ok and described by their settings', () => {
  const checks = judged({});
  assert.deepEqual(
    checks.map(({ status, subject }) => [status, subject]),
    [
      ['ok', 'in'],
      ['ok', 'out'],
    ],
  );
  assert.match(checks[1]?.message ?? '', /6 partitions, replication 3, min\.insync 2, .*7 days/);
});

test('a missing topic fails with the command that creates it, unless the run waits for it', () => {
  const missing = { ...topicOf('out', 0), code: 3, text: 'unknown' };
  const check = only(judged({ topics: { out: missing } }), 'failed');
  assert.match(check.remedy ?? '', /^kd topics create -c kd\.yml; or correct kafka\.producer\.topic/);
  const waited = judged({
    topics: { in: { ...missing, name: 'in' } },
    set: ['kafka.consumer.missing-topics-fatal=false'],
  });
  assert.equal(only(waited, 'warning').subject, 'in');
});

test('min.insync.replicas above the number of replicas fails, because nothing can be written', () => {
  const check = only(judged({ settings: { out: { 'min.insync.replicas': '4' } } }), 'failed');
  assert.match(check.message, /only 3 replicas/);
  assert.match(check.remedy ?? '', /min\.insync\.replicas=3/);
});

test('partitions without a leader, or with too few replicas in sync, are named', () => {
  const partitions = topicOf('out', 3).partitions;
  const leaderless = {
    ...topicOf('out', 3),
    partitions: partitions.map((one) => (one.id === 1 ? { ...one, leader: -1 } : one)),
  };
  assert.match(only(judged({ topics: { out: leaderless } }), 'failed').message, /partition 1$/);
  const short = {
    ...topicOf('out', 3),
    partitions: partitions.map((one) => (one.id === 2 ? { ...one, inSync: [1] } : one)),
  };
  assert.match(
    only(judged({ topics: { out: short } }), 'failed').message,
    /min\.insync\.replicas \(2\): partition 2$/,
  );
});

test('partition: same with unequal counts fails, naming both', () => {
  const check = only(
    judged({ topics: { out: topicOf('out', 4) }, set: ['dispatcher.output.partition=same'] }),
    'failed',
  );
  assert.match(check.message, /in has 6 partitions and out has 4/);
});

test('settings that turn records into dead letters, or delete results at once, are warnings', () => {
  const size = only(judged({ settings: { in: { 'max.message.bytes': '5000000' } } }), 'warning');
  assert.match(size.message, /up to 1048588 bytes, in up to 5000000/);
  const kept = only(judged({ settings: { in: { 'retention.ms': '-1' } } }), 'warning');
  assert.match(kept.message, /in keeps them forever/);
  assert.equal(
    judged({ settings: { in: { 'retention.ms': '-1' } }, set: ['dispatcher.output.timestamp=now'] }).length,
    2,
  );
  const old = only(
    judged({ settings: { out: { 'message.timestamp.before.max.ms': '3600000' } } }),
    'warning',
  );
  assert.match(old.message, /older than 60 minutes/);
});

test(
  'a difference from the section topics is a warning in doctor and a failure in topics check; ' +
    'its defaults only apply to new topics',
  () => {
    const set = [
      'topics.out.partitions=12',
      'topics.out.configs.cleanup.policy=compact',
      'topics.defaults.partitions=3',
    ];
    assert.equal(judged({ set }).filter(({ status }) => status === 'warning').length, 2);
    const strict = judged({ set, strict: true }).filter(({ status }) => status === 'failed');
    assert.deepEqual(
      strict.map(({ message }) => message),
      [
        'has 6 partitions, the configuration wants 12',
        'cleanup.policy is delete, the configuration wants compact',
      ],
    );
  },
);

test(
  'missing topics are planned as configured, else with as many ' +
    'partitions as the input has and three replicas at most',
  () => {
    const config = jobConfig([
      'topics.defaults.configs.min.insync.replicas=2',
      'topics.out.partitions=12',
      'topics.extra.replication=1',
      'dispatcher.dead-letter.topic=dlq',
    ]);
    const needed = neededTopics(config);
    const found = new Map([['consumer/in', topicOf('in', 7)]]);
    const plan = planTopics(config, needed, found, { consumer: 5, producer: 2 });
    assert.deepEqual(
      plan.map(({ name, partitions, replication, configs, needed: { role } }) => [
        name,
        role,
        partitions,
        replication,
        configs.size,
      ]),
      [
        ['out', 'output', 12, 2, 1],
        ['dlq', 'dead-letter', 7, 2, 1],
        ['extra', 'further', 7, 1, 1],
      ],
    );
  },
);

test('the command that creates topics names the file as a user would type it', () => {
  assert.equal(createTopicsCommand('/home/me/jobs/kd.yml', '/home/me'), 'kd topics create -c jobs/kd.yml');
  assert.equal(createTopicsCommand('/etc/kd/kd.yml', '/home/me'), 'kd topics create -c /etc/kd/kd.yml');
  assert.equal(
    createTopicsCommand("/home/me/my job's.yml", '/home/me'),
    "kd topics create -c 'my job'\\''s.yml'",
  );
  assert.equal(createTopicsCommand(undefined, '/home/me'), 'kd topics create');
});

test('a dead-letter topic is checked for its retention, and for whether the largest record fits', () => {
  const scene = { set: ['dispatcher.dead-letter.topic=dlq'], topics: { dlq: topicOf('dlq', 2) } };
  assert.deepEqual(
    judged(scene).map(({ status }) => status),
    ['ok', 'ok', 'ok'],
  );
  const kept = only(judged({ ...scene, settings: { dlq: { 'retention.ms': '86400000' } } }), 'warning');
  assert.equal(kept.subject, 'dlq');
  assert.match(kept.message, /dead letters are kept for 24 hours only/);
  const small = only(judged({ ...scene, settings: { dlq: { 'max.message.bytes': '1000' } } }), 'warning');
  assert.equal(small.subject, 'dlq');
  assert.match(small.message, /up to 1000 bytes, in up to 1048588: .* stops the run \(exit 5\)/);
  assert.match(small.remedy ?? '', /max\.message\.bytes=1052684/);
  // Dead letters carry the time of their rejection, so the age of the record does not matter there.
  const settings = { dlq: { 'message.timestamp.before.max.ms': '3600000' } };
  assert.equal(judged({ ...scene, settings }).filter(({ status }) => status === 'warning').length, 0);
  const set = [...scene.set, 'dispatcher.dead-letter.timestamp=source'];
  const old = only(judged({ ...scene, set, settings }), 'warning');
  assert.match(old.remedy ?? '', /dispatcher\.dead-letter\.timestamp: now/);
  const forEver = { in: { 'retention.ms': '-1' }, out: { 'retention.ms': '-1' } };
  assert.match(
    only(judged({ ...scene, set, settings: forEver }), 'warning').message,
    /in keeps them forever/,
  );
});

test('an output that accepts fewer future timestamps than the input is a warning', () => {
  const after = (ms: string): Readonly<Record<string, string>> => ({ 'message.timestamp.after.max.ms': ms });
  const settings = { in: after('9223372036854775807'), out: after('3600000') };
  const ahead = only(judged({ settings }), 'warning');
  assert.match(ahead.message, /more than 60 minutes ahead, which in accepts/);
  assert.match(ahead.remedy ?? '', /dispatcher\.output\.timestamp: now/);
  assert.equal(
    only(judged({ settings: { in: after('7200000'), out: after('3600000') } }), 'warning').subject,
    'out',
  );
  const fine: readonly Scene[] = [
    { settings: { in: after('3600000'), out: after('3600000') } },
    { settings, set: ['dispatcher.output.timestamp=now'] },
    { settings: { ...settings, in: { ...settings.in, 'message.timestamp.type': 'LogAppendTime' } } },
    { settings: { ...settings, out: { ...settings.out, 'message.timestamp.type': 'LogAppendTime' } } },
  ];
  for (const scene of fine)
    assert.equal(judged(scene).filter(({ status }) => status === 'warning').length, 0, JSON.stringify(scene));
});
