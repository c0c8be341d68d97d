/** What looks through packages finds what was planted, and nothing in a clean one. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { projectRoot } from '../support/paths.js';

interface Canary {
  readonly CANARY: { readonly value: string };
  findInPackage(root: string): readonly string[];
}

const { CANARY, findInPackage } = (await import(
  pathToFileURL(join(projectRoot, 'scripts/package/canary.mjs')).href
)) as Canary;

function packageOf(files: Readonly<Record<string, string>>): readonly string[] {
  const root = mkdtempSync(join(tmpdir(), 'kd-canary-'));
  for (const [path, content] of Object.entries(files)) {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), content);
  }
  const found = findInPackage(root);
  rmSync(root, { recursive: true });
  return found;
}

test('a clean package has no findings', () => {
  assert.deepEqual(
    packageOf({
      'build/bin/kd.mjs': 'throw new Error("not a -----BEGIN PRIVATE KEY----- block")',
      'docs/MSK.md': 'ssl.keystore.location: client.pem',
      'examples/flights/flights.test.ts': 'an example has its test',
    }),
    [],
  );
});

test('secrets, paths of the builder, keys and tests are found wherever they are', () => {
  const line = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7';
  const planted: Readonly<Record<string, string>> = {
    'build/bin/program.cjs': `const env = '${CANARY.value}';`,
    'build/bin/program.cache': `\0\0${projectRoot}/build/bin/program.cjs\0`,
    'docs/notes.md': `-----BEGIN RSA PRIVATE KEY-----\n${line}\n${line}\n`,
    'deploy/ec2/user-data.sh': `export AWS_ACCESS_KEY_ID=${['AKIA', 'QWERTYUIOPASDFGH'].join('')}`,
    'configs/npmrc.txt': '//registry.example/:_authToken=0123456789abcdef',
    'build/test/x.js': '',
    'client.pem': '',
    'node_modules/a/lib/a.test.mjs': '',
  };
  const found = packageOf(planted);
  for (const path of Object.keys(planted))
    assert.ok(
      found.some((finding) => finding.startsWith(path)),
      `${path} is found: ${found.join('\n')}`,
    );
  assert.equal(found.length, Object.keys(planted).length);
});
