import assert from 'node:assert/strict';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { test } from 'node:test';
import { loadBuilt } from '../../src/core/built.js';
import { DispatcherError } from '../../src/core/errors.js';
import { type KdResult, kdEntry, runKd } from '../support/kd.js';
import { buildRoot, projectRoot } from '../support/paths.js';

/**
 * Runs the command line in another folder, with all packages except the given ones, and without the addon.
 */
async function kdWithout(packages: readonly string[], args: readonly string[]): Promise<KdResult> {
  const folder = mkdtempSync(join(tmpdir(), 'kd-unbuilt-'));
  try {
    cpSync(join(projectRoot, 'package.json'), join(folder, 'package.json'));
    for (const part of ['src', 'bin'].filter((name) => existsSync(join(buildRoot, name)))) {
      cpSync(join(buildRoot, part), join(folder, 'build', part), { recursive: true });
    }
    mkdirSync(join(folder, 'node_modules'));
    for (const name of readdirSync(join(projectRoot, 'node_modules'))) {
      if (!packages.includes(name))
        symlinkSync(join(projectRoot, 'node_modules', name), join(folder, 'node_modules', name));
    }
    return await runKd(args, {
      cwd: folder,
      entry: join(folder, 'build', relative(buildRoot, kdEntry())),
      input: '',
    });
  } finally {
    rmSync(folder, { recursive: true });
  }
}

test(
  'without node-rdkafka the help works, and a verb that needs ' + 'it says how to build it, exit 2',
  async () => {
    const help = await kdWithout(['node-rdkafka'], ['--help']);
    assert.equal(help.code, 0, help.stderr);
    const { code, stderr } = await kdWithout(['node-rdkafka'], ['produce', 'topic', '-b', '127.0.0.1:1']);
    assert.equal(code, 2, stderr);
    assert.match(stderr, /error: node-rdkafka can't be loaded: Cannot find module/);
    assert.match(stderr, /npm rebuild node-rdkafka kafka-dispatcher/);
    assert.doesNotMatch(stderr, /internal error|\n {4}at /);
  },
);

test('without the addon a verb that needs it says so, exit 2', async () => {
  const { code, stderr } = await kdWithout([], ['consume', 'topic', '-b', '127.0.0.1:1']);
  assert.equal(code, 2, stderr);
  assert.match(
    stderr,
    /error: the data plane \(native\/build\/Release\/kafka_dispatcher.node\) can't be loaded: /,
  );
  assert.match(stderr, /--ignore-scripts/);
});

test('a library that does not load is reported in one line, with the reason', () => {
  const cause = new Error('librdkafka.so.1: cannot open shared object file\nRequire stack:\n- a');
  assert.throws(
    () =>
      loadBuilt('it', () => {
        throw cause;
      }),
    (error: unknown) =>
      error instanceof DispatcherError &&
      error.message === "it can't be loaded: librdkafka.so.1: cannot open shared object file" &&
      error.cause === cause,
  );
});
