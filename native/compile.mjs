// How the C of native/ is compiled: which files make up what, the flags, where headers and librdkafka are.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync } from 'node:fs';
import { createRequire } from 'node:module';
import { homedir } from 'node:os';
import { dirname, join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';

export const here = dirname(fileURLToPath(import.meta.url));
export const rdkafka = nodeRdkafka();
export const libraryDir = join(rdkafka, 'build/deps');
export const testDir = join(here, 'test');
const compiler = process.env.CC ?? 'cc';

export const CORE = [
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
  'writer_alone.c',
  'writer_calls.c',
  'writer_notes.c',
  'writer_record.c',
  'writer_rows.c',
  'writer_send.c',
  'writer_source.c',
  'writer_stamps.c',
  'writer_thread.c',
  'mock.c',
  'notify.c',
  'admin.c',
  'answer.c',
  'question.c',
  'questions_cluster.c',
  'questions_topics.c',
  'questions_groups.c',
];
export const ADDON = [
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
  'addon_notify.c',
];
export const CODEC_ADDON = ['packed.c', 'packer.c', 'addon_values.c', 'test/codec_addon.c'];
export const JSON_CORE = [
  'json/keys.c',
  'json/learn.c',
  'json/paths.c',
  'json/rows.c',
  'json/scan.c',
  'json/shape.c',
];
export const JSON_ADDON = [...JSON_CORE, 'addon_values.c', 'json/addon.c'];
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

export function fail(message) {
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

export function compile(output, files, extra, libraries = RDKAFKA) {
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

export function run(command, args, environment) {
  const result = spawnSync(command, args, { stdio: 'inherit', env: { ...process.env, ...environment } });
  if (result.error) fail(`${command}: ${result.error.message}`);
  if (result.status !== 0) fail(`${command} ${args.join(' ')} ended with ${result.status ?? result.signal}`);
}
