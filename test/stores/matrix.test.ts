import assert from 'node:assert/strict';
import { hash, KeyObject } from 'node:crypto';
import { before, test } from 'node:test';
import {
  keyMaterial,
  readStore,
  type Store,
  type StoreError,
  type StoreFault,
  sha256Of,
  trustAnchors,
} from '../../src/stores/index.js';
import { JAVA_STORES, KEYTOOL_STORES } from './java-stores.js';
import { type JavaAnswer, type Material, storeMaterial } from './material.js';
import { FOREIGN_PASSWORD, KEY_PASSWORD, PASSWORD } from './openssl-stores.js';

let material: Material;
before(async () => {
  material = await storeMaterial();
});

/** Read by kd, refused by Java 17: openssl stores with algorithms or passwords that Java does not know. */
const BEYOND_JAVA = [
  'openssl-2des.p12',
  'openssl-aes192-sha384.p12',
  'openssl-aria.p12',
  'openssl-camellia.p12',
  'openssl-pbes2-3des.p12',
  'openssl-foreign-password.p12',
  'openssl-foreign-password-legacy.p12',
  'openssl-plain-key.p12',
  'openssl-plain.p12',
];
/** Stores in which Java silently finds nothing. */
const SILENT_IN_JAVA = [
  'openssl-nokeys.p12',
  'openssl-nokeys-named.p12',
  'openssl-nokeys-legacy.p12',
  'openssl-nokeys-plain.p12',
];
const FAULTS: Readonly<Record<string, StoreFault>> = {
  'keytool-trust.jceks': 'unsupported-kind',
  'java-trust.jceks': 'unsupported-kind',
  'java-key.jceks': 'unsupported-kind',
  'java-empty.jks': 'no-certificates',
  'java-empty.p12': 'no-certificates',
};

function passwordOf(file: string): string | undefined {
  if (file.includes('foreign-password')) return FOREIGN_PASSWORD;
  if (file.includes('empty-password')) return '';
  return file === 'java-no-password.p12' ? undefined : PASSWORD;
}

function read(file: string): Store {
  const password = passwordOf(file);
  const keyPassword =
    file.includes('own-password') || file === 'java-foreign-password.jks'
      ? { keyPassword: KEY_PASSWORD }
      : {};
  return readStore(material.bytes(file), {
    file,
    ...(password === undefined ? {} : { password }),
    ...keyPassword,
  });
}

function sums(certificates: Parameters<typeof sha256Of>[0][]): string[] {
  return certificates.map(sha256Of);
}

function sameAsJava(store: Store, java: JavaAnswer): void {
  const context = java.file;
  assert.deepEqual(
    sums([...trustAnchors(store).certificates]).sort(),
    [...(java.anchors ?? [])].sort(),
    `${context}: anchors`,
  );
  const seen = store.entries
    .filter((entry) => entry.type !== 'certificate')
    .map((entry) => entry.alias.toLowerCase());
  assert.deepEqual(seen.sort(), [...(java.aliases ?? [])].sort(), `${context}: aliases`);
  for (const key of java.keys ?? []) {
    const ours = store.entries.find(
      (entry) => entry.type === 'key' && entry.alias.toLowerCase() === key.alias,
    );
    assert.ok(ours !== undefined, `${context}: key ${key.alias}`);
    assert.deepEqual(sums([...ours.certificates]), key.chain, `${context}: chain of ${key.alias}`);
    assert.ok(ours.key instanceof KeyObject, `${context}: key ${key.alias} opens`);
    const encoded = ours.key.export({ type: 'pkcs8', format: 'der' });
    // For other keys Java leaves out the public half, and OpenSSL includes it.
    if (key.key !== null && ours.key.asymmetricKeyType === 'rsa')
      assert.equal(hash('sha256', encoded), key.key, `${context}: the key itself`);
  }
}

const files = [...JAVA_STORES.map(({ file }) => file), ...Object.keys(KEYTOOL_STORES)];
for (const file of files) {
  const fault = FAULTS[file];
  test(`${file} gives ${fault ?? 'what Java finds'}`, () => {
    const java = material.java.get(file);
    assert.ok(java !== undefined);
    if (fault === undefined) sameAsJava(read(file), java);
    else assert.throws(() => trustAnchors(read(file)), { fault });
  });
}

test("openssl stores give what Java reads, and more where Java can't read them", () => {
  const ours = [...material.java.values()].filter(({ file }) => file.startsWith('openssl-'));
  assert.ok(ours.length >= 30);
  for (const java of ours) {
    if (SILENT_IN_JAVA.includes(java.file)) continue;
    const store = read(java.file);
    if (!BEYOND_JAVA.includes(java.file)) sameAsJava(store, java);
    const chain =
      java.file === 'openssl-ec.p12'
        ? 'leaf-ec'
        : java.file === 'openssl-ed25519.p12'
          ? 'leaf-ed25519'
          : 'leaf-rsa';
    assert.deepEqual(
      sums([...keyMaterial(store).chain]),
      material.sha256(chain, 'inter', 'root-rsa'),
      java.file,
    );
  }
});

test('an openssl store without keys, which Java reads as empty, is accepted with a warning', () => {
  for (const file of SILENT_IN_JAVA) {
    assert.deepEqual(material.java.get(file)?.anchors, [], `${file}: Java sees nothing`);
    const { certificates, warnings } = trustAnchors(read(file));
    assert.deepEqual(sums([...certificates]).sort(), material.sha256('inter', 'root-rsa').sort(), file);
    assert.match(warnings.join('\n'), /Java would silently ignore .* keytool -importcert/s);
  }
});

const PEM_BUNDLES = ['', '-comments', '-crlf', '-bom', '-utf16', '-one-line', '-indented', '-trusted'];
for (const form of PEM_BUNDLES) {
  test(`bundle${form}.pem gives all certificates, in order`, () => {
    const { certificates, warnings } = trustAnchors(read(`bundle${form}.pem`));
    assert.deepEqual(
      sums([...certificates]),
      material.sha256('root-ec', 'root-ec384', 'root-ed25519', 'root-rsa'),
    );
    assert.deepEqual(warnings, []);
  });
}

test('PEM keystores give keys in every form openssl writes, and the chain leaf first', () => {
  const stores = material
    .files()
    .filter((name) => name.startsWith('key-') && name.endsWith('.pem') && !/another|twice/.test(name));
  assert.ok(stores.length >= 22, `${stores.length} stores`);
  for (const file of stores) {
    const store = readStore(material.bytes(file), { file, keyPassword: KEY_PASSWORD });
    const { chain, key } = keyMaterial(store);
    const leaf = file.startsWith('key-ec')
      ? 'leaf-ec'
      : file.startsWith('key-ed25519')
        ? 'leaf-ed25519'
        : 'leaf-rsa';
    assert.deepEqual(sums([...chain]), material.sha256(leaf, 'inter', 'root-rsa'), file);
    assert.ok(chain[0]?.checkPrivateKey(key), file);
  }
});

test(
  'encrypted PEM keys: wrong and missing passwords are distinguished, and neither prevents use ' +
    'as a truststore',
  () => {
    const stores = material
      .files()
      .filter(
        (name) =>
          /^key-(pkcs|ec).*(aes|des|camellia|rc2|scrypt|default|encrypted)/.test(name) &&
          name.endsWith('.pem'),
      );
    assert.ok(stores.length >= 16, `${stores.length} stores`);
    for (const file of stores) {
      const open = (options: { keyPassword?: string }) =>
        readStore(material.bytes(file), { file, ...options });
      assert.throws(
        () => keyMaterial(open({ keyPassword: 'not this one' })),
        { fault: 'wrong-password' },
        file,
      );
      assert.throws(() => keyMaterial(open({})), { fault: 'password-missing' }, file);
      assert.equal(trustAnchors(open({})).certificates.length, 3, file);
    }
  },
);

test('a single certificate in DER is a truststore', () => {
  assert.deepEqual(sums([...trustAnchors(read('single.der')).certificates]), material.sha256('root-rsa'));
});

test('PKCS#7 bundles and bare keys are refused by name, with the command that converts them', () => {
  const refused: readonly [file: string, said: RegExp, remedy: RegExp][] = [
    ['bundle.p7b', /PKCS#7/, /openssl pkcs7 -print_certs -in bundle\.p7b/],
    ['bundle.p7c', /PKCS#7/, /openssl pkcs7 -inform DER -print_certs/],
    ['key.der', /bare private key/, /openssl pkcs12 -export/],
    ['key-encrypted.der', /bare private key/, /openssl pkcs12 -export/],
    [
      'java-trust.jceks',
      /JCEKS/,
      new RegExp(
        'keytool -importkeystore -srckeystore java-trust\\.jceks -srcstoretype JCEKS ' +
          '-destkeystore new\\.p12 -deststoretype PKCS12',
      ),
    ],
  ];
  for (const [file, message, remedy] of refused) {
    assert.throws(
      () => read(file),
      (error: StoreError) =>
        error.fault === 'unsupported-kind' && message.test(error.message) && remedy.test(error.remedy ?? ''),
      file,
    );
  }
});

test('a wrong password is an error of its own kind for every protected store', () => {
  const protectedFiles = [...material.java.keys()].filter(
    (file) =>
      !file.endsWith('.jceks') &&
      !/no-password|openssl-(plain|nokeys-plain|plain-key|no-mac)\.p12/.test(file),
  );
  assert.ok(protectedFiles.length > 70);
  for (const file of protectedFiles) {
    // Java writes no MAC over unencrypted certificates.
    if (file === 'java-mac-NONE.p12') continue;
    assert.throws(
      () => readStore(material.bytes(file), { file, password: 'not this one' }),
      { fault: 'wrong-password', code: 'CONFIGURATION' },
      file,
    );
  }
});

test('without a MAC and with unencrypted certificates, a wrong password shows at the key', () => {
  const file = 'openssl-no-mac.p12';
  const store = readStore(material.bytes(file), { file, password: 'not this one' });
  assert.equal(trustAnchors(store).certificates.length, 1);
  assert.throws(() => keyMaterial(store), { fault: 'wrong-password' });
});

test(
  'without a password JKS is read unchecked, encrypted PKCS#12 is refused, and plain PKCS#12 is ' + 'read',
  () => {
    const open = (file: string): number =>
      trustAnchors(readStore(material.bytes(file), { file })).certificates.length;
    assert.equal(open('java-roots.jks'), 4);
    assert.equal(open('java-no-password.p12'), 4);
    assert.equal(open('openssl-nokeys-plain.p12'), 2);
    assert.equal(open('openssl-empty-password.p12'), 1);
    assert.throws(() => open('java-roots.p12'), { fault: 'password-missing' });
  },
);

test('a key with a password of its own opens with that one only', () => {
  for (const file of [
    'java-key-own-password.jks',
    'java-key-own-password.p12',
    'keytool-key-own-password.jks',
  ]) {
    const open = (keyPassword?: string): Store =>
      readStore(material.bytes(file), {
        file,
        password: PASSWORD,
        ...(keyPassword === undefined ? {} : { keyPassword }),
      });
    assert.equal(keyMaterial(open(KEY_PASSWORD)).chain.length > 0, true);
    assert.throws(() => keyMaterial(open()), { fault: 'wrong-password' });
    assert.equal(
      trustAnchors(open()).certificates.length,
      1,
      'a truststore is read without opening its keys',
    );
  }
});

test('a keystore with no key, two keys, a foreign key or a shuffled chain is refused with a reason', () => {
  assert.throws(() => keyMaterial(read('java-roots.jks')), { fault: 'no-key' });
  for (const file of ['java-two-keys.jks', 'java-two-keys.p12'])
    assert.throws(
      () => keyMaterial(read(file)),
      (error: StoreError) =>
        error.fault === 'several-keys' && /"one", "two"|"two", "one"/.test(error.message),
    );
  assert.throws(() => keyMaterial(read('key-twice.pem')), { fault: 'several-keys' });
  assert.throws(() => keyMaterial(read('java-key-of-another.jks')), { fault: 'key-mismatch' });
  assert.throws(() => keyMaterial(read('key-of-another.pem')), { fault: 'key-mismatch' });
  for (const file of ['java-key-shuffled.jks', 'key-shuffled.pem']) {
    const { chain, warnings } = keyMaterial(read(file));
    assert.deepEqual(sums([...chain]), material.sha256('leaf-rsa', 'inter', 'root-rsa'));
    assert.match(warnings.join(), /is out of order/);
  }
});

test('a truststore with only a key or an intermediate warns that OpenSSL will not accept it', () => {
  const key = trustAnchors(read('java-key-rsa.jks')).warnings.join('\n');
  assert.match(key, /"client" is a private key in a truststore/);
  const intermediate = trustAnchors(read('java-intermediate.p12')).warnings.join('\n');
  const signer = '"CN=Root rsa, O=Store tests, C=AA", which signed it,';
  assert.ok(
    intermediate.includes(`"inter" is not self-signed, and ${signer} is not in the store`),
    intermediate,
  );
  assert.deepEqual(trustAnchors(read('java-roots.jks')).warnings, []);
  assert.deepEqual(
    trustAnchors(read('chain.pem')).warnings,
    [],
    'an intermediate together with its root is accepted',
  );
});
