import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, resolved, write } from '../support.js';
import { job, SSL } from './job.js';

test('Java logins become the properties of their mechanism', () => {
  const login = (mechanism: string, jaas: string, more = {}) =>
    resolved(
      job({
        'security.protocol': 'SASL_SSL',
        ...(mechanism === '' ? {} : { 'sasl.mechanism': mechanism }),
        'sasl.jaas.config': jaas,
        ...more,
      }),
    ).consumer;
  const scram = login(
    'SCRAM-SHA-512',
    'a.ScramLoginModule required username="u" password="p\\"w";',
  ).properties;
  assert.deepEqual(
    [scram.get('sasl.mechanisms'), scram.get('sasl.username'), scram.get('sasl.password')],
    ['SCRAM-SHA-512', 'u', 'p"w'],
  );
  assert.equal(
    login('', 'a.PlainLoginModule required username="u" password="p";').properties.get('sasl.mechanisms'),
    'PLAIN',
  );
  const oidc = login('OAUTHBEARER', 'a.OAuthBearerLoginModule required clientId="c" clientSecret="s";', {
    'sasl.oauthbearer.token.endpoint.url': 'https://issuer/token',
    'sasl.login.callback.handler.class':
      'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginCallbackHandler',
  });
  assert.equal(oidc.properties.get('sasl.oauthbearer.method'), 'oidc');
  assert.equal(oidc.properties.get('sasl.oauthbearer.client.secret'), 's');
  assert.equal(oidc.tokens, undefined);
  for (const [mechanism, jaas, words] of [
    ['', 'a.ScramLoginModule required username="u" password="p";', /several mechanisms/],
    ['PLAIN', 'a.ScramLoginModule required username="u" password="p";', /does not match/],
    ['OAUTHBEARER', 'a.OAuthBearerLoginModule required clientId="c";', /no source of tokens/],
    [
      'SCRAM-SHA-1024',
      'a.ScramLoginModule required username="u" password="p";',
      /not a supported SASL mechanism/,
    ],
  ] as const) {
    const { config, problems } = load(
      job({
        'security.protocol': 'SASL_SSL',
        ...(mechanism === '' ? {} : { 'sasl.mechanism': mechanism }),
        'sasl.jaas.config': jaas,
      }),
    );
    assert.equal(config, undefined, jaas);
    assert.match(problems.map(({ message }) => message).join(), words);
  }
  assert.match(
    load(job({ 'security.protocol': 'SASL_SSL' })).problems[0]?.message ?? '',
    /needs sasl\.mechanism/,
  );
  assert.match(
    load(job({ ...SSL, 'sasl.mechanism': 'PLAIN' })).problems[0]?.message ?? '',
    /connects without a login/,
  );
});

test('MSK IAM becomes OAUTHBEARER with tokens for the region of the brokers', () => {
  const iam = {
    'security.protocol': 'SASL_SSL',
    'sasl.mechanism': 'AWS_MSK_IAM',
    'sasl.jaas.config': 'software.amazon.msk.auth.iam.IAMLoginModule required awsProfileName=prod;',
  };
  const msk = resolved(job(iam, '', 'b-1.demo.x1.c2.kafka.eu-central-1.amazonaws.com:9098')).producer;
  assert.deepEqual(msk.tokens, { kind: 'msk-iam', profile: 'prod', region: 'eu-central-1' });
  assert.equal(msk.properties.get('sasl.mechanisms'), 'OAUTHBEARER');
  assert.deepEqual(resolved(job(iam), { environment: { AWS_REGION: 'us-west-2' } }).consumer.tokens, {
    kind: 'msk-iam',
    profile: 'prod',
    region: 'us-west-2',
  });
  const nowhere = load(job(iam));
  assert.equal(nowhere.config, undefined);
  assert.match(nowhere.problems.map(({ message }) => message).join(), /AWS_REGION/);
});

test('a token provider makes the mechanism OAUTHBEARER, and is refused with any other', () => {
  write('tokens.mjs', 'export default async () => ({ token: "", expiryTime: 0 });');
  const text = (properties: Record<string, string>): string =>
    job(properties).replace('  consumer:', '  token-provider: ./tokens.mjs\n  consumer:');
  const { tokens, properties } = resolved(text({ 'security.protocol': 'SASL_SSL' })).consumer;
  assert.ok(tokens?.kind === 'module' && tokens.path.endsWith('/tokens.mjs'));
  assert.equal(properties.get('sasl.mechanisms'), 'OAUTHBEARER');
  assert.equal(load(text({ 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'PLAIN' })).config, undefined);
  assert.match(load(text({})).problems[0]?.message ?? '', /connects without a login/);
});
