import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { checkCreatable } from '../../../src/kafka/client/client-config.js';
import { loadNative } from '../../../src/kafka/native.js';
import { oidcFailure, oidcSilence } from '../../../src/kafka/tokens/oidc.js';

const OIDC = {
  'security.protocol': 'SASL_PLAINTEXT',
  'sasl.mechanisms': 'OAUTHBEARER',
  'sasl.oauthbearer.method': 'oidc',
  'sasl.oauthbearer.client.id': 'id',
  'sasl.oauthbearer.client.secret': 'secret',
};

test(
  'whether a client can be created is known immediately, even if ' + 'its token endpoint never answers',
  async () => {
    const silent = createServer();
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const address = silent.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const startedMs = performance.now();
    checkCreatable(loadNative(), 'producer', {
      ...OIDC,
      'sasl.oauthbearer.token.endpoint.url': `http://127.0.0.1:${port}/token`,
    });
    assert.ok(performance.now() - startedMs < 10_000, 'librdkafka waits twenty seconds for an answer');
    silent.close();
  },
);

test('missing client credentials are still refused', () => {
  assert.throws(
    () => checkCreatable(loadNative(), 'producer', OIDC),
    /sasl\.oauthbearer\.token\.endpoint\.url. is mandatory/,
  );
});

const LINE = 'Failed to retrieve OIDC token from "http://issuer/token": ';

test(
  'a token endpoint that refuses the client means exit 8; one that ' + 'is unreachable or fails means exit 3',
  () => {
    const exitOf = (text: string): number | undefined =>
      oidcFailure('consumer', { lines: ['x: Connection refused', text], cause: undefined })?.exitCode;
    assert.equal(exitOf(`${LINE}{"error":"invalid_client"} (401)`), 8);
    assert.equal(exitOf(`${LINE}{"error":"invalid_scope"} (400)`), 8);
    assert.equal(exitOf(`${LINE}slow down (429)`), 3);
    assert.equal(exitOf(`${LINE}Could not connect to server (-1)`), 3);
    assert.equal(exitOf('localhost:9092: Connection refused'), undefined);
  },
);

test('an endpoint that was asked repeatedly until the client was given up is reported as such', () => {
  const error = oidcFailure('consumer', { lines: [`${LINE}Terminating (-1)`], cause: undefined });
  assert.match(
    error?.message ?? '',
    /issuer\/token": it does not answer, or answers with a temporary error$/,
  );
});

test('silence with client credentials means a missing token, unless something else was reported', () => {
  const properties = new Map(
    Object.entries({ ...OIDC, 'sasl.oauthbearer.token.endpoint.url': 'http://issuer/token' }),
  );
  const silent = { lines: [], cause: undefined };
  const error = oidcSilence('producer', properties, silent);
  assert.equal(error?.exitCode, 3);
  assert.match(error.message, /^no token for the producer: http:\/\/issuer\/token: it does not answer/);
  assert.equal(
    oidcSilence('producer', properties, { ...silent, lines: ['localhost:9092: Connection refused'] }),
    undefined,
  );
  assert.equal(
    oidcSilence('producer', new Map(properties).set('sasl.oauthbearer.method', 'default'), silent),
    undefined,
  );
  assert.equal(oidcSilence('producer', new Map(), silent), undefined);
});
