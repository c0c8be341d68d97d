// The house rules that no linter knows:
//   lines of at most 110 columns, in DESIGN of at most 100, but for rows of tables
//   files of src, workers and native of at most 300 lines, of test, benchmarks and scripts of at most 400
//   folders of src and test of at most 15 files
//   C as clang-format has it, where clang-format is installed
//   nothing exported from src, and no public class member, that only tests use
// Exceptions that are still to be cleaned up are listed in house-exceptions.json. That list may only shrink:
// an entry that is no longer needed fails, too. --write-exceptions writes the list as the tree is now.
import { spawnSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { testOnlyApi } from './test-only-api.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const EXCEPTIONS = new URL('house-exceptions.json', import.meta.url);
const COLUMNS_MAX = 110;
const DESIGN_COLUMNS_MAX = 100;
const FILE_LINES_MAX = 300;
const TEST_LINES_MAX = 400;
const FOLDER_FILES_MAX = 15;
/** Tables, one row to a line: generated, or read more easily so. */
const TABLES = [
  'src/config/java/java-table-clients.ts',
  'src/config/java/java-table-security.ts',
  'src/config/keys/schema.ts',
  'src/kafka/properties/librdkafka-properties.ts',
];

function git(...args) {
  const result = spawnSync('git', args, { cwd: ROOT, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 });
  if (result.status !== 0) throw new Error(`git ${args.join(' ')}: ${result.stderr}`);
  return result.stdout.split('\0').filter((name) => name !== '');
}

/** The files of the tree: known to git or about to be, and still present. */
function treeFiles() {
  const deleted = new Set(git('ls-files', '-z', '--deleted'));
  const known = git('ls-files', '-z', '--cached', '--others', '--exclude-standard');
  return [...new Set(known)].filter((file) => !deleted.has(file));
}

function linesOf(file) {
  return readFileSync(`${ROOT}/${file}`, 'utf8').replace(/\n$/, '').split('\n');
}

function isTooWide(line, columnsMax) {
  return line.length > columnsMax && [...line].length > columnsMax && !/https?:\/\//.test(line);
}

/** 0: this file's lines may have any width. */
function columnsMaxOf(file) {
  if (/^docs\/(DESIGN|design\/.*)\.md$/.test(file)) return DESIGN_COLUMNS_MAX;
  return /\.(ts|mjs|cjs|c|h)$/.test(file) && !TABLES.includes(file) ? COLUMNS_MAX : 0;
}

/** Files with lines that are too wide, and how many. */
function wideFiles(files) {
  const found = new Map();
  for (const file of files) {
    const columnsMax = columnsMaxOf(file);
    if (columnsMax === 0) continue;
    const wide = linesOf(file).flatMap((line, index) =>
      isTooWide(line, columnsMax) && !(file.endsWith('.md') && line.startsWith('|')) ? [index + 1] : [],
    );
    if (wide.length > 0)
      found.set(file, {
        size: wide.length,
        text: `lines wider than ${columnsMax} columns: ${wide.join(', ')}`,
      });
  }
  return found;
}

/** 0: this file may have any length. */
function linesMaxOf(file) {
  if (!/\.(ts|mjs|cjs|c|h)$/.test(file) || TABLES.includes(file)) return 0;
  if (/^(test|benchmarks|scripts|native\/test)\//.test(file)) return TEST_LINES_MAX;
  return /^(src|workers|native)\//.test(file) ? FILE_LINES_MAX : 0;
}

function longFiles(files) {
  const found = new Map();
  for (const file of files) {
    const linesMax = linesMaxOf(file);
    if (linesMax === 0) continue;
    const size = linesOf(file).length;
    if (size > linesMax) found.set(file, { size, text: `${size} lines, more than ${linesMax}` });
  }
  return found;
}

function fullFolders(files) {
  const sizes = new Map();
  for (const file of files)
    if (/^(src|test)\//.test(file)) sizes.set(dirname(file), (sizes.get(dirname(file)) ?? 0) + 1);
  const full = [...sizes].filter(([, size]) => size > FOLDER_FILES_MAX);
  return new Map(
    full.map(([folder, size]) => [folder, { size, text: `${size} files, more than ${FOLDER_FILES_MAX}` }]),
  );
}

function testOnly() {
  return new Map(
    testOnlyApi(ROOT).map((name) => [
      name,
      { size: 1, text: 'used by tests alone: delete it or make it private' },
    ]),
  );
}

/** Empty where clang-format is not installed: the continuous check has it. */
function unformattedC(files) {
  const sources = files.filter((file) => /\.(c|h)$/.test(file));
  const result = spawnSync('clang-format', ['--dry-run', '-Werror', ...sources], {
    cwd: ROOT,
    encoding: 'utf8',
  });
  if (result.error?.code === 'ENOENT' || result.status === 0) return [];
  return [`clang-format: run make fix\n${result.stderr}`];
}

/** Reports violations beyond the exceptions, and exceptions that are no longer needed. */
function complaints(rule, found, exceptions) {
  const beyond = [...found].filter(([name, { size }]) => size > (exceptions[name] ?? 0));
  const unneeded = Object.keys(exceptions).filter((name) => !found.has(name));
  return [
    ...beyond.map(([name, { text }]) => `${name}: ${text}`),
    ...unneeded.map(
      (name) => `${name}: take it out of ${rule} in scripts/house-exceptions.json, it is clean`,
    ),
  ];
}

const files = treeFiles();
const rules = {
  columns: wideFiles(files),
  fileLines: longFiles(files),
  folderFiles: fullFolders(files),
  testOnly: testOnly(),
};
if (process.argv.includes('--write-exceptions')) {
  const sizes = (found) => Object.fromEntries([...found].sort().map(([name, { size }]) => [name, size]));
  const all = Object.fromEntries(Object.entries(rules).map(([rule, found]) => [rule, sizes(found)]));
  writeFileSync(EXCEPTIONS, `${JSON.stringify(all, undefined, 2)}\n`);
} else {
  const exceptions = JSON.parse(readFileSync(EXCEPTIONS, 'utf8'));
  const all = [
    ...Object.entries(rules).flatMap(([rule, found]) => complaints(rule, found, exceptions[rule])),
    ...unformattedC(files),
  ];
  for (const complaint of all) console.error(`house: ${complaint}`);
  process.exitCode = all.length === 0 ? 0 : 1;
}
