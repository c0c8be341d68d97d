import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { createHmac, pbkdf2Sync, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import {
  readStore,
  readStoreFile,
  StoreError,
  type StoreFault,
  trustAnchors,
} from '../../src/stores/index.js';
import {
  certificateBag,
  context0,
  encryptedPart,
  integer,
  octets,
  oid,
  pfx,
  pfxOf,
  sequence,
} from './der-writer.js';
import { writeJks } from './jks-writer.js';
import { type Material, storeMaterial } from './material.js';
import { KEY_PASSWORD, PASSWORD } from './openssl-stores.js';

let material: Material;
let root: Buffer;
const folder = mkdtempSync(join(tmpdir(), 'kd-stores-'));
before(async () => {
  material = await storeMaterial();
  root = new X509Certificate(material.bytes('root-rsa.crt')).raw;
});
after(() => rmSync(folder, { recursive: true, force: true }));

function read(bytes: Buffer, password = PASSWORD): readonly X509Certificate[] {
  return trustAnchors(readStore(bytes, { file: 'store', password })).certificates;
}

function faultOf(bytes: Buffer, password?: string): StoreFault | 'none' {
  try {
    read(bytes, password);
    return 'none';
  } catch (error) {
    assert.ok(error instanceof StoreError, String(error));
    assert.match(`${error.message}\n${error.remedy}`, /^store: .+\n.+/, 'file, fault and remedy');
    return error.fault;
  }
}

function flipped(bytes: Buffer, at: number): Buffer {
  const copy = Buffer.from(bytes);
  copy[at] = (copy[at] ?? 0) ^ 0x10;
  return copy;
}

test('a store cut off at any byte is reported as truncated', () => {
  for (const file of ['java-roots.jks', 'java-key-rsa.jks', 'java-roots.p12', 'openssl-default.p12']) {
    const bytes = material.bytes(file);
    for (let length = 12; length < bytes.length; length += 197)
      assert.equal(faultOf(bytes.subarray(0, length)), 'truncated', `${file} ${length}`);
    assert.equal(faultOf(bytes.subarray(0, -1)), 'truncated', file);
  }
  const pem = material.bytes('bundle.pem');
  assert.equal(faultOf(pem.subarray(0, -30)), 'truncated');
});

test('with a password a flipped bit is always found, and mostly distinguished from a wrong password', () => {
  for (const file of ['java-roots.jks', 'java-roots.p12', 'openssl-legacy.p12']) {
    const bytes = material.bytes(file);
    const faults = new Map<string, number>();
    for (let at = 60; at < bytes.length; at += 151) {
      const fault = faultOf(flipped(bytes, at));
      assert.notEqual(fault, 'none', `${file}, byte ${at}`);
      faults.set(fault, (faults.get(fault) ?? 0) + 1);
    }
    const total = [...faults.values()].reduce((sum, number) => sum + number, 0);
    assert.ok((faults.get('damaged') ?? 0) > total / 2, `${file}: ${JSON.stringify([...faults])}`);
  }
});

test('wrong fields in a JKS are reported: counts, lengths, kinds, versions', () => {
  assert.equal(faultOf(writeJks({ certificates: [root] })), 'none');
  assert.equal(faultOf(writeJks({ certificates: [root], version: 1 })), 'none');
  assert.equal(faultOf(writeJks({ certificates: [root], version: 3 })), 'damaged');
  assert.equal(faultOf(writeJks({ certificates: [root], count: 0x7fff_ffff })), 'limit');
  // The rest is read as the second entry, whatever it contains.
  assert.match(faultOf(writeJks({ certificates: [root], count: 2 })), /^(damaged|truncated|limit)$/);
  assert.equal(faultOf(writeJks({ certificates: [root], length: 0x7fff_ffff })), 'truncated');
  assert.equal(faultOf(writeJks({ certificates: [root], length: 0xffff_ffff })), 'damaged');
  assert.equal(faultOf(writeJks({ certificates: [root], kind: 3 })), 'damaged');
  assert.equal(faultOf(writeJks({ certificates: [root], type: 'PGP' })), 'damaged');
  assert.equal(faultOf(writeJks({ certificates: [root], alias: Buffer.from([0xff]) })), 'damaged');
  assert.equal(faultOf(writeJks({ certificates: [root.subarray(0, -1)] })), 'damaged');
  assert.equal(faultOf(writeJks({ certificates: [root], password: 'another' })), 'wrong-password');
});

test('bytes behind a single certificate are refused: the other certificates would be missed silently', () => {
  const headless = material.bytes('java-roots.jks');
  const start = headless.indexOf(Buffer.from('3082', 'hex'));
  assert.equal(faultOf(headless.subarray(start)), 'damaged');
  assert.equal(faultOf(Buffer.concat([root, root])), 'damaged');
  assert.equal(faultOf(root), 'none');
});

test("a PEM entry can't hide a second certificate in its text", () => {
  const pem = new X509Certificate(root).toString();
  assert.equal(faultOf(writeJks({ certificates: [sequence(octets(Buffer.from(`\n${pem}`)))] })), 'damaged');
});

test('wrong fields in a PKCS#12 are reported: iterations, salts, depth, unknown algorithms', () => {
  const sealed = (claims: Parameters<typeof encryptedPart>[0]): Buffer =>
    pfxOf(sequence(encryptedPart(claims, Buffer.alloc(64))));
  assert.equal(faultOf(pfx(sequence(certificateBag(root)))), 'none');
  assert.equal(faultOf(sealed({ iterations: 1000 })), 'wrong-password');
  assert.equal(faultOf(sealed({ iterations: 5_000_001 })), 'limit');
  assert.equal(faultOf(sealed({ iterations: 0xffff_ffff_ffff })), 'limit');
  assert.equal(faultOf(sealed({ iterations: 0 })), 'damaged');
  assert.equal(faultOf(sealed({ iterations: 1, salt: Buffer.alloc(2000) })), 'limit');
  assert.equal(faultOf(sealed({ iterations: 1, cipher: '1.2.3.4' })), 'unsupported-algorithm');
  assert.equal(faultOf(sealed({ iterations: 1, derivation: '1.2.3.4' })), 'unsupported-algorithm');
  let nested = sequence(certificateBag(root));
  for (let depth = 0; depth < 40; depth += 1)
    nested = sequence(sequence(oid('1.2.840.113549.1.12.10.1.6'), context0(nested)));
  assert.equal(faultOf(pfx(nested)), 'limit');
  assert.equal(
    faultOf(pfx(sequence(...Array.from({ length: 10_001 }, () => certificateBag(root))))),
    'limit',
  );
  assert.equal(
    faultOf(pfxOf(sequence(sequence(oid('1.2.840.113549.1.7.3'), context0(sequence()))))),
    'unsupported-algorithm',
  );
});

test('a PBMAC1 MAC is verified', () => {
  const contents = sequence(
    sequence(oid('1.2.840.113549.1.7.1'), context0(octets(sequence(certificateBag(root))))),
  );
  const salt = Buffer.alloc(8, 7);
  const key = pbkdf2Sync(PASSWORD, salt, 2048, 32, 'sha256');
  const hmac = sequence(oid('1.2.840.113549.2.9'));
  const derivation = sequence(
    oid('1.2.840.113549.1.5.12'),
    sequence(octets(salt), integer(2048), integer(32), hmac),
  );
  const algorithm = sequence(oid('1.2.840.113549.1.5.14'), sequence(derivation, hmac));
  const mac = createHmac('sha256', key).update(contents).digest();
  const store = pfxOf(
    contents,
    sequence(sequence(algorithm, octets(mac)), octets(Buffer.alloc(8)), integer(1)),
  );
  assert.equal(faultOf(store), 'none');
  assert.equal(faultOf(store, 'not this one'), 'wrong-password');
});

test('indefinite lengths, as old programs write them, are read', () => {
  const stream = (tag: number, ...contents: readonly Buffer[]): Buffer =>
    Buffer.concat([Buffer.from([tag, 0x80]), ...contents, Buffer.alloc(2)]);
  const safe = sequence(
    sequence(oid('1.2.840.113549.1.7.1'), context0(octets(sequence(certificateBag(root))))),
  );
  const pieces = stream(0x24, octets(safe.subarray(0, 100)), octets(safe.subarray(100)));
  assert.equal(
    faultOf(stream(0x30, integer(3), stream(0x30, oid('1.2.840.113549.1.7.1'), stream(0xa0, pieces)))),
    'none',
  );
});

test('a file that is not a store is refused with its real kind', () => {
  const bks = Buffer.concat([Buffer.from('0000000200000014', 'hex'), Buffer.alloc(40)]);
  const bcfks = sequence(
    sequence(sequence(oid('1.2.840.113549.1.5.13'), sequence()), octets(Buffer.alloc(150))),
    sequence(),
  );
  const cases: readonly [bytes: Buffer, fault: StoreFault, said: RegExp][] = [
    [Buffer.alloc(0), 'empty', /is empty/],
    [Buffer.from('hello'), 'not-a-store', /neither JKS, PKCS#12 nor PEM/],
    [Buffer.alloc(100), 'not-a-store', /neither JKS/],
    [bks, 'unsupported-kind', /BKS/],
    [bcfks, 'unsupported-kind', /BCFKS/],
    [Buffer.from(material.bytes('java-one.jks').toString('base64')), 'not-a-store', /still in base64/],
    [Buffer.from(material.bytes('java-one.p12').toString('base64')), 'not-a-store', /still in base64/],
    [Buffer.from('-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n'), 'damaged', /not base64/],
    [
      Buffer.from('-----BEGIN PUBLIC KEY-----\nMIIB\n-----END PUBLIC KEY-----\n'),
      'no-certificates',
      /no certificate/,
    ],
  ];
  for (const [bytes, fault, said] of cases) {
    assert.equal(faultOf(bytes), fault, said.source);
    assert.throws(() => read(bytes), { message: said });
  }
  assert.throws(() => read(bcfks), { remedy: /keytool -importkeystore .*-srcstoretype BCFKS/ });
});

test('a directory, a pipe, a missing file and a file that is too large are refused without waiting', () => {
  const pipe = join(folder, 'pipe');
  assert.equal(spawnSync('mkfifo', [pipe]).status, 0);
  const large = join(folder, 'large');
  writeFileSync(large, Buffer.alloc(17 * 1024 * 1024));
  assert.throws(() => readStoreFile(folder), { fault: 'not-a-file', message: `${folder}: is a directory` });
  assert.throws(() => readStoreFile(pipe), { fault: 'not-a-file', message: `${pipe}: is a named pipe` });
  assert.throws(() => readStoreFile(join(folder, 'nowhere')), {
    fault: 'unreadable',
    message: /does not exist/,
    remedy: /on the command line at the working directory/,
  });
  assert.throws(() => readStoreFile(large), { fault: 'limit' });
  assert.equal(
    trustAnchors(readStoreFile(material.path('java-one.jks'), { password: PASSWORD })).certificates.length,
    1,
  );
});

test('no error text holds a password or a piece of a key', () => {
  const canary = 'canary-word-0123';
  for (const file of [...material.java.keys(), ...material.files().filter((name) => name.endsWith('.pem'))]) {
    try {
      const store = readStore(material.bytes(file), { file, password: canary, keyPassword: canary });
      for (const { key } of store.entries) if (key instanceof StoreError) throw key;
    } catch (error) {
      assert.ok(error instanceof StoreError);
      const all = `${error.stack}${error.remedy}${String(error.cause)}${JSON.stringify(error)}`;
      assert.doesNotMatch(all, new RegExp(`${canary}|${PASSWORD}|${KEY_PASSWORD}`));
    }
  }
});
