import assert from 'node:assert/strict';
import { test } from 'node:test';
import { secretsOfEnvironment } from '../../src/config/resolve/secret-values.js';
import { shownValues } from '../../src/config/show/show.js';
import { formatProblem } from '../../src/config/text/problem.js';
import { isSecretName } from '../../src/secrets/names.js';
import { redactor } from '../../src/secrets/redact.js';
import { Secrets } from '../../src/secrets/secrets.js';
import { load, write } from './support.js';

const CANARY = 'Canary-7f3a';

/** A canary in every place where a secret may be. */
const TEXT = `name: job
kafka:
  bootstrap-servers: a:9092
  properties:
    sasl.username: user
    sasl.password: ${CANARY}-1
    ssl: { key: { password: ${CANARY}-2, pem: "${CANARY}-3" } }
    sasl.oauthbearer.client.secret: \${file:secret.txt}
    sasl.oauthbearer.config: "principal=${CANARY}-4"
    client.rack: \${RACK_TOKEN}
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
dispatcher:
  options:
    api-key: ${CANARY}-6
    nested: { password: ${CANARY}-7, list: [{ token: ${CANARY}-8 }] }
    url: postgres://user:${CANARY}-9@host/db
    innocent: \${DB_PASSWORD}
    headers: [{ name: Authorization, value: ${CANARY}-12 }, { key: X-Api-Key, value: ${CANARY}-13 }]
`;

const environment = { RACK_TOKEN: `${CANARY}-5`, DB_PASSWORD: `${CANARY}-10` };

test('no secret is shown, wherever it is and however it was set', () => {
  write('secret.txt', `${CANARY}-11\n`);
  const loaded = load(TEXT, { environment });
  assert.ok(loaded.config, loaded.problems.map(formatProblem).join('\n'));
  const shown = JSON.stringify(shownValues(loaded.config, loaded));
  assert.ok(!shown.includes(CANARY), shown);
  assert.equal(loaded.config.consumer.properties.get('sasl.oauthbearer.client.secret'), `${CANARY}-11`);
  assert.equal(loaded.config.dispatcher.options['innocent'], `${CANARY}-10`);
});

test(
  'workers get every secret of the configuration, wherever it came from, so that dead letters ' +
    'never contain one',
  () => {
    write('secret.txt', `${CANARY}-11\n`);
    const { config } = load(TEXT, { environment });
    const redact = redactor(config?.dispatcher.secrets ?? []);
    for (const number of [1, 2, 3, 5, 6, 7, 8, 9, 10, 11, 12, 13]) {
      const text = number === 9 ? `postgres://user:${CANARY}-9@host/db` : `failed with ${CANARY}-${number}!`;
      assert.ok(!redact(text).includes(CANARY), redact(text));
    }
  },
);

test('no problem quotes a secret, even when the value itself is invalid', () => {
  const faulty = [
    `kafka: { properties: { sasl.password: { deeper: ${CANARY} }, sasl.oauthbearer.client.secrt: ` +
      `${CANARY}, client.rack: [${CANARY}] } }`,
    'dispatcher: { threads: "${DB_PASSWORD}", timeout: "${DB_PASSWORD}", ordering: "${DB_PASSWORD}" }',
    'kafka: { properties: { enable.idempotence: "${DB_PASSWORD}", security.protocol: "${DB_PASSWORD}" }, ' +
      'bootstrap-servers: "${DB_PASSWORD}" }',
    'kafka: { consumer: { topics: ["${DB_PASSWORD} x"] }, producer: { topic: "${DB_PASSWORD} y" } }',
  ];
  for (const text of faulty) {
    const { problems } = load(text, { environment });
    assert.ok(problems.length > 0);
    const printed = problems.map(formatProblem).join('\n');
    assert.ok(!printed.includes(CANARY), printed);
  }
});

test('names of secrets are distinguished from names that only point to them', () => {
  for (const name of [
    'sasl.password',
    'ssl.key.pem',
    'ssl_key_password',
    'KD_KAFKA_PROPERTIES_SASL_PASSWORD',
    'apiKey',
    'client-secret',
    'auth.token',
    'passphrase',
  ])
    assert.ok(isSecretName(name), name);
  for (const name of [
    'ssl.key.location',
    'sasl.oauthbearer.token.endpoint.url',
    'sasl.username',
    'group-id',
    'bypass-checks',
    'token-file',
    'tombstones',
  ])
    assert.ok(!isSecretName(name), name);
});

test('a redactor removes every known secret from text, also in JSON-escaped form, longer ones first', () => {
  const redact = redactor(['abcd', 'abcdef', 'q"uo\\te', 'ab']);
  assert.equal(redact('x abcdef y abcd z ab'), 'x ******** y ******** z ab');
  assert.equal(redact(JSON.stringify({ p: 'q"uo\\te' })), '{"p":"********"}');
  assert.equal(redact('at https://me:pw@host/x'), 'at https://me:********@host/x');
});

test('a redactor recognises secrets in URLs and in base64, and the patterns of tokens', () => {
  const redact = redactor(['wo rd/é?']);
  assert.equal(redact('a=wo%20rd%2F%C3%A9%3F&b'), 'a=********&b');
  assert.equal(redact(`x ${Buffer.from('wo rd/é?').toString('base64')}`).includes('********'), true);
  assert.equal(
    redact('got eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJhZG1pbiJ9.c2lnbmF0dXJlMTIz, refused'),
    'got ********, refused',
  );
  assert.equal(redact('Authorization: Basic YWRtaW46c2VjcmV0MQ=='), 'Authorization: Basic ********');
  assert.equal(redact('Basic authentication is not offered'), 'Basic authentication is not offered');
  assert.equal(
    redact('https://x/?X-Amz-Signature=0a1b&Action=kafka-cluster:Connect'),
    'https://x/?X-Amz-Signature=********&Action=kafka-cluster:Connect',
  );
});

test(
  "a secret found at run time is redacted by everyone who holds this configuration's secrets, and " +
    'by nobody else',
  () => {
    const secrets = new Secrets();
    const { redact } = secrets;
    secrets.add(['first-word']);
    assert.equal(redact('opaque-token-17 first-word'), 'opaque-token-17 ********');
    secrets.remember('opaque-token-17');
    assert.equal(redact('opaque-token-17 first-word'), '******** ********');
    assert.equal(new Secrets().redact('opaque-token-17'), 'opaque-token-17');
    for (let index = 0; index < 4; index += 1) secrets.add([`word-${index}`]);
    assert.equal(redact('first-word word-3'), '******** ********');
    secrets.add(['word-4']);
    assert.equal(redact('first-word word-3'), 'first-word ********');
  },
);

test('credentials in the environment count as secrets, short words and paths do not', () => {
  const given = {
    AWS_SECRET_ACCESS_KEY: `${CANARY}-12`,
    CLIENT_SECRET: 'short',
    TOKEN_DIR: '/var/run/tokens',
    HOME_TOWN: 'Regensburg',
  };
  assert.deepEqual(secretsOfEnvironment(given), [`${CANARY}-12`]);
});
