import assert from 'node:assert/strict';
import { createHash, X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import jks from 'jks-js';
import forge from 'node-forge';
import { readStore, sha256Of, trustAnchors } from '../../src/stores/index.js';
import { type Material, storeMaterial } from './material.js';
import { PASSWORD } from './openssl-stores.js';

let material: Material;
before(async () => {
  material = await storeMaterial();
});

function ours(file: string): string[] {
  return readStore(material.bytes(file), { file, password: PASSWORD })
    .entries.flatMap((entry) => entry.certificates.map(sha256Of))
    .sort();
}

test('jks-js finds the same certificates in JKS', () => {
  for (const file of ['java-one.jks', 'java-roots.jks', 'java-system-150.jks', 'keytool-trust.jks']) {
    const found = Object.values(jks.toPem(material.bytes(file), PASSWORD)).map((entry) =>
      'ca' in entry ? entry.ca : '',
    );
    assert.deepEqual(found.map((pem) => sha256Of(new X509Certificate(pem))).sort(), ours(file), file);
    assert.equal(trustAnchors(readStore(material.bytes(file), { file })).certificates.length, found.length);
  }
});

test('node-forge finds the same certificates in PKCS#12, RC2 included', () => {
  for (const file of [
    'openssl-default.p12',
    'openssl-legacy.p12',
    'openssl-3des.p12',
    'java-legacy.p12',
    'java-key-rsa.p12',
  ]) {
    const asn1 = forge.asn1.fromDer(forge.util.createBuffer(material.bytes(file).toString('latin1')));
    const bags = forge.pkcs12
      .pkcs12FromAsn1(asn1, PASSWORD)
      .getBags({ bagType: String(forge.pki.oids['certBag']) });
    // It leaves keys that are not RSA as DER.
    const found = Object.values(bags)
      .flat()
      .map(
        (bag) => bag?.asn1 ?? (bag?.cert === undefined ? undefined : forge.pki.certificateToAsn1(bag.cert)),
      )
      .flatMap((certificate) =>
        certificate === undefined ? [] : [Buffer.from(forge.asn1.toDer(certificate).getBytes(), 'latin1')],
      );
    assert.deepEqual(
      found.map((der) => createHash('sha256').update(der).digest('hex')).sort(),
      ours(file),
      file,
    );
  }
});
