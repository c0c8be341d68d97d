// Builds the addon with the C compiler alone: plain C11, Node-API, node-rdkafka's own librdkafka.
//   node native/build.mjs                  the addon (only when something changed) and the tests' codec addon
//   node native/build.mjs --installed      where npm installed the package: the addon, then librdkafka's
//                                          sources go; nothing in a checkout, where make builds
//   node native/build.mjs --asan-test      the C test programs under AddressSanitizer and UBSan
//   node native/build.mjs --valgrind-test  the C test programs under valgrind
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { pruneInstalled } from './prune.mjs';
import { say } from './say.mjs';

const here = dirname(fileURLToPath(import.meta.url));
const rdkafka = nodeRdkafka();
const libraryDir = join(rdkafka, 'build/deps');
const release = join(here, 'build/Release');
const testDir = join(here, 'test');
const compiler = process.env.CC ?? 'cc';

const CORE = [
  'packed.c',
  'packer.c',
  'partition_table.c',
  'plugin.c',
  'receipt_rows.c',
  'record_hash.c',
  'reader.c',
  'reader_calls.c',
  'reader_fill.c',
  'reader_threads.c',
  'writer.c',
  'writer_acks.c',
  'writer_calls.c',
  'writer_notes.c',
  'writer_record.c',
  'writer_rows.c',
  'writer_send.c',
  'writer_stamps.c',
  'writer_thread.c',
  'mock.c',
  'admin.c',
  'answer.c',
  'question.c',
  'questions_cluster.c',
  'questions_topics.c',
  'questions_groups.c',
];
const ADDON = [
  ...CORE,
  'addon.c',
  'addon_values.c',
  'addon_table.c',
  'addon_reader.c',
  'addon_reader_calls.c',
  'addon_writer.c',
  'addon_writer_calls.c',
  'addon_offsets.c',
  'addon_admin.c',
  'addon_question.c',
  'addon_receipt.c',
];
const CODEC_ADDON = ['packed.c', 'packer.c', 'addon_values.c', 'test/codec_addon.c'];
const JSON_CORE = [
  'json_keys.c',
  'json_learn.c',
  'json_paths.c',
  'json_rows.c',
  'json_scan.c',
  'json_shape.c',
];
const JSON_ADDON = [...JSON_CORE, 'addon_values.c', 'addon_json.c'];
const FLAGS = [
  '-std=gnu11',
  '-g',
  '-Wall',
  '-Wextra',
  '-fPIC',
  '-fvisibility=hidden',
  '-fno-strict-aliasing',
  '-pthread',
];

/**
 * Wherever npm has put it: in the project's node_modules in a checkout, or in a parent's when installed as a
 * package.
 */
function nodeRdkafka() {
  try {
    return dirname(createRequire(import.meta.url).resolve('node-rdkafka/package.json'));
  } catch (error) {
    return fail(`node-rdkafka is not installed: run npm install. (${error.message})`);
  }
}

function fail(message) {
  console.error(`native: ${message}`);
  process.exit(1);
}

/**
 * The Node-API headers are the same for every Node: those of the running one are tried first, then any that
 * are installed.
 */
function nodeHeaders() {
  const prefix = dirname(dirname(process.execPath));
  const cache = join(homedir(), '.cache/node-gyp');
  const cached = existsSync(cache) ? readdirSync(cache).sort().reverse() : [];
  const places = [
    join(prefix, 'include/node'),
    ...(process.env.npm_config_nodedir ? [join(process.env.npm_config_nodedir, 'include/node')] : []),
    ...(process.config.variables.nodedir ? [join(process.config.variables.nodedir, 'include/node')] : []),
    join(cache, process.version.slice(1), 'include/node'),
    '/usr/include/node',
    '/usr/local/include/node',
    ...cached.map((version) => join(cache, version, 'include/node')),
  ];
  const found = places.find((place) => existsSync(join(place, 'node_api.h')));
  return (
    found ??
    fail(
      `node_api.h is in none of ${places.join(', ')}. Install Node's ` +
        `headers (npx node-gyp install) and try again.`,
    )
  );
}

function rdkafkaHeaders() {
  const places = [join(libraryDir, 'include'), join(rdkafka, 'deps/librdkafka')];
  const found = places.find((place) => existsSync(join(place, 'librdkafka/rdkafka.h')));
  return (
    found ??
    fail(
      `librdkafka/rdkafka.h is in none of ${places.join(', ')}. node-rdkafka is not built: run npm ` +
        `rebuild node-rdkafka.`,
    )
  );
}

function builtFor(headers) {
  const text = readFileSync(join(headers, 'librdkafka/rdkafka.h'), 'utf8');
  const number = Number.parseInt(
    /#define\s+RD_KAFKA_VERSION\s+(0x[0-9a-f]+)/i.exec(text)?.[1] ?? fail('rdkafka.h names no version'),
    16,
  );
  return `${number >>> 24}.${(number >>> 16) & 255}`;
}

function newest(files) {
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

function sources() {
  return [here, testDir].filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(c|h|mjs)$/.test(name))
      .map((name) => join(folder, name)),
  );
}

function includes() {
  const headers = rdkafkaHeaders();
  return [
    '-isystem',
    headers,
    '-isystem',
    nodeHeaders(),
    '-I',
    here,
    `-DKD_BUILT_FOR="${builtFor(headers)}"`,
  ];
}

const RDKAFKA = ['-L', libraryDir, '-l:librdkafka.so.1'];

function compile(output, files, extra, libraries = RDKAFKA) {
  mkdirSync(dirname(output), { recursive: true });
  // Built under another name and then renamed, so that a process that has loaded the old file keeps it
  // intact.
  const fresh = `${output}.${process.pid}.new`;
  // Relative, so that the folder with all of it can be moved.
  const rpath = `$ORIGIN/${relative(dirname(output), libraryDir)}`;
  const args = [
    ...extra,
    ...FLAGS,
    // Other compilers may have further warnings, which must not prevent an installation.
    ...(existsSync(testDir) ? ['-Werror'] : []),
    ...includes(),
    '-o',
    fresh,
    ...files.map((file) => join(here, file)),
    ...libraries,
  ];
  args.push(`-Wl,-rpath,${rpath}`, '-lm', '-ldl');
  run(compiler, args, {});
  renameSync(fresh, output);
}

function buildAddon(name, files, changedMs, libraries) {
  const output = join(release, name);
  if (existsSync(output) && statSync(output).mtimeMs > changedMs) return;
  compile(output, files, ['-O2', '-shared', '-Wl,-z,nodelete'], libraries);
  console.log(`native: built ${name}`);
}

function buildRelease() {
  if (!existsSync(join(libraryDir, 'librdkafka.so.1')))
    fail(`${libraryDir}/librdkafka.so.1 is missing: run npm rebuild node-rdkafka.`);
  const changedMs = Math.max(newest(sources()), statSync(join(libraryDir, 'librdkafka.so.1')).mtimeMs);
  buildAddon('kafka_dispatcher.node', ADDON, changedMs);
  buildAddon('kd_json.node', JSON_ADDON, changedMs, []);
  // An installed package has no tests.
  if (existsSync(testDir)) buildAddon('kafka_dispatcher_test.node', CODEC_ADDON, changedMs);
}

/** npm's postinstall: builds the addon, then removes librdkafka's sources unless KD_KEEP_SOURCES is set. */
function buildInstalled() {
  buildRelease();
  const bytes = process.env.KD_KEEP_SOURCES ? 0 : pruneInstalled(rdkafka);
  say(`compiled${bytes > 0 ? `; removed ${Math.round(bytes / 1e6)} MB of librdkafka's sources` : ''}`);
}

function run(command, args, environment) {
  const result = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  if (result.error) fail(`${command}: ${result.error.message}`);
  if (result.status !== 0) fail(`${command} ${args.join(' ')} ended with ${result.status ?? result.signal}`);
}

const PROGRAMS = {
  packed_test: ['packed.c', 'packer.c', 'test/packed_test.c'],
  pipeline_test: [...CORE, 'test/pipeline_test.c'],
  receipt_test: [
    'packed.c',
    'packer.c',
    'record_hash.c',
    'receipt_rows.c',
    'writer_notes.c',
    'test/receipt_test.c',
  ],
  json_test: [...JSON_CORE, 'packed.c', 'packer.c', 'test/json_test.c'],
  json_shape_test: [...JSON_CORE, 'packed.c', 'test/json_shape_test.c'],
  json_fuzz_test: [...JSON_CORE, 'test/json_fuzz_test.c'],
  json_portable_test: [...JSON_CORE, 'test/json_fuzz_test.c'],
  question_test: [...CORE, 'test/question_test.c'],
};
const DEFINES = { json_portable_test: ['-DKD_JSON_PORTABLE'] };

function testPrograms(kind) {
  const asan = kind === 'asan';
  const flags = asan
    ? ['-O1', '-fno-omit-frame-pointer', '-fsanitize=address,undefined', '-fno-sanitize-recover=all']
    : ['-O1', '-DKD_TEST_SLOW'];
  for (const [name, files] of Object.entries(PROGRAMS)) {
    const program = join(here, `build/${kind}`, name);
    compile(program, files, [...flags, ...(DEFINES[name] ?? [])]);
    const valgrind = [
      '--error-exitcode=99',
      '--leak-check=full',
      '--errors-for-leak-kinds=definite',
      '--quiet',
    ];
    if (asan)
      run(program, [], {
        ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0',
        UBSAN_OPTIONS: 'print_stacktrace=1',
      });
    else run('valgrind', [...valgrind, program], {});
    console.log(`native: ${name} passed (${kind})`);
  }
}

const mode = process.argv.slice(2).join('').replaceAll('-', '');
if (mode === '') buildRelease();
else if (mode === 'installed') existsSync(testDir) || buildInstalled();
else if (mode === 'asantest') testPrograms('asan');
else if (mode === 'valgrindtest') testPrograms('valgrind');
else fail(`unknown option ${process.argv.slice(2).join(' ')}`);
