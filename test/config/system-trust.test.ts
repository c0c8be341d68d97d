import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { systemTrust } from '../../src/stores/index.js';
import { directory, load, MINIMAL, problemOf, write } from './support.js';

const TLS = MINIMAL.replace('kafka:\n', 'kafka:\n  properties: { security.protocol: SSL }\n');
const KEY = 'kafka.properties.ssl.ca.location';

test('TLS on a system without CA certificates is refused, naming the package to install', () => {
  const loaded = load(TLS, { systemTrust: () => undefined });
  assert.equal(loaded.config, undefined);
  assert.equal(loaded.problems.length, 1, 'once for both clients');
  const { message, remedy } = problemOf(loaded, KEY);
  assert.match(message, /this system has no list of certificate authorities/);
  assert.match(remedy ?? '', /install the package ca-certificates, or name .* ssl\.ca\.location/);
});

test("the system's list is not read where no broker is verified with it", () => {
  const systemTrustMissing = { systemTrust: (): undefined => undefined };
  const unverified = TLS.replace('SSL }', "SSL, enable.ssl.certificate.verification: 'false' }");
  for (const text of [MINIMAL, unverified])
    assert.ok(!load(text, systemTrustMissing).problems.some(({ key }) => key === KEY), text);
  const list = join(directory, write('list.pem', '-----BEGIN CERTIFICATE-----'));
  const named = (path: string): number =>
    load(TLS, { ...systemTrustMissing, environment: { SSL_CERT_FILE: path } }).problems.length;
  assert.equal(named(list), 0);
  assert.equal(named('/not/there.pem'), 1);
});

test('the list is looked for where librdkafka looks; empty files and folders do not count', () => {
  const root = join(directory, 'system');
  const put = (path: string, text: string): void => {
    mkdirSync(dirname(join(root, path)), { recursive: true });
    writeFileSync(join(root, path), text);
  };
  mkdirSync(join(root, '/etc/ssl/certs'), { recursive: true });
  assert.equal(systemTrust(root), undefined);
  put('/etc/pki/tls/certs/ca-bundle.crt', '');
  assert.equal(systemTrust(root), undefined);
  put('/etc/ssl/certs/one.pem', '-----BEGIN CERTIFICATE-----');
  assert.equal(systemTrust(root), `${root}/etc/ssl/certs`);
  put('/etc/ssl/certs/ca-certificates.crt', '-----BEGIN CERTIFICATE-----');
  assert.equal(systemTrust(root), `${root}/etc/ssl/certs/ca-certificates.crt`);
});
