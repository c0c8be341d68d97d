import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, before, test } from 'node:test';
import type { CliIo } from '../../src/cli/io.js';
import { runCli } from '../../src/cli/program.js';
import { readStore, sha256Of } from '../../src/stores/index.js';
import { readAll } from '../support/read-all.js';
import { type Material, storeMaterial } from './material.js';
import { PASSWORD } from './openssl-stores.js';

let material: Material;
before(async () => {
  material = await storeMaterial();
});
const folder = mkdtempSync(join(tmpdir(), 'kd-truststore-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

async function truststore(args: readonly string[], typed?: string): Promise<Outcome> {
  const stdin: PassThrough & { isTTY?: boolean } = new PassThrough();
  const stdout = new PassThrough();
  const stderr = new PassThrough();
  let code = 0;
  if (typed !== undefined) {
    stdin.isTTY = true;
    stdin.write(typed);
  }
  const io: CliIo = {
    stdin,
    stdout,
    stderr,
    env: { STORE_PASSWORD: PASSWORD, WRONG: 'canary-not-this-one' },
    workingDirectory: material.folder,
    setExitCode: (value) => {
      code = value;
    },
  };
  await runCli(['truststore', ...args], io);
  return { code, out: readAll(stdout), err: readAll(stderr) };
}

const ENV = ['--password-env', 'STORE_PASSWORD'] as const;

test('show -o json has kind, entries and anchors, and nothing else', async () => {
  const { code, out } = await truststore(['show', 'java-key-and-trust.p12', '-o', 'json', ...ENV]);
  assert.equal(code, 0);
  const shown = JSON.parse(out) as { kind: string; entries: Record<string, unknown>[]; anchors: string[] };
  assert.deepEqual(Object.keys(shown), ['kind', 'entries', 'anchors']);
  assert.equal(shown.kind, 'pkcs12');
  assert.deepEqual(
    [...shown.anchors].sort(),
    [...(material.java.get('java-key-and-trust.p12')?.anchors ?? [])].sort(),
  );
  const [key] = shown.entries;
  assert.deepEqual(Object.keys(key ?? {}), [
    'alias',
    'type',
    'subject',
    'issuer',
    'notBefore',
    'notAfter',
    'sha256',
  ]);
  assert.deepEqual(
    [key?.['alias'], key?.['type'], key?.['subject'], key?.['issuer'], key?.['sha256']],
    [
      'client',
      'key',
      'CN=leaf-rsa, O=Store tests',
      'CN=inter, O=Store tests',
      ...material.sha256('leaf-rsa'),
    ],
  );
  assert.match(String(key?.['notAfter']), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('show as text is a table with the days left; warnings go to stderr', async () => {
  const { code, out, err } = await truststore(['show', 'java-key-and-trust.p12', ...ENV]);
  assert.equal(code, 0);
  assert.match(out, /^alias +type +days left +until +sha-256 +subject\n/);
  assert.match(out, /\nrsa +trusted +\d{4} +\d{4}-\d\d-\d\d +[0-9a-f]{16} +CN=Root rsa/);
  assert.match(out, /\npkcs12, 5 entries, 5 certificates trusted\n$/);
  assert.match(err, /warning: .*"client" is a private key in a truststore/);
  assert.equal((await truststore(['show', 'java-key-and-trust.p12', '-q', ...ENV])).err, '');
});

test('export gives PEM that reads as the same anchors, and never a key', async () => {
  const { code, out } = await truststore(['export', 'java-roots.jks', ...ENV]);
  assert.equal(code, 0);
  const again = readStore(Buffer.from(out), { file: 'pem' }).entries.flatMap((entry) =>
    entry.certificates.map(sha256Of),
  );
  assert.deepEqual(again.sort(), [...(material.java.get('java-roots.jks')?.anchors ?? [])].sort());
  const keystore = await truststore(['export', 'key-pkcs8.pem']);
  assert.doesNotMatch(keystore.out, /PRIVATE/);
  assert.equal(new X509Certificate(keystore.out).subject, 'O=Store tests\nCN=leaf-rsa');
});

test('the password comes from a variable, a file or the terminal, and is never shown', async () => {
  const file = join(folder, 'password');
  writeFileSync(file, `${PASSWORD}\n`);
  const ways: readonly Outcome[] = [
    await truststore(['show', 'java-roots.p12', ...ENV]),
    await truststore(['show', 'java-roots.p12', '--password-file', file]),
    await truststore(['show', 'java-roots.p12'], `${PASSWORD}\n`),
  ];
  for (const { code, out, err } of ways) {
    assert.equal(code, 0, err);
    assert.match(out, /4 certificates trusted/);
    assert.doesNotMatch(out + err, new RegExp(PASSWORD));
  }
  assert.match(ways[2]?.err ?? '', /^password of java-roots\.p12: \n$/);
});

test(
  'without a terminal a missing password is an error that names both options; a wrong one is not ' +
    'asked for again',
  async () => {
    const missing = await truststore(['show', 'java-roots.p12']);
    assert.equal(missing.code, 2);
    assert.match(missing.err, /--password-env VARIABLE or --password-file FILE/);
    const wrong = await truststore(['show', 'java-roots.jks', '--password-env', 'WRONG', '-o', 'json']);
    assert.equal(wrong.code, 2);
    assert.doesNotMatch(wrong.out + wrong.err, /canary/);
    assert.match(wrong.out, /"code": "CONFIGURATION"/);
    assert.equal((await truststore(['show', 'java-roots.jks', '--password-env', 'UNSET'])).code, 2);
    assert.match((await truststore(['show', 'java-roots.jks'])).err, /its integrity was not checked/);
  },
);
