import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { uniqueName } from '../../support/kafka-cluster.js';
import { type KdResult, lastJson, runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const folder = mkdtempSync(join(tmpdir(), 'kd-topics-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Names {
  readonly input: string;
  readonly output: string;
  readonly letters: string;
}

/** Writes kd.yml into the folder; `topics` is the body of that section. */
async function configured(topics: string): Promise<Names> {
  const { bootstrapServers } = await sharedCluster();
  const names = { input: uniqueName('in'), output: uniqueName('out'), letters: uniqueName('dlq') };
  const yaml = [
    'kafka:',
    `  bootstrap-servers: ${bootstrapServers}`,
    `  consumer: { group-id: ${uniqueName('group')}, topics: [${names.input}] }`,
    `  producer: { topic: ${names.output} }`,
    'dispatcher:',
    `  dead-letter: { topic: ${names.letters} }`,
    topics === '' ? '' : `topics: ${topics.replaceAll('OUT', names.output)}`,
  ];
  writeFileSync(join(folder, 'kd.yml'), `${yaml.join('\n')}\n`);
  return names;
}

const kd = (...args: readonly string[]): Promise<KdResult> => runKd(args, { cwd: folder, timeoutMs: 60_000 });

test(
  'missing topics are shown first, then created with --yes, then found to be right; a second ' +
    'call creates nothing',
  async () => {
    const cluster = await sharedCluster();
    const names = await configured(
      '{ defaults: { configs: { retention.ms: 3600000 } }, OUT: { partitions: 5, configs: { ' +
        'cleanup.policy: compact } } }',
    );
    await cluster.createTopic(names.input, { partitions: 3 });
    const shown = await kd('topics', 'create', '-c', 'kd.yml');
    assert.equal(shown.code, 2, 'there is no terminal to ask on');
    assert.match(
      shown.stdout,
      new RegExp(
        `create  ${names.output}  \\(output\\)  5 partitions, replication 1, retention.ms=3600000, ` +
          `cleanup.policy=compact`,
      ),
    );
    assert.match(shown.stdout, new RegExp(`create  ${names.letters}  \\(dead-letter\\)  3 partitions`));
    assert.match(shown.stderr, /nothing was created: there is no terminal to ask on\n.*--yes/);
    const json = await kd('topics', 'create', '-c', 'kd.yml', '-o', 'json');
    const { ok, done: created } = lastJson(json.stdout) as { ok: boolean; done: boolean };
    assert.deepEqual([json.code, ok, created], [2, false, false], json.stderr);
    assert.match(json.stderr, /nothing was created/);
    const missing = await kd('topics', 'check', '-c', 'kd.yml');
    assert.equal(missing.code, 6, 'showing created nothing');
    assert.match(missing.stdout, /kd topics create -c kd\.yml/);
    const done = await kd('topics', 'create', '-c', 'kd.yml', '--yes', '-o', 'json');
    assert.equal(done.code, 0, done.stderr);
    const made = lastJson(done.stdout) as {
      ok: boolean;
      done: boolean;
      topics: { name: string; created: boolean }[];
    };
    assert.deepEqual(
      [made.ok, made.done, made.topics.map(({ created }) => created)],
      [true, true, [true, true]],
    );
    const right = await kd('topics', 'check', '-c', 'kd.yml', '-o', 'json');
    assert.equal(right.code, 0, right.stdout);
    const again = await kd('topics', 'create', '-c', 'kd.yml', '--yes');
    assert.equal(again.code, 0, again.stderr);
    assert.doesNotMatch(again.stdout, /create/);
  },
);

test('topics that differ from the configuration are reported with the line to change', async () => {
  const cluster = await sharedCluster();
  const names = await configured('{ OUT: { partitions: 5 } }');
  await Promise.all(
    [names.input, names.output, names.letters].map((name) => cluster.createTopic(name, { partitions: 2 })),
  );
  const result = await kd('topics', 'check', '-c', 'kd.yml', '-o', 'json');
  assert.equal(result.code, 6);
  const { ok, checks } = lastJson(result.stdout) as {
    ok: boolean;
    checks: { subject: string; status: string; message: string; remedy: string }[];
  };
  assert.equal(ok, false);
  const findings = checks
    .filter(({ status }) => status === 'failed')
    .map(({ subject, message }) => [subject, message]);
  assert.deepEqual(findings, [[names.output, 'has 2 partitions, the configuration wants 5']]);
  assert.match(checks.map(({ remedy }) => remedy).join(), /\(kd\.yml:7:\d+\)/);
});

test('topics that Kafka would refuse are reported before anything is created, exit 2', async () => {
  const cluster = await sharedCluster();
  const names = await configured('{ OUT: { replication: 9 } }');
  await cluster.createTopic(names.input, { partitions: 1 });
  const result = await kd('topics', 'create', '-c', 'kd.yml', '--yes');
  assert.equal(result.code, 2, result.stdout);
  assert.match(result.stdout, /Kafka would refuse it/);
  const after = await kd('topics', 'list', '-c', 'kd.yml', '-o', 'json');
  const { topics } = lastJson(after.stdout) as { topics: { name: string; exists: boolean }[] };
  assert.equal(
    topics.find(({ name }) => name === names.letters)?.exists,
    false,
    'no topic is created when one is refused',
  );
});

test(
  'the list shows roles, partitions, retention and the number of ' + 'offsets; with -b alone all topics',
  async () => {
    const cluster = await sharedCluster();
    const names = await configured('');
    await cluster.createTopic(names.input, { partitions: 4, configs: { 'retention.ms': '86400000' } });
    await cluster.tool.produce({ topic: names.input, recipe: { records: 250, partitions: 4 } });
    const { stdout } = await kd('topics', 'list', '-c', 'kd.yml', '-o', 'json');
    const { topics } = lastJson(stdout) as { topics: Record<string, unknown>[] };
    assert.deepEqual(topics[0], {
      name: names.input,
      role: 'input',
      exists: true,
      partitions: 4,
      replication: 1,
      minInSync: 1,
      cleanup: 'delete',
      retentionMs: 86_400_000,
      offsets: 250,
    });
    assert.equal(topics[1]?.['exists'], false);
    rmSync(join(folder, 'kd.yml'));
    const all = await kd('topics', 'list', '-b', cluster.bootstrapServers);
    assert.equal(all.code, 0, all.stderr);
    assert.match(all.stdout, new RegExp(`${names.input} .* 250`));
    assert.equal((await kd('topics', 'check', '-b', cluster.bootstrapServers)).code, 2);
  },
);

test('a list of topics with ordinary names fits into 80 columns', async () => {
  const cluster = await sharedCluster();
  const mark = uniqueName('').slice(-3);
  const [input, output, letters] = [`flights-${mark}`, `flights-avro-${mark}`, `flights.dlq-${mark}`];
  await cluster.createTopic(input, { partitions: 24, configs: { 'retention.ms': '604800000' } });
  await cluster.createTopic(output, { partitions: 24, configs: { 'cleanup.policy': 'compact' } });
  await cluster.tool.produce({ topic: input, recipe: { records: 1_250, partitions: 24 } });
  const yaml = `kafka:
  bootstrap-servers: ${cluster.bootstrapServers}
  consumer: { group-id: g, topics: [${input}] }
  producer: { topic: ${output} }
dispatcher: { dead-letter: { topic: ${letters} } }
`;
  writeFileSync(join(folder, 'ordinary.yml'), yaml);
  const { code, stdout, stderr } = await kd('topics', 'list', '-c', 'ordinary.yml');
  assert.equal(code, 0, stderr);
  assert.match(stdout, /^topic +role +parts +repl +min\.isr +cleanup +kept +offsets$/m);
  assert.match(stdout, new RegExp(`^${input} +input +24 +1 +1 +delete +7 d +1,250$`, 'm'));
  assert.match(stdout, new RegExp(`^${output} +output +24 +1 +1 +compact +forever +0$`, 'm'));
  assert.match(stdout, new RegExp(`^${letters} +dead-letter +missing$`, 'm'));
  for (const line of stdout.split('\n')) assert.ok(line.length <= 80, `${line.length} columns: ${line}`);
});

test('a run whose topic is missing prints the command that creates it', async () => {
  await configured('');
  const result = await kd('run', '--until', 'end', '-c', 'kd.yml', '-o', 'json');
  assert.equal(result.code, 3);
  const { reason } = lastJson(result.stdout) as { reason: { code: string; remedy: string } };
  assert.equal(reason.code, 'TOPIC_MISSING');
  assert.match(reason.remedy, /^kd topics create -c kd\.yml; or correct/);
});

test(
  'a topic that only the transform names: the command in the remedy creates it, and then the job ' + 'runs',
  async () => {
    const cluster = await sharedCluster();
    const named = uniqueName('named');
    const job = await Job.create({
      cluster,
      partitions: 1,
      transform:
        "import { emit } from 'kafka-dispatcher';\nexport default (value, record, { options }) => " +
        'emit(value, { topic: options.named });\n',
      dispatcher: { options: { named }, 'unknown-topic': 'stop' },
    });
    await cluster.tool.produce({ topic: job.input, recipe: { records: 10, partitions: 1 } });
    const run = ['run', '--until', 'end', '-o', 'json'];
    const failed = await runKd(run, { cwd: job.folder });
    assert.equal(failed.code, 3, failed.stderr);
    const { reason } = lastJson(failed.stdout) as { reason: { code: string; remedy: string } };
    assert.equal(reason.code, 'TOPIC_MISSING');
    const [, line] =
      /write (topics: \{ \S+ \{\} \}) into the configuration and create it with kd topics create/.exec(
        reason.remedy,
      ) ?? [];
    assert.ok(line, reason.remedy);
    const file = join(job.folder, 'kd.yml');
    writeFileSync(file, readFileSync(file, 'utf8').replace(/\}\s*$/, `, ${line} }`));
    const created = await runKd(['topics', 'create', '--yes'], { cwd: job.folder });
    assert.equal(created.code, 0, created.stderr);
    assert.match(created.stdout, new RegExp(`created ${named}`));
    const done = await runKd(run, { cwd: job.folder });
    assert.equal(done.code, 0, done.stderr);
    job.remove();
  },
);
