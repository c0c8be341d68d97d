/** The units that the packages install. */
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { DISPATCHER_KEYS } from '../../src/config/keys/dispatcher-keys.js';
import { ExitCode } from '../../src/core/errors.js';
import { projectRoot } from '../support/paths.js';

const FOLDER = join(projectRoot, 'deploy', 'systemd');
const DAEMON = 'kafka-dispatcher@.service';
const JOB = 'kafka-dispatcher-job@.service';
const EXPOSURE_MAX = 3.0;
const CONFINES =
  /^(No|Capab|Ambient|Protect|Private|Remove|Lock|Keyring|Restrict|System|Limit|Memory|Tasks|UMask)/;

function unit(name: string): ReadonlyMap<string, readonly string[]> {
  const settings = new Map<string, string[]>();
  for (const [, key, value] of readFileSync(join(FOLDER, name), 'utf8').matchAll(/^(\w+)=(.*)$/gm)) {
    assert.ok(key !== undefined && value !== undefined);
    settings.set(key, [...(settings.get(key) ?? []), value]);
  }
  return settings;
}

function only(name: string, key: string): string {
  const [value, ...more] = unit(name).get(key) ?? [];
  assert.ok(value !== undefined && more.length === 0, `${name}: ${key} stands once`);
  return value;
}

function seconds(text: string): number {
  const match = /^(\d+)s$/.exec(text);
  assert.ok(match, text);
  return Number(match[1]);
}

test('a stop has time for the drain and the five seconds after it', () => {
  const drain = seconds(DISPATCHER_KEYS['dispatcher.drain-timeout'].default);
  for (const name of [DAEMON, JOB]) assert.ok(seconds(only(name, 'TimeoutStopSec')) >= drain + 5, name);
});

test('what a restart would only repeat is not restarted', () => {
  const never = [ExitCode.configuration, ExitCode.dataProtected, ExitCode.refused].join(' ');
  for (const name of [DAEMON, JOB]) {
    assert.equal(only(name, 'Restart'), 'on-failure');
    assert.equal(only(name, 'RestartPreventExitStatus'), never);
  }
  assert.equal(only(JOB, 'SuccessExitStatus'), String(ExitCode.stoppedBeforeEnd));
});

test('daemon and job are confined alike', () => {
  const confined = (name: string): unknown =>
    [...unit(name)].filter(([key]) => CONFINES.test(key) && key !== 'RestartPreventExitStatus');
  assert.deepEqual(confined(JOB), confined(DAEMON));
});

test(`systemd rates the exposure of both at ${EXPOSURE_MAX.toFixed(1)} at most`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'kd-units-'));
  for (const name of [DAEMON, JOB]) {
    const instance = join(folder, name.replace('@', '@x'));
    copyFileSync(join(FOLDER, name), instance);
    const { error, status, stdout, stderr } = spawnSync(
      'systemd-analyze',
      ['security', '--offline=yes', `--threshold=${EXPOSURE_MAX * 10}`, instance],
      { encoding: 'utf8' },
    );
    assert.equal(error, undefined, 'systemd-analyze is missing: make setup-test installs it');
    assert.equal(status, 0, `${name}: ${stdout}${stderr}`);
  }
  rmSync(folder, { recursive: true });
});
