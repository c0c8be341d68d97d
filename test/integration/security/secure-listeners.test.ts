import assert from 'node:assert/strict';
import { before, test } from 'node:test';
import { atEndOf } from '../../support/at-end.js';
import type { Recipe } from '../../support/java/requests.js';
import {
  type SecureCluster,
  type SecureListener,
  startSecureCluster,
  USERS,
} from '../../support/secure-cluster.js';
import { assertExact, Job, sized } from '../job.js';

/**
 * One broker with a listener for every way to reach it. Through each the same records pass in and out,
 * checked with Kafka's own client.
 */
let secure: SecureCluster;
let failed = true;

const atEnd = atEndOf();
before(async () => {
  secure = await startSecureCluster();
  atEnd(() => secure.cluster.stop({ failed }));
});

const recipe: Recipe = {
  seed: 41,
  records: sized(100_000, 20_000),
  partitions: 4,
  keys: 'mixed',
  headers: true,
  holes: true,
};

async function passThrough(
  listener: SecureListener,
  properties: Readonly<Record<string, string>>,
): Promise<void> {
  const job = await Job.create({
    cluster: secure.cluster,
    partitions: recipe.partitions,
    bootstrapServers: secure.address(listener),
    properties,
  });
  await secure.cluster.tool.produce({ topic: job.input, recipe });
  const { summary } = await job.runToEnd();
  assert.equal(summary.records.transformed, recipe.records);
  assertExact(
    await secure.cluster.tool.verify({ topics: [job.output], recipe, compare: 'bytes', samePartition: true }),
  );
  assert.equal(await job.committed(), recipe.records);
  job.remove();
}

const WAYS: readonly (readonly [listener: SecureListener, words: string])[] = [
  ['PLAIN', 'PLAINTEXT'],
  ['TLS', 'TLS with a Java truststore'],
  ['MTLS', 'TLS with a client certificate from a Java keystore'],
  ['SCRAM', 'TLS with SCRAM-SHA-512'],
  ['PASSWORD', 'TLS with SASL PLAIN'],
];

for (const [listener, words] of WAYS) {
  test(`every record passes in and out through ${words}, exact and in order`, () =>
    passThrough(listener, secure.javaProperties(listener)));
}

test(
  'every record passes in and out through TLS with a client ' +
    'certificate from a PKCS#12 keystore, exact and in order',
  () =>
    passThrough('MTLS', {
      ...secure.javaProperties('MTLS'),
      'ssl.keystore.location': secure.tls.path('client', 'p12'),
    }),
);

test(
  'every record passes in and out through OAUTHBEARER with ' + 'client credentials, exact and in order',
  async () => {
    const { name } = USERS.admin;
    const endpoint = await secure.tokens.listen({ id: name, secret: 'client-secret' }, 600);
    try {
      const module = 'org.apache.kafka.common.security.oauthbearer.OAuthBearerLoginModule';
      await passThrough('TOKEN', {
        ...secure.javaProperties('TOKEN'),
        'sasl.oauthbearer.token.endpoint.url': endpoint.url,
        'sasl.jaas.config': `${module} required clientId="${name}" clientSecret="client-secret";`,
      });
      assert.ok(endpoint.given() > 0);
    } finally {
      await endpoint.close();
    }
    failed = false;
  },
);
