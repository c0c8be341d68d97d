import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import type { SummaryOfAll } from '../../../src/app/pipelines/run-pipelines.js';
import type { Recipe } from '../../support/java/requests.js';
import { type TestCluster, uniqueName } from '../../support/kafka-cluster.js';
import { type KdProcess, lastJson, runKd, spawnKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertExact } from '../job.js';

const RECIPE: Recipe = { records: 2_000, partitions: 2, keys: 'sequence' };
const COPY = "import { forward } from 'kafka-dispatcher';\nexport default () => forward();\n";
const THROWING = 'export default () => { throw new Error("poison"); };\n';
const EXITING = 'export default () => process.exit(1);\n';

/** A directory of pipelines, each with topics of its own. */
class Folder {
  readonly path = mkdtempSync(join(tmpdir(), 'kd-pipelines-'));
  private readonly cluster: TestCluster;
  private readonly prefix = uniqueName('pl');

  constructor(cluster: TestCluster) {
    this.cluster = cluster;
    const kafka = { 'bootstrap-servers': cluster.bootstrapServers };
    const dispatcher = { 'commit-interval': '200ms', 'reload-interval': '0s', input: { format: 'raw' } };
    this.write('defaults.yml', { kafka, dispatcher, server: { port: 0 } });
  }

  write(file: string, content: object | string): void {
    writeFileSync(
      join(this.path, file),
      typeof content === 'string' ? content : JSON.stringify(content, null, 2),
    );
  }

  topic(name: string, side: 'in' | 'out'): string {
    return `${this.prefix}-${name}-${side}`;
  }

  async add(name: string, transform: string, more: object = {}): Promise<void> {
    const input = this.topic(name, 'in');
    await this.cluster.createTopic(input, { partitions: 2 });
    await this.cluster.createTopic(this.topic(name, 'out'), { partitions: 2 });
    await this.cluster.tool.produce({ topic: input, recipe: RECIPE });
    this.write(`${name}.mjs`, transform);
    this.write(`${name}.yml`, {
      kafka: {
        consumer: { 'group-id': input, topics: [input] },
        producer: { topic: this.topic(name, 'out') },
      },
      dispatcher: { transform: `./${name}.mjs`, ...more },
    });
  }

  async verify(name: string): Promise<void> {
    assertExact(await this.cluster.tool.verify({ topics: [this.topic(name, 'out')], recipe: RECIPE }));
  }

  remove(...files: readonly string[]): void {
    for (const file of files.length === 0 ? ['.'] : files)
      rmSync(join(this.path, file), { recursive: true, force: true });
  }
}

async function until<Value>(what: string, look: () => Promise<Value | undefined>): Promise<Value> {
  const lateMs = performance.now() + 60_000;
  for (;;) {
    const found = await look().catch(() => undefined);
    if (found !== undefined) return found;
    assert.ok(performance.now() < lateMs, `waited a minute for: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

interface Section {
  readonly name: string;
  readonly state: string;
  readonly notReady?: string | null;
  readonly records?: { readonly transformed: number };
}

const started: KdProcess[] = [];
after(() => started.forEach((kd) => kd.kill('SIGKILL')));

class Running {
  readonly kd: KdProcess;
  private url = '';

  get address(): string {
    return this.url;
  }

  constructor(folder: Folder) {
    this.kd = spawnKd(['run', '-o', 'json', '-c', '.'], { cwd: folder.path });
    started.push(this.kd);
  }

  async get(path: string): Promise<{ readonly status: number; readonly text: string }> {
    const response = await fetch(`${this.url}${path}`);
    return { status: response.status, text: await response.text() };
  }

  async listening(): Promise<void> {
    this.url = await until('the endpoints', () =>
      Promise.resolve(/http:\/\/127\.0\.0\.1:\d+/.exec(this.kd.stderr)?.[0]),
    );
  }

  /** Resolves when the sections are as wanted. */
  sections(what: string, isThere: (sections: readonly Section[]) => boolean): Promise<readonly Section[]> {
    return until(what, async () => {
      const { pipelines } = JSON.parse((await this.get('/status')).text) as { pipelines: Section[] };
      return isThere(pipelines) ? pipelines : undefined;
    });
  }
}

const done = (sections: readonly Section[], name: string): boolean =>
  sections.some((one) => one.name === name && one.records?.transformed === RECIPE.records);

/** The commands that ask a running job, with the configuration of three pipelines. */
async function assertReaders(folder: Folder, url: string): Promise<void> {
  const ask = (...words: readonly string[]): ReturnType<typeof runKd> =>
    runKd([...words, '-c', '.', '--url', url], { cwd: folder.path });
  const status = await ask('status');
  assert.equal(status.code, 6, 'one of them is not ready');
  for (const words of [/^stays {2}running, ready/m, /^leaves {2}running/m, /^bad {2}failed, not ready/m])
    assert.match(status.stdout, words);
  const one = await ask('status', '--pipeline', 'stays');
  assert.equal(one.code, 0, one.stderr);
  assert.doesNotMatch(one.stdout, /leaves|bad/);
  const top = await ask('top', '--frames', '1');
  assert.match(top.stdout, /stays \(\d of 3\) {2}running/);
  // The pipeline is the one that reads the topic.
  const why = await ask('why', folder.topic('leaves', 'in'), '0', '7', '-o', 'json');
  const { state, job } = lastJson(why.stdout) as { state: string; job: { answer: string } | null };
  assert.deepEqual(
    { code: why.code, state, answer: job?.answer },
    { code: 0, state: 'settled', answer: 'answered' },
  );
}

test('a pipeline that fails does not stop the others, and its exit code is that of the process', async () => {
  const folder = new Folder(await sharedCluster());
  await folder.add('a', COPY);
  await folder.add('b', COPY, { pool: 'own' });
  await folder.add('throwing', THROWING);
  await folder.add('exiting', EXITING);
  const { code, stdout, stderr } = await runKd(['run', '--until', 'end', '-o', 'json', '-c', '.'], {
    cwd: folder.path,
  });
  assert.equal(code, 5, stderr.slice(-4_000));
  const { exitCode, state, pipelines } = lastJson(stdout) as SummaryOfAll;
  assert.deepEqual({ exitCode, state }, { exitCode: 5, state: 'failed' });
  assert.deepEqual(
    pipelines.map((one) => [one.name, one.exitCode, one.records.transformed]),
    [
      ['a', 0, 2_000],
      ['b', 0, 2_000],
      ['exiting', 5, 0],
      ['throwing', 5, 0],
    ],
  );
  assert.match(stderr, /"pipeline":"throwing"/);
  await folder.verify('a');
  await folder.verify('b');
  folder.remove();
});

test('a reload adds and removes pipelines, starts a failed one again, leaves the others alone', async () => {
  const folder = new Folder(await sharedCluster());
  await folder.add('stays', COPY);
  await folder.add('leaves', COPY);
  await folder.add('bad', THROWING);
  const running = new Running(folder);
  await running.listening();
  const failed = await running.sections(
    'two that run and one that failed',
    (all) => done(all, 'stays') && done(all, 'leaves') && all.some(({ state }) => state === 'failed'),
  );
  assert.match(failed.find(({ name }) => name === 'bad')?.notReady ?? '', /bad is failed: .*poison/);
  assert.equal((await running.get('/readyz')).status, 200);
  const { text } = await running.get('/metrics');
  assert.match(text, /^kd_records_consumed_total\{pipeline="stays"\} 2000$/m);
  assert.match(text, /^kd_pipeline_state\{pipeline="bad",state="failed"\} 1$/m);
  assert.match((await running.get('/status?pipeline=stays')).text, /"name":"stays"/);
  for (const path of ['/status?pipeline=other', '/why?pipeline=other&topic=t&partition=0&offset=0']) {
    const { status, text: answer } = await running.get(path);
    assert.equal(status, 404, path);
    const { pipelines: names } = JSON.parse(answer) as { pipelines: string[] };
    assert.deepEqual(names.sort(), ['bad', 'leaves', 'stays']);
  }

  const { pipelines: shown } = JSON.parse((await running.get('/config')).text) as {
    readonly pipelines: readonly { readonly name: string; readonly entries: readonly unknown[] }[];
  };
  assert.deepEqual(shown.map(({ name, entries }) => [name, entries.length > 10]).sort(), [
    ['leaves', true],
    ['stays', true],
  ]);
  await assertReaders(folder, running.address);

  await folder.add('new', COPY);
  folder.remove('leaves.yml');
  folder.write('bad.mjs', COPY);
  running.kd.kill('SIGHUP');
  const after = await running.sections(
    'the new one, and the corrected one',
    (all) => all.length === 3 && done(all, 'new') && done(all, 'bad'),
  );
  assert.deepEqual(after.map(({ name }) => name).sort(), ['bad', 'new', 'stays']);
  running.kd.kill('SIGTERM');
  const { code, stdout, stderr } = await running.kd.ended;
  assert.equal(code, 0, stderr.slice(-4_000));
  const { pipelines } = lastJson(stdout) as SummaryOfAll;
  assert.deepEqual(pipelines.map((one) => [one.name, one.exitCode, one.reloads]).sort(), [
    ['bad', 0, 0],
    ['new', 0, 0],
    ['stays', 0, 0],
  ]);
  for (const name of ['stays', 'leaves', 'new', 'bad']) await folder.verify(name);
  folder.remove();
});
