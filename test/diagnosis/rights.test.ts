import assert from 'node:assert/strict';
import { test } from 'node:test';
import { missingRight, principalOf } from '../../src/diagnosis/rights.js';
import { consumerFailure, fatalFailure, rightsFailure } from '../../src/kafka/errors.js';
import { makeMaterial } from './certificates.js';

function cluster(properties: Record<string, string>): Parameters<typeof principalOf>[0] {
  return { bootstrapServers: ['b-1:9096', 'b-2:9096'], properties: new Map(Object.entries(properties)) };
}

const alice = cluster({
  'security.protocol': 'sasl_ssl',
  'sasl.mechanisms': 'SCRAM-SHA-512',
  'sasl.username': 'alice',
  'sasl.password': 'canary',
});

test(
  'the principal is the user of a login, the subject of a client certificate, or ANONYMOUS; ' +
    'unknown for tokens',
  () => {
    assert.equal(principalOf(alice), 'User:alice');
    assert.equal(principalOf(cluster({})), 'User:ANONYMOUS');
    assert.equal(principalOf(cluster({ 'security.protocol': 'ssl' })), 'User:ANONYMOUS');
    assert.equal(
      principalOf(cluster({ 'security.protocol': 'SASL_SSL', 'sasl.mechanism': 'OAUTHBEARER' })),
      undefined,
    );
    const { client, ca } = makeMaterial();
    const mutual = {
      'security.protocol': 'ssl',
      'ssl.ca.pem': ca,
      'ssl.certificate.pem': client.cert,
      'ssl.key.pem': client.key,
    };
    assert.equal(principalOf(cluster(mutual)), 'User:CN=client');
  },
);

test('each kind of right is named with the command that grants it', () => {
  const client = { cluster: alice, topics: ['orders', 'flights'], group: 'g 1' };
  const line =
    'kafka-acls.sh --bootstrap-server b-1:9096 --command-config ' +
    'admin.properties --add --allow-principal User:alice';
  const topic = consumerFailure(
    29,
    'Subscribed topic not available: flights: Broker: Topic authorization failed',
    client,
  );
  assert.match(
    topic?.message ?? '',
    /User:alice, the user of the consumer, has no right to READ on topic flights \(/,
  );
  assert.equal(topic?.exitCode, 8);
  assert.ok(topic.remedy?.includes(`${line} --operation Read --topic flights`));
  assert.doesNotMatch(topic.remedy ?? '', /orders/);
  const group = rightsFailure('consumer', 30, 'Group authorization failed', client);
  assert.ok(group.remedy?.includes(`${line} --operation Read --group 'g 1'`), group.remedy);
  const output = rightsFailure('producer', 29, 'Topic authorization failed', {
    cluster: alice,
    topics: ['out'],
  });
  assert.ok(output.remedy?.includes(`${line} --operation Write --topic out`));
  const idempotent = fatalFailure('producer', 31, 'Cluster authorization failed', {
    cluster: alice,
    topics: [],
  });
  assert.ok(idempotent.remedy?.includes(`${line} --operation IdempotentWrite --cluster`));
  const transactional = {
    cluster: { ...alice, properties: new Map([...alice.properties, ['transactional.id', 'tx-1']]) },
    topics: [],
  };
  const id = rightsFailure('producer', 53, 'Transactional Id authorization failed', transactional);
  assert.match(id.message, /no right to WRITE or DESCRIBE on transactional id tx-1/);
  assert.ok(id.remedy?.includes(`${line} --operation Write --operation Describe --transactional-id tx-1`));
  assert.doesNotMatch(
    JSON.stringify([topic, group, output, idempotent, id].map((error) => [error.message, error.remedy])),
    /canary/,
  );
});

test('a message with many names stays short, and an unknown principal becomes a placeholder', () => {
  const names = Array.from({ length: 40 }, (_, n) => `t${n}`);
  const { message, remedy } = missingRight(
    cluster({ 'security.protocol': 'sasl_ssl', 'sasl.mechanisms': 'OAUTHBEARER' }),
    'consumer',
    {
      resource: 'topic',
      names,
      operations: ['Read'],
      text: 'refused\u001b[31m',
    },
  );
  assert.match(message, /the user of the consumer has no right to READ on topic t0 or t1 or t2 or t3 or t4 /);
  assert.match(message, / t4 \(or 35 more\) \(refused \[31m\)/);
  assert.match(remedy, /--allow-principal User:NAME /);
});
