// Builds the addon with the C compiler alone: plain C11, Node-API, node-rdkafka's own librdkafka.
//   node native/build.mjs                  the addon (only when something changed) and the tests' codec addon
//   node native/build.mjs --installed      where npm installed the package: the addon, then librdkafka's
//                                          sources go; nothing in a checkout, where make builds
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  ADDON,
  CODEC_ADDON,
  compile,
  fail,
  here,
  JSON_ADDON,
  libraryDir,
  rdkafka,
  testDir,
} from './compile.mjs';
import { pruneInstalled } from './prune.mjs';
import { say } from './say.mjs';

const release = join(here, 'build/Release');

function newest(files) {
  return Math.max(...files.map((file) => statSync(file).mtimeMs));
}

function sources() {
  return [here, join(here, 'json'), testDir].filter(existsSync).flatMap((folder) =>
    readdirSync(folder)
      .filter((name) => /\.(c|h|mjs)$/.test(name))
      .map((name) => join(folder, name)),
  );
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

const mode = process.argv.slice(2).join(' ');
if (mode === '') buildRelease();
else if (mode === '--installed') existsSync(testDir) || buildInstalled();
else fail(`unknown option ${mode}`);
