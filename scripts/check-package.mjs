// Packs the project as npm would publish it, installs the tarball into an empty prefix and runs what is
// there: what users get, not what the checkout has. Takes as long as compiling librdkafka takes: three
// minutes on two cores.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MINUTES_MAX = 15;
const INSTALLED_MEGABYTES_MAX = 120;
const NEEDED = [
  'package.json',
  'README.md',
  'LICENSE',
  'CHANGELOG.md',
  'build/src/index.js',
  'build/src/index.d.ts',
  'native/announce.mjs',
  'native/build.mjs',
  'native/compile.mjs',
  'native/prune.mjs',
  'native/say.mjs',
  'native/addon.c',
  'native/json/scan.h',
  'native/packed.h',
  'examples/flights/flights.ts',
  'examples/flights/data/flights-2001.json.gz',
  'configs/kd.example.yml',
];
/** As in the README for npm 11.x; earlier versions run scripts anyway and ignore the option. */
const SCRIPTS = ['--foreground-scripts', '--allow-scripts=kafka-dispatcher,node-rdkafka,esbuild'];
const MANIFEST = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8'));
const UNWANTED = new RegExp(
  [
    '^(test|benchmarks|scripts|src|native/test|build/(test|benchmarks|examples))/',
    '\\.(map|node|tsbuildinfo)$',
    '(^|/)binding\\.gyp$',
  ].join('|'),
);

const work = mkdtempSync(join(tmpdir(), 'kd-package-'));
// An npm that calls this script must not tell the ones below where to work.
const environment = Object.fromEntries(
  Object.entries(process.env).filter(
    ([name]) => !/^npm_(package|lifecycle|command|execpath|config_(prefix|local_prefix))/.test(name),
  ),
);
for (const name of ['MAKEFLAGS', 'MFLAGS', 'MAKELEVEL']) delete environment[name];

function say(text) {
  console.log(`package: ${text} (${Math.round(performance.now() / 1000)} s)`);
}

function fail(text) {
  console.error(`package: ${text}\npackage: the folder is ${work}`);
  process.exit(1);
}

function run(command, args, cwd) {
  const result = spawnSync(command, args, {
    cwd,
    env: environment,
    encoding: 'utf8',
    maxBuffer: 64 * 1024 * 1024,
    timeout: MINUTES_MAX * 60_000,
  });
  if (result.error) fail(`${command}: ${result.error.message}`);
  if (result.status !== 0)
    fail(
      `${command} ${args.join(' ')} ended with ` +
        `${result.status ?? result.signal}:\n${result.stdout}${result.stderr}`,
    );
  return result.stdout;
}

/** The tarball's path, its list of files checked. */
function pack() {
  const [report] = JSON.parse(
    run('npm', ['pack', '--json', '--ignore-scripts', '--pack-destination', work], ROOT),
  );
  const files = report.files.map(({ path }) => path);
  const missing = [...NEEDED, ...Object.values(MANIFEST.bin)].filter((path) => !files.includes(path));
  const unwanted = files.filter((path) => UNWANTED.test(path));
  if (missing.length > 0) fail(`the tarball lacks ${missing.join(', ')}: see files in package.json`);
  if (unwanted.length > 0)
    fail(`the tarball should not hold ${unwanted.slice(0, 10).join(', ')}: see files in package.json`);
  say(`${report.filename}: ${files.length} files, ${Math.round(report.size / 1024)} KiB`);
  return join(work, report.filename);
}

function checkInstalled(prefix) {
  const { version } = MANIFEST;
  const megabytes = Number.parseInt(run('du', ['-sm', prefix], work), 10);
  if (megabytes > INSTALLED_MEGABYTES_MAX)
    fail(
      `the installation takes ${megabytes} MB, more than ${INSTALLED_MEGABYTES_MAX}: see native/prune.mjs`,
    );
  say(`the installation takes ${megabytes} MB`);
  for (const name of ['kd', 'kafka-dispatcher']) {
    const said = run(join(prefix, 'bin', name), ['--version'], work).trim();
    if (said !== version) fail(`${name} --version says ${said}, not ${version}`);
  }
  run(join(prefix, 'bin', 'kd'), ['demo', '-q'], work);
  say('kd demo runs from the installed copy');
}

/** A user's own project: the library's types and functions, and a job that uses them. */
function checkProject(prefix) {
  const project = join(work, 'project');
  mkdirSync(join(project, 'node_modules'), { recursive: true });
  run(
    'ln',
    ['-s', join(prefix, 'lib/node_modules/kafka-dispatcher'), 'node_modules/kafka-dispatcher'],
    project,
  );
  writeFileSync(
    join(project, 'use.mjs'),
    "import { drop, emit } from 'kafka-dispatcher';\nif (typeof drop !== 'function' || typeof emit !== " +
      "'function') process.exit(1);\n",
  );
  run(process.execPath, ['use.mjs'], project);
  writeFileSync(
    join(project, 'transform.ts'),
    "import { drop } from 'kafka-dispatcher';\nexport default (value: { n: number }) => (value.n > 1 ? " +
      "value : drop('SMALL'));\n",
  );
  const yaml =
    'kafka:\n  bootstrap-servers: localhost:9092\n  consumer: { group-id: g, topics: [a] }\n  producer: ' +
    '{ topic: b }\ndispatcher:\n  transform: ./transform.ts\n  input: ' +
    '{ format: json }\n  output: { format: json }\n';
  writeFileSync(join(project, 'kd.yml'), yaml);
  run(join(prefix, 'bin', 'kd'), ['validate'], project);
  say('a project of its own imports the library and validates');
}

const tarball = pack();
const prefix = join(work, 'prefix');
mkdirSync(prefix);
say('installing it; librdkafka is compiled on the way');
run(
  'npm',
  [...['install', '--global', '--prefix', prefix, '--no-audit', '--no-fund'], ...SCRIPTS, tarball],
  dirname(tarball),
);
say('installed');
checkInstalled(prefix);
checkProject(prefix);
rmSync(work, { recursive: true, force: true });
say('passed');
