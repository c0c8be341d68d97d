import assert from 'node:assert/strict';
import { generateKeyPairSync, sign } from 'node:crypto';
import { test } from 'node:test';
import {
  checkPair,
  issuerOf,
  keyMaterial,
  readStore,
  type Store,
  StoreError,
  subjectOf,
  toPem,
  trustAnchors,
} from '../../src/stores/index.js';
import { der, integer, octets, oid, sequence } from './der-writer.js';
import { writeJks } from './jks-writer.js';

/** Certificates and keys that this file makes itself: any name, any issuer, in microseconds. */
interface Party {
  readonly certificate: Buffer;
  readonly keyPem: string;
}

const ED25519 = sequence(oid('1.3.101.112'));
const NAME_OIDS = { CN: '2.5.4.3', O: '2.5.4.10' } as const;

type Name = Readonly<Partial<Record<keyof typeof NAME_OIDS, string>>>;

/** `host`: an alternative name, no part of the subject. */
type Subject = Name & { readonly host?: string };

function nameOf(name: Name): Buffer {
  const parts = Object.entries(name).map(([key, value]) =>
    der(0x31, sequence(oid(NAME_OIDS[key as keyof Name]), der(0x0c, Buffer.from(value)))),
  );
  return sequence(...parts);
}

const KEYS = Array.from({ length: 4 }, () => generateKeyPairSync('ed25519'));

/** The extension with the names of a host. */
function alternativeName(host: string): Buffer {
  const names = octets(sequence(der(0x82, Buffer.from(host))));
  return der(0xa3, sequence(sequence(oid('2.5.29.17'), names)));
}

/** `keyOf`: which of the keys it has; `signedBy`: which one signed it. */
function party({ host, ...subject }: Subject, issuer: Name, keyOf: number, signedBy = keyOf): Party {
  const [own, signer] = [KEYS[keyOf], KEYS[signedBy]];
  assert.ok(own && signer);
  const time = (text: string): Buffer => der(0x17, Buffer.from(text));
  const body = sequence(
    der(0xa0, integer(2)),
    integer(keyOf + 1),
    ED25519,
    nameOf(issuer),
    sequence(time('250101000000Z'), time('350101000000Z')),
    nameOf(subject),
    own.publicKey.export({ type: 'spki', format: 'der' }),
    ...(host === undefined ? [] : [alternativeName(host)]),
  );
  const signature = der(0x03, Buffer.from([0]), sign(null, body, signer.privateKey));
  return {
    certificate: sequence(body, ED25519, signature),
    keyPem: String(own.privateKey.export({ type: 'pkcs8', format: 'pem' })),
  };
}

const ROOT = party({ CN: 'root' }, { CN: 'root' }, 0);
const MIDDLE = party({ CN: 'middle' }, { CN: 'root' }, 1, 0);
const LEAF = party({ CN: 'leaf', O: 'kd' }, { CN: 'middle' }, 2, 1);
const NAMELESS = party({}, {}, 3);

const read = (bytes: Buffer | string, password?: string): Store =>
  readStore(Buffer.from(bytes), { file: 'test.store', ...(password === undefined ? {} : { password }) });

const pem = (...parties: readonly Party[]): string =>
  parties
    .map(
      ({ certificate }) =>
        `-----BEGIN CERTIFICATE-----\n${certificate.toString('base64')}\n-----END CERTIFICATE-----\n`,
    )
    .join('');

const fault =
  (kind: string, ...texts: readonly RegExp[]) =>
  (error: unknown): boolean => {
    assert.ok(error instanceof StoreError, String(error));
    assert.equal(error.fault, kind, error.message);
    for (const text of texts) assert.match(`${error.message}; ${error.remedy ?? ''}`, text);
    return true;
  };

test('a certificate without any name is trusted like others, in every kind of store', () => {
  const jks = writeJks({ certificates: [NAMELESS.certificate] });
  for (const store of [read(pem(NAMELESS)), read(NAMELESS.certificate), read(jks, 'store-password')]) {
    const { certificates, warnings } = trustAnchors(store);
    assert.equal(certificates.length, 1);
    assert.deepEqual(warnings, []);
  }
});

test('a certificate without a subject is named by its other names, else by its number', () => {
  const [nameless] = trustAnchors(read(pem(NAMELESS))).certificates;
  assert.ok(nameless);
  assert.equal(subjectOf(nameless), 'serial number 04');
  assert.equal(issuerOf(nameless), 'an authority without a name');
  const [named] = trustAnchors(read(pem(party({ host: 'kd.example' }, { CN: 'root' }, 2, 0)))).certificates;
  assert.ok(named);
  assert.deepEqual([subjectOf(named), issuerOf(named)], ['DNS:kd.example', 'CN=root']);
});

test('whatever order a PEM has, the chain that is sent goes from the leaf to the root', () => {
  const orders = [
    [LEAF, MIDDLE, ROOT],
    [ROOT, MIDDLE, LEAF],
    [MIDDLE, LEAF, ROOT],
    [ROOT, LEAF, MIDDLE],
  ];
  for (const order of orders)
    for (const text of [pem(...order) + LEAF.keyPem, LEAF.keyPem + pem(...order)]) {
      const { chain, warnings } = keyMaterial(read(text));
      assert.deepEqual(
        chain.map(({ raw }) => raw),
        [LEAF, MIDDLE, ROOT].map(({ certificate }) => certificate),
      );
      assert.equal(warnings.length, order[0] === LEAF ? 0 : 1);
      if (order[0] !== LEAF) assert.match(warnings[0] ?? '', /out of order; it is sent leaf first/);
    }
});

test('a certificate that signed nothing in the chain is named and not sent', () => {
  const { chain, warnings } = keyMaterial(read(pem(LEAF, MIDDLE, NAMELESS) + LEAF.keyPem));
  assert.equal(chain.length, 2);
  assert.match(warnings.at(-1) ?? '', /is not part of the key's chain and not sent/);
});

test('an authority that only has the right name is not taken for the issuer', () => {
  const impostor = party({ CN: 'middle' }, { CN: 'root' }, 3, 0);
  const { chain } = keyMaterial(read(pem(LEAF, impostor, MIDDLE) + LEAF.keyPem));
  assert.deepEqual(
    chain.map(({ raw }) => raw),
    [LEAF.certificate, MIDDLE.certificate],
  );
});

test('two authorities that signed each other end a chain, instead of going round', () => {
  const a = party({ CN: 'a' }, { CN: 'b' }, 0, 1);
  const b = party({ CN: 'b' }, { CN: 'a' }, 1, 0);
  assert.equal(keyMaterial(read(pem(a, b) + a.keyPem)).chain.length, 2);
  assert.equal(trustAnchors(read(pem(a, b))).warnings.length, 2);
});

test('a key without its certificate is refused with the names of those that are there', () => {
  assert.throws(
    () => keyMaterial(read(pem(ROOT, MIDDLE) + LEAF.keyPem)),
    fault('key-mismatch', /"root", "middle"/),
  );
  assert.throws(
    () => keyMaterial(read(LEAF.keyPem)),
    fault('no-certificates', /private key has no certificate/),
  );
  assert.throws(() => keyMaterial(read(pem(ROOT))), fault('no-key', /no private key \(1 certificate\)/));
  assert.throws(
    () => keyMaterial(read(pem(LEAF) + LEAF.keyPem + ROOT.keyPem)),
    fault('several-keys', /2 private keys/),
  );
});

test('a certificate file and a key file must belong together, the leaf first', () => {
  checkPair(read(pem(LEAF, MIDDLE)), read(LEAF.keyPem));
  assert.throws(
    () => checkPair(read(pem(MIDDLE, LEAF)), read(LEAF.keyPem)),
    fault('key-mismatch', /"leaf", is not first/, /put it before the CA certificates/),
  );
  assert.throws(
    () => checkPair(read(pem(MIDDLE)), read(LEAF.keyPem)),
    fault('key-mismatch', /does not belong to "middle"/, /a renewal changes both/),
  );
});

test('a password of any characters opens a JKS, and nothing but that password does', () => {
  const passwords = [
    '',
    ' ',
    'pässwörd',
    '密码🔑',
    'a'.repeat(300),
    'tab\tend',
    'quote\'"',
    'pass',
    'Pass',
    'pass ',
  ];
  for (const password of passwords) {
    const bytes = writeJks({ certificates: [ROOT.certificate], password });
    assert.equal(read(bytes, password).entries.length, 1, password);
    assert.equal(read(bytes).entries.length, 1, 'without a password the digest is not checked');
    for (const other of passwords.filter((one) => one !== password))
      assert.throws(() => read(bytes, other), fault('wrong-password'));
  }
});

test('a JKS cut off at any byte is never read as a smaller store', () => {
  const bytes = writeJks({ certificates: [ROOT.certificate, MIDDLE.certificate, LEAF.certificate] });
  for (let length = 1; length < bytes.length; length += 1)
    assert.throws(() => read(bytes.subarray(0, length)), StoreError, `${length} bytes`);
});

test('a PEM cut off within a block is never read as a smaller store', () => {
  const text = pem(ROOT, MIDDLE);
  const second = text.indexOf('-----BEGIN', 1);
  for (let length = second + '-----BEGIN '.length; length < text.trimEnd().length; length += 1)
    assert.throws(() => read(text.slice(0, length)), fault('truncated'), `${length} characters`);
});

test('a flipped bit in a JKS with its password is always found', () => {
  const bytes = writeJks({ certificates: [ROOT.certificate] });
  for (let at = 0; at < bytes.length; at += 1) {
    const changed = Buffer.from(bytes);
    changed[at] = (changed[at] ?? 0) ^ (1 << (at % 8));
    assert.throws(() => read(changed, 'store-password'), StoreError, `byte ${at}`);
  }
});

test('aliases are kept as they are, and shown without control characters', () => {
  for (const alias of ['ca', 'Ünïcode', '', 'a b', 'x'.repeat(1_000)])
    assert.equal(
      read(writeJks({ certificates: [ROOT.certificate], alias: Buffer.from(alias) })).entries[0]?.alias,
      alias,
    );
  const bare = octets(Buffer.from('no certificate'));
  assert.throws(() => read(writeJks({ certificates: [bare] })), fault('damaged', /not a whole certificate/));
});

test('PEM that is exported reads as the same certificates', () => {
  const { certificates } = trustAnchors(read(pem(LEAF, MIDDLE, ROOT, ROOT)));
  assert.equal(certificates.length, 3, 'a certificate that is there twice counts once');
  assert.deepEqual(
    trustAnchors(read(toPem(certificates))).certificates.map(({ raw }) => raw),
    certificates.map(({ raw }) => raw),
  );
});
