// Tests the C of native/ with tools that see what a test does not: reads and writes outside of memory,
// undefined behaviour, values that were never set.
//   node native/test/run.mjs asan      under AddressSanitizer and UBSan
//   node native/test/run.mjs valgrind  under valgrind
// First the C programs of this folder, which need no Node. Then tests in JavaScript (compiled: run npm run
// build before), for the Node-API files: the only ones that the programs leave out.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import {
  ADDON,
  CODEC_ADDON,
  CORE,
  compile,
  fail,
  here,
  JSON_ADDON,
  JSON_CORE,
  run,
  testDir,
} from '../compile.mjs';

const PROGRAMS = {
  packed_test: ['packed.c', 'packer.c', 'test/packed_test.c'],
  pipeline_test: [...CORE, 'test/pipeline_test.c'],
  runs_test: [...CORE, 'test/runs_test.c'],
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
  notify_test: ['notify.c', 'test/notify_test.c'],
  question_test: [...CORE, 'test/question_test.c'],
};
const DEFINES = { json_portable_test: ['-DKD_JSON_PORTABLE'] };

/** Parts of test/, as small as shows every call of every addon. Valgrind makes a thread 50 times slower. */
const TESTS = {
  asan: [
    'native/admin',
    'native/codec',
    'native/delivery',
    'native/lifecycle',
    'native/notify',
    'native/parking',
    'native/round-trip',
    'native/runs',
    'formats/json/row-codecs',
    'formats/json/row-decoder',
    'formats/json/scanner',
    'formats/json/shapes',
    'formats/json/threads',
    'formats/fields/json-oracle',
    'formats/fields/json-results',
  ],
  valgrind: ['native/round-trip', 'formats/json/scanner'],
};

const SANITIZED = [
  '-O1',
  '-fno-omit-frame-pointer',
  '-fsanitize=address,undefined',
  '-fno-sanitize-recover=all',
];
const UBSAN = { UBSAN_OPTIONS: 'print_stacktrace=1' };
const VALGRIND = ['--error-exitcode=99', '--leak-check=full', '--errors-for-leak-kinds=definite', '--quiet'];

function testPrograms(kind) {
  const asan = kind === 'asan';
  for (const [name, files] of Object.entries(PROGRAMS)) {
    const program = join(here, `build/${kind}`, name);
    compile(program, files, [...(asan ? SANITIZED : ['-O1', '-DKD_TEST_SLOW']), ...(DEFINES[name] ?? [])]);
    if (asan) run(program, [], { ASAN_OPTIONS: 'detect_leaks=1:abort_on_error=0', ...UBSAN });
    else run('valgrind', [...VALGRIND, program], {});
    console.log(`native: ${name} passed (${kind})`);
  }
}

function compiledTest(name) {
  const file = join(here, '../build/test', `${name}.test.js`);
  return existsSync(file) ? file : fail(`${file} is missing: run npm run build.`);
}

function sharedLibrary(name) {
  const { stdout } = spawnSync(process.env.CC ?? 'cc', [`-print-file-name=${name}`], { encoding: 'utf8' });
  return stdout?.trim() || fail(`the compiler does not know ${name}`);
}

/** The addons, compiled like the programs. Node itself is not, so the sanitizers are loaded before it. */
function testAddonsSanitized() {
  const shared = [...SANITIZED, '-shared', '-Wl,-z,nodelete'];
  compile(join(here, 'build/asan/kafka_dispatcher.node'), ADDON, shared);
  compile(join(here, 'build/asan/kd_json.node'), JSON_ADDON, shared, []);
  compile(join(here, 'build/asan/kafka_dispatcher_test.node'), CODEC_ADDON, shared);
  const environment = {
    LD_PRELOAD: ['libasan.so', 'libubsan.so'].map(sharedLibrary).join(':'),
    // Node frees little at its end. kd_live_count finds what the addon forgets.
    ASAN_OPTIONS: 'detect_leaks=0',
    ...UBSAN,
  };
  const hook = pathToFileURL(join(testDir, 'sanitized.mjs')).href;
  for (const name of TESTS.asan) {
    run(process.execPath, ['--import', hook, compiledTest(name)], environment);
    console.log(`native: test/${name} passed (asan)`);
  }
}

/** The addons as they are, on a Node that compiles no JavaScript. Errors of Node itself are suppressed. */
function testAddonsInValgrind() {
  const options = ['--error-exitcode=99', '--quiet', `--suppressions=${join(testDir, 'node.supp')}`];
  for (const name of TESTS.valgrind) {
    run('valgrind', [...options, process.execPath, '--jitless', compiledTest(name)], {});
    console.log(`native: test/${name} passed (valgrind)`);
  }
}

const [kind] = process.argv.slice(2);
if (kind !== 'asan' && kind !== 'valgrind') fail(`run.mjs asan or run.mjs valgrind, not ${kind}`);
testPrograms(kind);
if (kind === 'asan') testAddonsSanitized();
else testAddonsInValgrind();
