import assert from 'node:assert/strict';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { before, test } from 'node:test';
import { getCiphers } from 'node:tls';
import { opensslCipher } from '../../../src/config/client/cipher-names.js';
import { formatProblem } from '../../../src/config/text/problem.js';
import { type TlsMaterial, tlsMaterial } from '../../support/tls-material.js';
import { load, problemOf, resolved, write } from '../support.js';
import { job, KEY, SSL } from './job.js';

let tls: TlsMaterial;
before(async () => {
  tls = await tlsMaterial();
});

test('Java stores become PEM, with their certificates, files and secrets', () => {
  for (const form of ['jks', 'p12', 'pem'] as const) {
    const loaded = load(
      job({
        ...SSL,
        'ssl.truststore.location': `file:${tls.path('ca', form)}`,
        'ssl.truststore.password': tls.password,
        'ssl.keystore.location': tls.path('client', form),
        'ssl.keystore.password': tls.password,
        'ssl.key.password': tls.password,
        'ssl.truststore.type': 'JKS',
      }),
    );
    const { config, secrets } = loaded;
    assert.ok(config, loaded.problems.map(formatProblem).join('\n'));
    const { properties, certificates, watchedFiles, origins } = config.producer;
    const wanted = new X509Certificate(tls.pem('ca').certificate).fingerprint256;
    assert.equal(new X509Certificate(properties.get('ssl.ca.pem') ?? '').fingerprint256, wanted, form);
    assert.match(properties.get('ssl.key.pem') ?? '', /BEGIN PRIVATE KEY/);
    assert.ok(!properties.has('ssl.key.password') && !properties.has('ssl.truststore.location'));
    assert.deepEqual(new Set(certificates.map(({ use }) => use)), new Set(['truststore', 'keystore']));
    assert.equal(certificates[0]?.sha256, wanted.replaceAll(':', '').toLowerCase());
    assert.ok(certificates[0].notAfter > new Date());
    for (const name of [tls.path('ca', form), tls.path('client', form)])
      assert.ok(watchedFiles.includes(name), name);
    assert.ok(watchedFiles.some((name) => name.endsWith('kd.yml')));
    assert.equal(origins.get('ssl.ca.pem')?.key, KEY);
    assert.match(origins.get('ssl.ca.pem')?.place ?? '', /^kd\.yml:5:/);
    const key = (properties.get('ssl.key.pem') ?? '').split('\n');
    for (const line of key.filter((text) => text.length > 30 && !text.startsWith('-----')))
      assert.ok(secrets.includes(line));
    assert.ok(secrets.includes(tls.password));
    assert.ok(
      secrets.includes(key.filter((text) => text.length >= 16 && !text.startsWith('-----')).join('')),
    );
  }
});

test('PEM texts in properties are read as Java reads them', () => {
  const { certificate, key } = tls.pem('client');
  const config = resolved(
    job({
      ...SSL,
      'ssl.truststore.type': 'PEM',
      'ssl.truststore.certificates': tls.pem('ca').certificate,
      'ssl.keystore.certificate.chain': certificate,
      'ssl.keystore.key': key,
    }),
  );
  assert.match(config.consumer.properties.get('ssl.certificate.pem') ?? '', /BEGIN CERTIFICATE/);
  assert.equal(config.consumer.certificates[0]?.file, 'kafka.properties.ssl.truststore.certificates');
});

test('a key that does not belong to its certificate is an error at its line, in files and inline', () => {
  const told = (properties: Readonly<Record<string, string>>): readonly (string | null)[][] =>
    load(job({ ...SSL, ...properties })).problems.map(({ severity, key, message, remedy }) => [
      severity,
      key,
      message,
      remedy,
    ]);
  const [crt, key, other] = [tls.path('client', 'crt'), tls.path('client', 'key'), tls.path('server', 'key')];
  assert.deepEqual(told({ 'ssl.certificate.location': crt, 'ssl.key.location': key }), []);
  const remedy = 'use the key with the certificate that was issued for it; a renewal changes both';
  assert.deepEqual(told({ 'ssl.certificate.location': crt, 'ssl.key.location': other }), [
    [
      'error',
      'kafka.properties.ssl.key.location',
      `${other}: the private key does not belong to "client" in ${crt}`,
      remedy,
    ],
  ]);
  const [client, server] = [tls.pem('client'), tls.pem('server')];
  assert.deepEqual(told({ 'ssl.certificate.pem': client.certificate, 'ssl.key.pem': client.key }), []);
  const [name, where] = ['kafka.properties.ssl.key.pem', 'kafka.properties.ssl.certificate.pem'];
  assert.deepEqual(told({ 'ssl.certificate.pem': client.certificate, 'ssl.key.pem': server.key }), [
    ['error', name, `${name}: the private key does not belong to "client" in ${where}`, remedy],
  ]);
  assert.equal(told({ 'ssl.certificate.location': crt, 'ssl.key.pem': server.key }).length, 1);
});

test(
  'a certificate and key that librdkafka would not accept are reported: wrong order, or a key ' +
    "that can't be decrypted",
  () => {
    const chain = write('unordered.pem', `${tls.pem('ca').certificate}\n${tls.pem('client').certificate}`);
    const key = tls.path('client', 'key');
    const unordered = load(job({ ...SSL, 'ssl.certificate.location': chain, 'ssl.key.location': key }));
    const { severity, message } = problemOf(unordered, 'kafka.properties.ssl.key.location');
    assert.equal(severity, 'error');
    assert.match(
      message,
      /unordered\.pem: the certificate of the private key, "client", is not first in the file/,
    );
    const locked = createPrivateKey(tls.pem('client').key).export({
      type: 'pkcs8',
      format: 'pem',
      cipher: 'aes-256-cbc',
      passphrase: 'right',
    });
    const files = {
      'ssl.certificate.location': tls.path('client', 'crt'),
      'ssl.key.location': write('locked.key', locked),
    };
    assert.deepEqual(load(job({ ...SSL, ...files, 'ssl.key.password': 'right' })).problems, []);
    for (const more of [{}, { 'ssl.key.password': 'wrong' }])
      assert.match(
        problemOf(load(job({ ...SSL, ...files, ...more })), 'kafka.properties.ssl.key.location').message,
        /locked\.key/,
      );
  },
);

test('an unusable store is an error at its line, with a remedy', () => {
  write('empty.pem', '# nothing\n');
  for (const [location, password, words] of [
    [tls.path('ca', 'jks'), 'wrong', /password/],
    ['missing.jks', 'x', /does not exist/],
    ['.', 'x', /directory/],
    ['empty.pem', '', /certificate|empty|store/],
  ] as const) {
    const loaded = load(
      job({ ...SSL, 'ssl.truststore.location': location, 'ssl.truststore.password': password }),
    );
    assert.equal(loaded.config, undefined, location);
    assert.equal(loaded.problems.length, 1);
    assert.match(problemOf(loaded, KEY).message, words);
    assert.equal(problemOf(loaded, KEY).line, 5);
    assert.ok(problemOf(loaded, KEY).remedy);
  }
});

test(
  "TLS without a truststore trusts the system's authorities; TLS " + 'settings without TLS are a warning',
  () => {
    assert.equal(resolved(job(SSL)).consumer.properties.get('ssl.ca.location'), 'probe');
    assert.ok(!resolved(job({})).consumer.properties.has('ssl.ca.location'));
    const loaded = load(job({ 'security.protocol': 'PLAINTEXT', 'ssl.truststore.location': '/not/there' }));
    assert.ok(loaded.config);
    assert.match(problemOf(loaded, 'kafka.properties.security.protocol').message, /nothing is encrypted/);
  },
);

test('turning checks off is allowed, with a loud warning', () => {
  const loaded = load(
    job({
      ...SSL,
      'ssl.endpoint.identification.algorithm': '',
      'enable.ssl.certificate.verification': 'false',
    }),
  );
  assert.equal(loaded.config?.consumer.properties.get('ssl.endpoint.identification.algorithm'), 'none');
  assert.match(
    problemOf(loaded, 'kafka.properties.ssl.endpoint.identification.algorithm').message,
    /NOT CHECKED/,
  );
  assert.match(
    problemOf(loaded, 'kafka.properties.enable.ssl.certificate.verification').message,
    /NOT CHECKED/,
  );
});

test('a certificate that has expired, or will within 30 days, is a warning', () => {
  const text = job({
    ...SSL,
    'ssl.keystore.location': tls.path('client', 'jks'),
    'ssl.keystore.password': tls.password,
  });
  const end =
    resolved(text)
      .consumer.certificates.find(({ use }) => use === 'keystore')
      ?.notAfter.getTime() ?? 0;
  const at = (days: number): string[] =>
    load(text, { now: new Date(end + days * 86_400_000) }).problems.map(({ message }) => message);
  assert.ok(at(1).some((message) => /CN=client.* expired on/.test(message)));
  assert.ok(at(-10).some((message) => /expires in 10 days/.test(message)));
  assert.deepEqual(at(-31), []);
  const expired = load(job({ ...SSL, 'ssl.truststore.location': tls.path('server-expired', 'crt') }));
  assert.match(problemOf(expired, KEY).message, /expired on/);
});

test(
  "two settings for one purpose are refused in one place; a client's own setting replaces the " +
    'shared one',
  () => {
    const both = load(
      job({ ...SSL, 'ssl.truststore.location': tls.path('ca', 'pem'), 'ssl.ca.location': 'probe' }),
    );
    assert.match(both.problems[0]?.message ?? '', /trusted/);
    const text = job({
      ...SSL,
      'ssl.truststore.location': tls.path('ca', 'jks'),
      'ssl.truststore.password': tls.password,
    });
    const config = resolved(text, { set: ['kafka.consumer.properties.ssl.ca.location=probe'] });
    assert.deepEqual(
      [config.consumer.properties.get('ssl.ca.location'), config.consumer.properties.has('ssl.ca.pem')],
      ['probe', false],
    );
    assert.ok(config.producer.properties.has('ssl.ca.pem'));
  },
);

test('IANA names of cipher suites become OpenSSL names', () => {
  const known = new Set(getCiphers());
  for (const [iana, openssl] of [
    ['TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384', 'ECDHE-RSA-AES256-GCM-SHA384'],
    ['TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256', 'ECDHE-ECDSA-CHACHA20-POLY1305'],
    ['TLS_DHE_RSA_WITH_AES_128_CBC_SHA256', 'DHE-RSA-AES128-SHA256'],
    ['TLS_RSA_WITH_AES_128_GCM_SHA256', 'AES128-GCM-SHA256'],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA', 'ECDHE-RSA-AES256-SHA'],
  ] as const) {
    assert.equal(opensslCipher(iana), openssl);
    assert.ok(known.has(openssl.toLowerCase()));
  }
  const value = (suites: string, protocols?: string): string | undefined =>
    resolved(
      job({
        ...SSL,
        'ssl.cipher.suites': suites,
        ...(protocols === undefined ? {} : { 'ssl.enabled.protocols': protocols }),
      }),
    ).consumer.properties.get('ssl.cipher.suites');
  assert.equal(
    value('TLS_RSA_WITH_AES_128_GCM_SHA256,TLS_AES_128_GCM_SHA256', 'TLSv1.2,TLSv1.3'),
    'AES128-GCM-SHA256',
  );
  assert.equal(value('HIGH:!aNULL'), 'HIGH:!aNULL');
  assert.match(
    problemOf(
      load(job({ ...SSL, 'ssl.cipher.suites': 'TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA385' })),
      'kafka.properties.ssl.cipher.suites',
    ).remedy ?? '',
    /SHA384/,
  );
  for (const protocols of ['TLSv1.1', 'TLSv1.4'])
    assert.equal(load(job({ ...SSL, 'ssl.enabled.protocols': protocols })).config, undefined);
});
