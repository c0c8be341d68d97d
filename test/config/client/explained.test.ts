import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { explainClient } from '../../../src/config/show/explain.js';
import { type TlsMaterial, tlsMaterial } from '../../support/tls-material.js';
import { load } from '../support.js';
import { job, KEY, SSL } from './job.js';

let tls: TlsMaterial;
before(async () => {
  tls = await tlsMaterial();
});

test('no password, key or login is in any problem, note or explanation', () => {
  const CANARY = 'Canary9d1f';
  const { certificate, key } = tls.pem('client');
  const secretsOfKey = key.split('\n').filter((line) => line.length > 30 && !line.startsWith('-----'));
  const jaas = (rest: string): string => `a.b.ScramLoginModule required username="u" password=${rest}`;
  const texts = [
    job({
      ...SSL,
      'ssl.truststore.location': tls.path('ca', 'jks'),
      'ssl.truststore.password': CANARY,
      'ssl.keystore.location': tls.path('client', 'p12'),
      'ssl.keystore.password': CANARY,
    }),
    job({
      ...SSL,
      'ssl.keystore.key': key.replace('BEGIN', 'BEGINN'),
      'ssl.keystore.certificate.chain': certificate,
    }),
    job({ ...SSL, 'ssl.keystore.key': key, 'ssl.keystore.certificate.chain': key }),
    job({
      ...SSL,
      'ssl.keystore.key': key,
      'ssl.keystore.certificate.chain': certificate,
      'ssl.truststore.certificates': key,
    }),
    ...[
      `"${CANARY}";`,
      `"${CANARY}"`,
      `"${CANARY};`,
      `${CANARY} x;`,
      `"x" ${CANARY}="y";`,
      `"x" y="${CANARY}";`,
    ].map((rest) =>
      job({
        'security.protocol': 'SASL_SSL',
        'sasl.mechanism': 'SCRAM-SHA-256',
        'sasl.jaas.config': jaas(rest),
      }),
    ),
    job({ ...SSL, 'ssl.keystore.key': key, 'ssl.keystore.certificate.chain': certificate }),
  ];
  for (const text of texts) {
    const loaded = load(text);
    const explained =
      loaded.config === undefined
        ? []
        : [
            explainClient('consumer', loaded.config, loaded),
            explainClient('producer', loaded.config, loaded),
          ];
    const printed = JSON.stringify([loaded.problems, loaded.notes, explained]);
    for (const secret of [CANARY, ...secretsOfKey]) assert.ok(!printed.includes(secret), printed);
  }
});

test(
  'an explanation has every property with its value, origin and reason, and certificates as a ' +
    'count and digests',
  () => {
    const loaded = load(
      job({
        ...SSL,
        'ssl.truststore.location': tls.path('ca', 'jks'),
        'ssl.truststore.password': tls.password,
        'fetch.max.wait.ms': '400',
      }),
    );
    assert.ok(loaded.config);
    const rows = new Map(explainClient('consumer', loaded.config, loaded).map((row) => [row.name, row]));
    for (const name of loaded.config.consumer.properties.keys()) assert.ok(rows.has(name), name);
    assert.match(rows.get('ssl.ca.pem')?.value ?? '', /^1 certificate, sha256 [0-9a-f]{16}…$/);
    assert.equal(rows.get('ssl.ca.pem')?.key, KEY);
    assert.match(rows.get('fetch.wait.max.ms')?.explanation ?? '', /fetch\.max\.wait\.ms/);
    assert.equal(rows.get('fetch.min.bytes')?.origin, 'default');
    assert.equal(rows.get('check.crcs')?.origin, 'ours');
    for (const row of rows.values())
      assert.ok(row.explanation !== '' || row.origin.startsWith('kd.yml'), row.name);
  },
);
