import assert from 'node:assert/strict';
import fs, { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { configurationFiles } from '../../../src/config/pipelines/find.js';
import { type LoadedPipelines, loadPipelines } from '../../../src/config/pipelines/load-pipelines.js';

const directory = mkdtempSync(join(tmpdir(), 'kd-pipelines-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function loadFile(text: string, granted?: LoadedPipelines['shares']): LoadedPipelines {
  writeFileSync(join(directory, 'kd.yml'), text);
  return loadPipelines({ file: 'kd.yml', environment: {}, workingDirectory: directory }, granted);
}

function loadFolder(name: string, files: Readonly<Record<string, string>>): LoadedPipelines {
  mkdirSync(join(directory, name), { recursive: true });
  for (const [file, text] of Object.entries(files)) writeFileSync(join(directory, name, file), text);
  return loadPipelines({ file: name, environment: {}, workingDirectory: directory });
}

const item = (name: string, more = ''): string =>
  `  - name: ${name}\n    kafka: { consumer: { group-id: g-${name}, topics: [${name}] }, ` +
  `producer: { topic: ${name}-out } }\n${more}`;
const list = (shared: string, ...items: readonly string[]): string =>
  `kafka: { bootstrap-servers: "a:9092" }\n${shared}pipelines:\n${items.join('')}`;
const file = (name: string): string =>
  `kafka: { consumer: { group-id: g-${name}, topics: [${name}] }, producer: { topic: ${name}-out } }\n`;
const configs = ({ pipelines }: LoadedPipelines) => pipelines.map(({ loaded }) => loaded.config);
const messages = ({ problems }: LoadedPipelines): string =>
  problems.map(({ file: at, line, key, message }) => `${at}:${line} ${key} ${message}`).join('\n');

test('every item of a list is a pipeline, with its own keys over those beside the list', () => {
  const loaded = loadFile(
    list(
      'dispatcher: { commit-interval: 2s }\n',
      item('one'),
      item('two', '    dispatcher: { commit-interval: 3s }\n'),
    ),
  );
  assert.equal(messages(loaded), '');
  assert.equal(loaded.several, true);
  assert.deepEqual(
    configs(loaded).map((one) => [one?.name, one?.consumer.groupId, one?.dispatcher.commitIntervalMs]),
    [
      ['one', 'g-one', 2_000],
      ['two', 'g-two', 3_000],
    ],
  );
});

test('a file without a list is one pipeline, as it always was', () => {
  const loaded = loadFile(`${file('one')}`.replace('kafka: {', 'kafka: { bootstrap-servers: "a:9092",'));
  assert.equal(loaded.several, false);
  assert.equal(configs(loaded)[0]?.dispatcher.inFlight.bytesMax, 67_108_864);
});

test('every file of a directory is a pipeline that bears its name; defaults.yml is what they share', () => {
  const loaded = loadFolder('files', {
    'defaults.yml': 'kafka: { bootstrap-servers: "a:9092" }\nserver: { port: 0 }\n',
    'one.yml': file('one'),
    'two.yaml': file('two'),
    '.hidden.yml': 'nonsense: 1\n',
    'notes.txt': 'nonsense',
  });
  assert.equal(messages(loaded), '');
  assert.deepEqual(
    configs(loaded).map((one) => [one?.name, one?.server?.port]),
    [
      ['one', 0],
      ['two', 0],
    ],
  );
});

test('a section of the process in the file of one pipeline holds for all', () => {
  const shared = 'kafka: { bootstrap-servers: "a:9092" }\n';
  const files = {
    'kd.yml': shared,
    'one.yml': file('one'),
    'two.yml': `${file('two')}server: { port: 0 }\n`,
  };
  assert.deepEqual(
    configs(loadFolder('server', files)).map((one) => one?.server?.port),
    [0, 0],
  );
  const twice = loadFolder('server', { ...files, 'one.yml': `${file('one')}server: { port: 1 }\n` });
  assert.match(messages(twice), /two\.yml:2 server belongs to the process.*also at server\/one\.yml:2:17/);
  assert.deepEqual(configs(twice), [undefined, undefined]);
});

test('names must differ, belong to one pipeline, and be given in a list', () => {
  assert.match(messages(loadFile(list('', item('one'), item('one')))), /two pipelines have the name one/);
  assert.match(messages(loadFile(list('name: all\n', item('one')))), /names one pipeline, but stands where/);
  assert.match(messages(loadFile(list('', '  - kafka: {}\n'))), /pipelines\[0\]\.name is missing/);
  assert.match(messages(loadFile('pipelines: {}\n')), /must be a list of pipelines/);
});

test('two pipelines of one group must not read the same topic', () => {
  const same = (name: string, topic: string): string =>
    item(name).replace(`g-${name}`, 'g').replace(`[${name}]`, `[${topic}]`);
  const both = loadFile(list('', same('one', 'in'), same('two', 'in')));
  assert.match(messages(both), /two and one read in in one group, g: each would take partitions away/);
  assert.deepEqual(configs(both), [undefined, undefined]);
  const apart = loadFile(list('', same('one', 'in1'), same('two', 'in2')));
  assert.match(messages(apart), /whenever one of them starts or stops, the other is interrupted/);
  assert.equal(configs(apart)[0]?.name, 'one');
});

test('the budget is divided by weight; what a pipeline sets itself is taken from it', () => {
  const budget = 'budget: { in-flight-bytes: 100MiB, queue-bytes: 20MiB, threads: 4 }\n';
  const loaded = loadFile(
    list(
      budget,
      item('one'),
      item('two', '    dispatcher: { weight: 3 }\n'),
      item('big', '    dispatcher: { in-flight: { bytes-max: 60MiB }, threads: 7 }\n'),
    ),
  );
  assert.equal(messages(loaded), '');
  const [one, two, big] = configs(loaded);
  const MIB = 1_048_576;
  // 40 MiB are left for two: 2 MiB each, and 36 by weight.
  assert.equal(one?.dispatcher.inFlight.bytesMax, 11 * MIB);
  assert.equal(two?.dispatcher.inFlight.bytesMax, 29 * MIB);
  assert.equal(big?.dispatcher.inFlight.bytesMax, 60 * MIB);
  assert.deepEqual([one.dispatcher.threads, two.dispatcher.threads, big.dispatcher.threads], [1, 3, 7]);
  assert.equal(one.consumer.properties.get('queued.max.messages.kbytes'), '4505');
  assert.equal(loaded.threads, 4);
});

test('a budget that is too small says what is missing', () => {
  const loaded = loadFile(list('budget: { in-flight-bytes: 3MiB }\n', item('one'), item('two')));
  assert.match(messages(loaded), /kd\.yml:2 budget\.in-flight-bytes is 3MiB: 0B are taken, and 2 pipelines/);
});

test('a pipeline that is added gets what the running ones leave; theirs stays', () => {
  const budget = 'budget: { in-flight-bytes: 100MiB }\n';
  const before = loadFile(list(budget, item('one', '    dispatcher: { weight: 2 }\n')));
  const after = loadFile(
    list(budget, item('one', '    dispatcher: { weight: 2 }\n'), item('two')),
    before.shares,
  );
  const [one, two] = configs(after).map((config) => config?.dispatcher.inFlight.bytesMax);
  assert.equal(one, configs(before)[0]?.dispatcher.inFlight.bytesMax);
  assert.equal((one ?? 0) + (two ?? 0), 100 * 1_048_576);
});

test('a pipeline can be added to others that use the whole automatic budget', () => {
  const names = Array.from({ length: 40 }, (_, index) => `p${index}`);
  const before = loadFile(list('', ...names.map((name) => item(name))));
  const after = loadFile(list('', ...[...names, 'added'].map((name) => item(name))), before.shares);
  assert.equal(messages(after), '');
  assert.equal(configs(after).at(-1)?.dispatcher.inFlight.bytesMax, 2 * 1_048_576);
  assert.deepEqual(
    configs(after)
      .slice(0, -1)
      .map((config) => config?.dispatcher.inFlight.bytesMax),
    configs(before).map((config) => config?.dispatcher.inFlight.bytesMax),
  );
});

test("a directory that can't be read is a problem with its reason, not a defect", (context) => {
  loadFolder('locked', { 'one.yml': file('one') });
  context.mock.method(fs, 'readdirSync', () => {
    throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
  });
  syncBuiltinESMExports();
  const loaded = loadPipelines({ file: 'locked', environment: {}, workingDirectory: directory });
  assert.match(messages(loaded), /locked:1 null can't be read: EACCES: permission denied/);
  assert.deepEqual(configurationFiles(join(directory, 'locked')), [join(directory, 'locked')]);
  context.mock.restoreAll();
  syncBuiltinESMExports();
});
