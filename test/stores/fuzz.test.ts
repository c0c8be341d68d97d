import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { keyMaterial, readStore, StoreError, sha256Of, trustAnchors } from '../../src/stores/index.js';
import { type Material, storeMaterial } from './material.js';
import { KEY_PASSWORD, PASSWORD } from './openssl-stores.js';

let material: Material;
before(async () => {
  material = await storeMaterial();
});

/** Protected by a digest or a MAC over all relevant content. */
const SEALED = [
  'java-one.jks',
  'java-key-rsa.jks',
  'java-utf8-aliases.jks',
  'java-key-and-trust.jks',
  'openssl-iterations-1.p12',
  'openssl-plain.p12',
];
const OPEN = [
  'openssl-nokeys-plain.p12',
  'java-no-password.p12',
  'openssl-no-mac.p12',
  'key-pkcs1-aes256.pem',
  'key-ec-pkcs8.pem',
  'bundle-comments.pem',
  'bundle-trusted.pem',
  'single.der',
];

type Change = (bytes: Buffer) => Buffer;

/** Positions are fractions of the length, so that one change fits every store. */
const change: fc.Arbitrary<Change> = fc
  .record({
    kind: fc.constantFrom('flip', 'set', 'cut', 'remove', 'insert', 'repeat', 'length'),
    at: fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }),
    size: fc.integer({ min: 1, max: 40 }),
    value: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ kind, at, size, value }) => (bytes: Buffer) => {
    const from = Math.floor(at * bytes.length);
    const [before, behind] = [bytes.subarray(0, from), bytes.subarray(from)];
    switch (kind) {
      case 'flip':
        return Buffer.concat([
          before,
          Buffer.from([(behind[0] ?? 0) ^ (1 << (value % 8))]),
          behind.subarray(1),
        ]);
      case 'set':
        return Buffer.concat([before, Buffer.from([value]), behind.subarray(1)]);
      case 'cut':
        return before;
      case 'remove':
        return Buffer.concat([before, behind.subarray(size)]);
      case 'insert':
        return Buffer.concat([before, Buffer.alloc(size, value), behind]);
      case 'repeat':
        return Buffer.concat([before, behind.subarray(0, size), behind]);
      default:
        return Buffer.concat([before, Buffer.from([0x84, 0xff, 0xff, 0xff, value]), behind.subarray(5)]);
    }
  });

/** Everything that users of src/stores do with a store; only typed errors may be thrown. */
function use(
  bytes: Buffer,
  file: string,
  passwords: { password?: string; keyPassword?: string },
): readonly string[] | StoreError {
  try {
    const store = readStore(bytes, { file, ...passwords });
    const anchors = trustAnchors(store).certificates.map(sha256Of);
    try {
      keyMaterial(store);
    } catch (error) {
      assert.ok(error instanceof StoreError, String(error));
    }
    return anchors;
  } catch (error) {
    if (error instanceof StoreError) return error;
    throw error;
  }
}

test('a changed store with a digest or MAC gives a typed error or its original content', () => {
  fc.assert(
    fc.property(
      fc.constantFrom(...SEALED),
      fc.array(change, { minLength: 1, maxLength: 4 }),
      (file, changes) => {
        const original = material.bytes(file);
        const expected = use(original, file, { password: PASSWORD });
        assert.ok(!(expected instanceof StoreError));
        const found = use(
          changes.reduce((bytes, apply) => apply(bytes), original),
          file,
          { password: PASSWORD },
        );
        if (!(found instanceof StoreError)) assert.deepEqual(found, expected, file);
      },
    ),
    { numRuns: 600 },
  );
});

test(
  'a changed store without a digest or MAC, or read without its password, gives a typed error or ' +
    'valid certificates',
  () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...SEALED, ...OPEN),
        fc.array(change, { minLength: 1, maxLength: 6 }),
        (file, changes) => {
          const changed = changes.reduce((bytes, apply) => apply(bytes), material.bytes(file));
          for (const passwords of [{}, { password: '', keyPassword: KEY_PASSWORD }]) {
            const found = use(changed, file, passwords);
            if (!(found instanceof StoreError))
              assert.ok(found.length > 0 && found.every((sum) => /^[0-9a-f]{64}$/.test(sum)));
          }
        },
      ),
      { numRuns: 800 },
    );
  },
);

test('any bytes after any known beginning give a typed error', () => {
  const beginnings = [
    '',
    'feedfeed00000002',
    'feedfeed0000000200000001000000010001610000000000000000',
    '3082',
    '3080020103',
    '30820fff0201033082',
    '2d2d2d2d2d424547494e20',
    'cececece',
    '00000002',
    'fffe2d002d00',
  ];
  fc.assert(
    fc.property(
      fc.constantFrom(...beginnings),
      fc.uint8Array({ maxLength: 300 }),
      fc.option(fc.string(), { nil: undefined }),
      (beginning, rest, password) => {
        const bytes = Buffer.concat([Buffer.from(beginning, 'hex'), rest]);
        const found = use(bytes, 'store', password === undefined ? {} : { password, keyPassword: password });
        assert.ok(found instanceof StoreError);
      },
    ),
    { numRuns: 3000 },
  );
});
