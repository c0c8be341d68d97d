/**
 * Each sample of configs/ as a reader would run it, against a real broker: only addresses, names and stores
 * are set from outside.
 */
import assert from 'node:assert/strict';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import type { Summary } from '../../../src/app/summary.js';
import { atEndOf } from '../../support/at-end.js';
import type { Recipe } from '../../support/java/requests.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { type KdResult, lastJson, runKd } from '../../support/kd.js';
import { projectRoot } from '../../support/paths.js';
import {
  type SecureCluster,
  type SecureListener,
  startSecureCluster,
  USERS,
} from '../../support/secure-cluster.js';
import { assertExact, assertLaw } from '../job.js';

const RECIPE: Recipe = { seed: 8, records: 400, partitions: 4, keys: 'mixed', headers: true, holes: false };

interface Sample {
  readonly file: string;
  readonly listener: SecureListener;
  /** Values for the files that a reader would have. */
  readonly environment?: () => Readonly<Record<string, string>>;
}

const SAMPLES: readonly Sample[] = [
  { file: 'local.yml', listener: 'PLAIN', environment: () => ({ KD_SERVER_PORT: '0' }) },
  { file: 'benchmark.yml', listener: 'PLAIN' },
  { file: 'msk-plaintext.yml', listener: 'PLAIN' },
  {
    file: 'msk-tls.yml',
    listener: 'TLS',
    environment: () => ({
      KD_KAFKA_PROPERTIES_SSL_TRUSTSTORE_LOCATION: secure.tls.path('ca', 'jks'),
      KD_KAFKA_PROPERTIES_SSL_TRUSTSTORE_PASSWORD: secure.tls.password,
    }),
  },
  {
    file: 'msk-scram.yml',
    listener: 'SCRAM',
    environment: () => ({
      ...systemTrust(),
      MSK_USERNAME: USERS.admin.name,
      MSK_PASSWORD: USERS.admin.password,
    }),
  },
  {
    file: 'msk-iam.yml',
    listener: 'TOKEN',
    environment: () => ({ ...systemTrust(), AWS_REGION: 'eu-central-1' }),
  },
  {
    file: 'msk-mtls.yml',
    listener: 'MTLS',
    environment: () => ({
      ...systemTrust(),
      KD_KAFKA_PROPERTIES_SSL_KEYSTORE_LOCATION: secure.tls.path('client', 'jks'),
      KEYSTORE_PASSWORD: secure.tls.password,
    }),
  },
];

let secure: SecureCluster;
let folder: string;
let failed = true;

/**
 * Amazon's authorities are in every system's list. The authority of this test broker is not, so it replaces
 * the list.
 */
const systemTrust = (): Record<string, string> => ({
  KD_KAFKA_PROPERTIES_SSL_CA_LOCATION: secure.tls.path('ca', 'pem'),
});

const atEnd = atEndOf();
before(async () => {
  secure = await startSecureCluster();
  atEnd(() => secure.cluster.stop({ failed }));
  folder = mkdtempSync(join(tmpdir(), 'kd-samples-'));
  atEnd(() => rmSync(folder, { recursive: true, force: true }));
  cpSync(join(projectRoot, 'configs'), folder, { recursive: true });
  const signer = join(folder, 'node_modules/aws-msk-iam-sasl-signer-js');
  mkdirSync(signer, { recursive: true });
  const token = secure.tokens.token({ subject: USERS.admin.name, lifeSeconds: 900 });
  writeFileSync(
    join(signer, 'package.json'),
    '{ "name": "aws-msk-iam-sasl-signer-js", "version": "1.0.3", "main": "./index.js" }',
  );
  writeFileSync(
    join(signer, 'index.js'),
    `exports.generateAuthToken = async () => ({ token: '${token}', expiryTime: Date.now() + 900_000 });\n`,
  );
});

interface Ran {
  readonly sample: Sample;
  readonly output: string;
  readonly created: KdResult;
  readonly result: KdResult;
}

async function run(sample: Sample): Promise<Ran> {
  const name = uniqueName(sample.file.replace('.yml', ''));
  const [input, output] = [`${name}-in`, `${name}-out`];
  const env = {
    KD_CONFIG: sample.file,
    KD_KAFKA_BOOTSTRAP_SERVERS: secure.address(sample.listener),
    KD_KAFKA_CONSUMER_GROUP_ID: name,
    KD_KAFKA_CONSUMER_TOPICS: input,
    KD_KAFKA_PRODUCER_TOPIC: output,
    KD_DISPATCHER_DEAD_LETTER_TOPIC: `${name}-dlq`,
    // A single broker can't hold three replicas.
    KD_TOPICS: '{ defaults: { partitions: 4, replication: 1 } }',
    ...sample.environment?.(),
  };
  const created = await runKd(['topics', 'create', '--yes'], { cwd: folder, env });
  if (created.code === 0) await secure.cluster.tool.produce({ topic: input, recipe: RECIPE });
  const result = await runKd(['run', '--until', 'end', '-o', 'json'], { cwd: folder, env });
  return { sample, output, created, result };
}

test(
  'every sample creates its topics and moves every record, with only addresses, names and stores ' + 'set',
  async () => {
    for (const { sample, output, created, result } of await Promise.all(SAMPLES.map(run))) {
      assert.equal(created.code, 0, `${sample.file}: ${created.stdout}${created.stderr}`);
      assert.equal(result.code, 0, `${sample.file}: ${result.stderr}`);
      const summary = lastJson(result.stdout) as Summary;
      assertLaw(summary);
      assert.equal(summary.records.transformed, RECIPE.records, sample.file);
      assertExact(
        await secure.cluster.tool.verify({
          topics: [output],
          recipe: RECIPE,
          compare: 'bytes',
          samePartition: true,
        }),
      );
    }
    failed = false;
  },
);
