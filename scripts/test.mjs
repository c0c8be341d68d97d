// Runs compiled tests with node:test and closes with the totals over all of them.
//   node --enable-source-maps scripts/test.mjs [path below test/ or part of a file's name…]
// Two rounds: what computes runs a file per core; what starts brokers or measures runs one file after another.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join, relative, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { run } from 'node:test';
import { spec } from 'node:test/reporters';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const FILE_MINUTES_MAX = 12;
// A file that uses the broker harness or spawns the program wants the machine for itself.
const ALONE = /support\/(kafka|broker|cluster|java|cli|kd|program|process)|^\/\/ @alone/m;

/** Compiled files whose source still exists: a deleted test must not live on in build/. */
function testFiles(wanted) {
  return readdirSync(join(ROOT, 'test'), { recursive: true })
    .filter((name) => name.endsWith('.test.ts'))
    .map((name) => join('test', name))
    .filter((name) => wanted.length === 0 || wanted.some((part) => name.includes(part)))
    .sort()
    .map((source) => {
      const compiled = resolve(ROOT, 'build', source.replace(/\.ts$/, '.js'));
      if (!existsSync(compiled)) throw new Error(`${relative(ROOT, compiled)} is missing: run make build`);
      return { compiled, alone: ALONE.test(readFileSync(join(ROOT, source), 'utf8')) };
    });
}

const TOTAL = /^(tests|suites|pass|fail|cancelled|skipped|todo|duration_ms) ([\d.]+)$/;

/** The events of all rounds as one stream; the rounds' own totals are held back and added up. */
async function* events(rounds, totals) {
  for (const { files, concurrency } of rounds) {
    if (files.length === 0) continue;
    for await (const event of run({ files, concurrency, timeout: FILE_MINUTES_MAX * 60_000 })) {
      if (event.type === 'test:summary') continue;
      const total = event.type === 'test:diagnostic' && event.data.nesting === 0 ? TOTAL.exec(event.data.message) : null;
      if (total === null) yield event;
      else totals.set(total[1], (totals.get(total[1]) ?? 0) + Number(total[2]));
    }
  }
  for (const [name, value] of totals) {
    yield { type: 'test:diagnostic', data: { nesting: 0, message: `${name} ${Number.isInteger(value) ? value : value.toFixed(0)}` } };
  }
}

const wanted = process.argv.slice(2);
const files = testFiles(wanted);
if (files.length === 0) {
  console.error(wanted.length === 0 ? 'no tests found' : `no test file matches ${wanted.join(' ')}`);
  process.exit(2);
}
const rounds = [
  { files: files.filter((file) => !file.alone).map((file) => file.compiled), concurrency: availableParallelism() },
  { files: files.filter((file) => file.alone).map((file) => file.compiled), concurrency: 1 },
];
const totals = new Map();
const report = Readable.from(events(rounds, totals)).compose(new spec());
report.pipe(process.stdout);
report.on('end', () => {
  process.exitCode = (totals.get('tests') ?? 0) > 0 && (totals.get('fail') ?? 0) === 0 && (totals.get('cancelled') ?? 0) === 0 ? 0 : 1;
});
