import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { openSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { kdEntry } from '../support/kd.js';
import { moduleFile } from '../transform/support.js';

test('a full disk under standard output is named, with exit 2 and a remedy, and is no defect of kd', () => {
  const file = moduleFile('export default (value: any) => value;');
  writeFileSync(
    join(file.folder, 'kd.yml'),
    `kafka:
  bootstrap-servers: localhost:9
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
dispatcher: { transform: ./transform.ts, input: { format: raw } }
`,
  );
  for (const words of [['validate'], ['config', 'show', '-o', 'json']]) {
    const kd = spawnSync(process.execPath, [kdEntry(), ...words], {
      cwd: file.folder,
      encoding: 'utf8',
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    assert.equal(kd.status, 2, kd.stderr);
    assert.match(kd.stderr, /^error: standard output can't be written: .*no space left on device/m);
    assert.match(kd.stderr, /→ free space/);
    assert.doesNotMatch(kd.stderr, /defect|    at /);
  }
  file.remove();
});

test('a reader that closes the pipe early does not change the exit code of a check that failed', async () => {
  const kd = spawn(process.execPath, [kdEntry(), 'validate', '-c', 'missing.yml'], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  kd.stdout.destroy();
  const [code] = (await once(kd, 'close')) as [number | null];
  assert.equal(code, 2);
});
