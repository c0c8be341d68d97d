import assert from 'node:assert/strict';
import { test } from 'node:test';
import { OLD_RELEASES, type OldRelease } from '../../support/java/java.js';
import type { Recipe } from '../../support/java/requests.js';
import { type KafkaCluster, withCluster } from '../../support/kafka-cluster.js';
import { tlsMaterial } from '../../support/tls-material.js';
import { assertExact, Job } from '../job.js';

const recipe: Recipe = {
  seed: 47,
  records: 20_000,
  partitions: 4,
  keys: 'mixed',
  headers: true,
  holes: true,
};

async function withOldBroker(
  release: OldRelease,
  body: (cluster: KafkaCluster, properties: Record<string, string>) => Promise<void>,
): Promise<void> {
  const tls = await tlsMaterial();
  const properties = {
    'ssl.keystore.type': 'JKS',
    'ssl.keystore.location': tls.path('server', 'jks'),
    'ssl.keystore.password': tls.password,
    'ssl.key.password': tls.password,
  };
  await withCluster(
    {
      brokers: 1,
      release,
      listeners: [{ name: 'TLS', protocol: 'SSL', advertisedHost: 'localhost' }],
      properties,
    },
    (cluster) =>
      body(cluster, {
        'security.protocol': 'SSL',
        'ssl.truststore.location': tls.path('ca', 'jks'),
        'ssl.truststore.password': tls.password,
      }),
  );
}

// The newest release (4.3) is the one that all other tests use.
for (const release of OLD_RELEASES) {
  test(
    `with Kafka ${release}: records pass through TLS exact and in order, and a second start ` +
      'continues from the commits',
    () =>
      withOldBroker(release, async (cluster, properties) => {
        // Smaller than the default, to see that the limit reported by the broker is respected.
        const outputConfigs = { 'max.message.bytes': '500000' };
        const bootstrapServers = cluster.bootstrapServersOf('TLS');
        const job = await Job.create({
          cluster,
          partitions: recipe.partitions,
          bootstrapServers,
          properties,
          outputConfigs,
        });
        await cluster.tool.produce({ topic: job.input, recipe });
        const first = await job.runToEnd({ args: ['-v'] });
        assert.equal(first.summary.records.transformed, recipe.records);
        assertExact(
          await cluster.tool.verify({ topics: [job.output], recipe, compare: 'bytes', samePartition: true }),
        );
        assert.equal(await job.committed(), recipe.records);
        assert.match(first.result.stderr, /created again to fit max\.message\.bytes/);
        const second = await job.runToEnd();
        assert.equal(second.summary.records.consumed, 0);
        job.remove();
      }),
  );
}
