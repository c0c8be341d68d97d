// Runs compiled tests with node:test and closes with the totals over all of them.
//   node --enable-source-maps scripts/test.mjs [--name 'words of a test']… [--quick] [part of a path…]
// --name runs only the tests whose title matches the regular expression; --quick runs the first
// round alone, without the files that say `// @slow`.
// Three rounds: what only computes runs a file per core; what needs brokers or whole programs mostly waits
// for them and runs two files at a time; what judges time or memory says `// @alone` and runs one file after
// another. One broker serves all that ask for the shared one.
// test/proof shows promises at full size and takes minutes a file: only when named, or with KD_PROOF=full.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE_MINUTES_MAX = 12;
/** A file that uses the broker harness or spawns the program. */
const BROKERS = /support\/(kafka|broker|shared-cluster|secure-cluster|java|kd)/;
/** Half of their time such files leave a core idle. */
const BROKER_FILES_AT_ONCE = 2;
const ALONE = /^\/\/ @alone\b/m;
/** Belongs to the first round, but is too slow to wait for after every change. */
const SLOW = /^\/\/ @slow\b/m;
const SHARED = /support\/shared-cluster/;
const OLD_RELEASES = /support\/java\.js/;
const PROOF = join('test', 'proof');

function isLeftToProof(name) {
  return name.startsWith(PROOF) && process.env.KD_PROOF !== 'full';
}

/** Compiled files whose source still exists: a deleted test must not live on in build/. */
function testFiles(wanted) {
  return readdirSync(join(ROOT, 'test'), { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .filter((name) =>
      wanted.length === 0 ? !isLeftToProof(name) : wanted.some((part) => name.includes(part)),
    )
    .sort()
    .map((source) => {
      const compiled = resolve(ROOT, 'build', source.replace(/\.ts$/, '.js'));
      if (!existsSync(compiled)) throw new Error(`${relative(ROOT, compiled)} is missing: run make build`);
      const text = readFileSync(join(ROOT, source), 'utf8');
      const alone = ALONE.test(text);
      return {
        compiled,
        alone,
        slow: SLOW.test(text),
        brokers: !alone && BROKERS.test(text),
        shared: SHARED.test(text),
        oldReleases: OLD_RELEASES.test(text),
      };
    });
}

const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

const SLOWEST_SHOWN_MAX = 12;
/** Seconds by file: where the time of a run goes. */
const secondsByFile = new Map();
/** Titles of the tests that have begun and not ended, by file: what a file was doing when its time was up. */
const underWayByFile = new Map();
const timedOutFiles = [];

/** Node 20 reports the tests that --name leaves out as skipped; later ones say nothing of them. */
function isLeftOut(data) {
  return data.skip === 'test name does not match pattern';
}

function isFileItself(data) {
  return data.name === data.file;
}

function note({ type, data }) {
  if (data.file === undefined) return;
  const file = relative(ROOT, data.file);
  const underWay = underWayByFile.get(file) ?? new Set();
  underWayByFile.set(file, underWay);
  if (type === 'test:start' || type === 'test:dequeue') {
    if (!isFileItself(data)) underWay.add(data.name);
  } else if (type === 'test:pass' || type === 'test:fail') {
    underWay.delete(data.name);
    if (
      type === 'test:fail' &&
      isFileItself(data) &&
      data.details.error?.failureType === 'testTimeoutFailure'
    )
      timedOutFiles.push({ file, underWay: [...underWay] });
    if (data.nesting === 0)
      secondsByFile.set(file, (secondsByFile.get(file) ?? 0) + data.details.duration_ms / 1000);
  }
}

function* timeouts() {
  for (const { file, underWay } of timedOutFiles) {
    const doing = underWay.length === 0 ? '' : `; under way: ${underWay.join(' | ')}`;
    yield `timed out after ${FILE_MINUTES_MAX} minutes: ${file}${doing}`;
  }
}

function* slowestFiles() {
  const slowest = [...secondsByFile].sort(([, a], [, b]) => b - a).slice(0, SLOWEST_SHOWN_MAX);
  for (const [file, seconds] of slowest) yield `${seconds.toFixed(0).padStart(4)} s ${file}`;
}

/** The events of all rounds as one stream; the rounds' own totals are held back and added up. */
async function* events(rounds, totals, names) {
  let leftOut = 0;
  for (const { files, concurrency, prepare } of rounds) {
    if (files.length === 0) continue;
    try {
      await prepare?.(files);
    } catch (error) {
      // Counts as one failure, and the totals are still printed.
      yield {
        type: 'test:stderr',
        data: {
          message:
            `the shared broker did not start, ${files.length} files were not run: ` +
            `${String(error?.stack ?? error)}\n`,
        },
      };
      totals.set('fail', (totals.get('fail') ?? 0) + 1);
      continue;
    }
    for await (const event of run({
      files: files.map((file) => file.compiled),
      concurrency,
      timeout: FILE_MINUTES_MAX * 60_000,
      ...(names.length === 0 ? {} : { testNamePatterns: names }),
    })) {
      if (event.type === 'test:summary') continue;
      if (isLeftOut(event.data)) {
        if (event.type === 'test:pass') leftOut += 1;
        continue;
      }
      note(event);
      const total =
        event.type === 'test:diagnostic' && event.data.nesting === 0 ? TOTAL.exec(event.data.message) : null;
      if (total === null) yield event;
      else totals.set(total[1], (totals.get(total[1]) ?? 0) + Number(total[2]));
    }
  }
  if (names.length > 0) {
    totals.set('tests', (totals.get('tests') ?? 0) - leftOut);
    totals.set('skipped', (totals.get('skipped') ?? 0) - leftOut);
  }
  for (const message of [...slowestFiles(), ...timeouts()])
    yield { type: 'test:diagnostic', data: { nesting: 0, message } };
  for (const [name, value] of totals) {
    yield {
      type: 'test:diagnostic',
      data: { nesting: 0, message: `${name} ${Number.isInteger(value) ? value : value.toFixed(0)}` },
    };
  }
}

function support(name) {
  return import(pathToFileURL(resolve(ROOT, 'build/test/support', name)).href);
}

/**
 * Fetches and compiles the Java side while the first round computes: on a bare machine most of it waits for
 * Maven's servers.
 */
async function fetchJava(files) {
  if (!files.some((file) => file.alone || file.brokers)) return;
  try {
    const { OLD_RELEASES, prepareJava, prepareRelease } = await support('java.js');
    await prepareJava();
    if (!files.some((file) => file.oldReleases)) return;
    for (const release of OLD_RELEASES) await prepareRelease(release);
  } catch {
    // Whoever needs it tries again, and says what is wrong.
  }
}

/** Starts the shared broker when one of the files wants it and none was given by hand. */
async function startSharedBroker(files) {
  if (!files.some((file) => file.shared)) return undefined;
  const [{ KafkaCluster }, { SHARED_BOOTSTRAP }] = await Promise.all([
    support('kafka-cluster.js'),
    support('shared-cluster.js'),
  ]);
  if (process.env[SHARED_BOOTSTRAP]) return undefined;
  const cluster = await KafkaCluster.start({ brokers: 1 });
  process.env[SHARED_BOOTSTRAP] = cluster.bootstrapServers;
  return cluster;
}

const { values: options, positionals: wanted } = parseArgs({
  options: { name: { type: 'string', multiple: true, default: [] }, quick: { type: 'boolean' } },
  allowPositionals: true,
});
const files = testFiles(wanted).filter(
  (file) => !options.quick || (!file.alone && !file.brokers && !file.slow),
);
if (files.length === 0) {
  console.error(wanted.length === 0 ? 'no tests found' : `no test file matches ${wanted.join(' ')}`);
  process.exit(2);
}
for (const signal of ['SIGINT', 'SIGTERM']) process.once(signal, () => process.exit(1));

let cluster;
const fetched = fetchJava(files);
const prepare = async (some) => {
  await fetched;
  cluster ??= await startSharedBroker(some);
};
const rounds = [
  { files: files.filter((file) => !file.alone && !file.brokers), concurrency: availableParallelism() },
  { files: files.filter((file) => file.brokers), concurrency: BROKER_FILES_AT_ONCE, prepare },
  { files: files.filter((file) => file.alone), concurrency: 1, prepare },
];
const totals = new Map();
const report = Readable.from(events(rounds, totals, options.name)).compose(new spec());
report.pipe(process.stdout);
await finished(report);
const noneRun = (totals.get('tests') ?? 0) === 0;
if (noneRun) console.error(`no test was run${options.name.length > 0 ? ': no title matches' : ''}`);
const failed = noneRun || totals.get('fail') > 0 || totals.get('cancelled') > 0;
await cluster?.stop({ failed });
process.exitCode = failed ? 1 : 0;
