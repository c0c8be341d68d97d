import { execFileSync } from 'node:child_process';
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeJks } from '../../stores/jks-writer.js';
import type { atEndOf } from '../../support/at-end.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { type SecureCluster, type SecureListener, USERS } from '../../support/secure-cluster.js';
import type { TokenEndpoint } from '../../support/token-issuer.js';
import { Canaries } from '../canaries.js';

export const canaries = new Canaries();
export const SECRET = {
  truststore: canaries.secret('truststore'),
  keystore: canaries.secret('keystore'),
  key: canaries.secret('key password'),
  jaas: canaries.secret('jaas'),
  file: canaries.secret('file'),
  environment: canaries.secret('environment'),
  set: canaries.secret('set', ''),
  option: canaries.secret('option X'),
  command: canaries.secret('command config', '+/%&'),
  client: canaries.secret('client secret', '+/%&'),
  token: canaries.secret('token', '.abc-_~+/='),
  custom: canaries.secret('custom option'),
  userInfo: canaries.secret('user info', ''),
  wrong: canaries.secret('wrong store password'),
};
canaries.known('password of a user', USERS.admin.password);

export const topics = {
  input: uniqueName('canary-in'),
  output: uniqueName('canary-out'),
  dead: uniqueName('canary-dlq'),
};

const MODULES = 'org.apache.kafka.common.security';

/** What every scene shares: a cluster with all logins, a token endpoint, stores and topics. */
export interface Stage {
  readonly secure: SecureCluster;
  readonly endpoint: TokenEndpoint;
  readonly root: string;
  readonly stores: Stores;
}

interface Stores {
  readonly trust: string;
  readonly other: string;
  readonly keystore: string;
  readonly key: string;
  readonly chain: string;
}

/** `atEnd` gets what is to be cleaned up. */
export async function setStage(secure: SecureCluster, atEnd: ReturnType<typeof atEndOf>): Promise<Stage> {
  const endpoint = await secure.tokens.listen({ id: USERS.admin.name, secret: SECRET.client }, 600);
  atEnd(() => endpoint.close());
  const root = mkdtempSync(join(tmpdir(), 'kd-canaries-'));
  atEnd(() => rmSync(root, { recursive: true, force: true }));
  const stores = makeStores(secure, root);
  for (const name of Object.values(topics)) await secure.cluster.createTopic(name, { partitions: 1 });
  await secure.cluster.tool.produce({
    topic: topics.input,
    recipe: { seed: 1, records: 20, partitions: 1, keys: 'mixed', headers: true, holes: false },
  });
  return { secure, endpoint, root, stores };
}

/** Stores whose passwords are canaries. */
function makeStores({ tls }: SecureCluster, root: string): Stores {
  const { certificate: chain, key } = tls.pem('client');
  canaries.key('key', key, chain);
  canaries.known('password of the stores', tls.password);
  const authority = new X509Certificate(tls.pem('ca').certificate).raw;
  const at = (name: string): string => join(root, name);
  writeFileSync(at('trust.jks'), writeJks({ password: SECRET.truststore, certificates: [authority] }));
  writeFileSync(at('other.jks'), writeJks({ password: 'another', certificates: [authority] }));
  const args = [
    'pkcs12',
    '-export',
    '-in',
    tls.path('client', 'pem'),
    '-out',
    at('client.p12'),
    '-passout',
    'env:PASS',
  ];
  execFileSync('openssl', args, { env: { ...process.env, PASS: plain(SECRET.keystore) } });
  const encrypted = createPrivateKey(key).export({
    type: 'pkcs8',
    format: 'pem',
    cipher: 'aes-256-cbc',
    passphrase: SECRET.key,
  });
  return {
    trust: at('trust.jks'),
    other: at('other.jks'),
    keystore: at('client.p12'),
    key: String(encrypted),
    chain,
  };
}
const plain = (text: string): string => text.replace('é', '');

/** A configuration with every field set; nothing listens at its address. */
export function everything({ stores }: Stage): Readonly<Record<string, object>> {
  const jaas = SECRET.jaas.replaceAll(/["\\]/g, '\\$&');
  return {
    kafka: {
      'bootstrap-servers': '127.0.0.1:1',
      properties: {
        'security.protocol': 'SASL_SSL',
        'ssl.truststore.location': stores.trust,
        'ssl.truststore.password': SECRET.truststore,
        debug: 'all',
      },
    },
    consumer: {
      'group-id': uniqueName('canary'),
      topics: [topics.input],
      properties: {
        'ssl.keystore.location': stores.keystore,
        'ssl.keystore.password': plain(SECRET.keystore),
        'sasl.mechanism': 'SCRAM-SHA-512',
        'sasl.jaas.config': `${MODULES}.scram.ScramLoginModule required username="me" password="${jaas}";`,
      },
    },
    producer: {
      topic: topics.output,
      properties: {
        'ssl.keystore.key': stores.key,
        'ssl.keystore.certificate.chain': stores.chain,
        'ssl.key.password': SECRET.key,
        'sasl.mechanism': 'PLAIN',
        'sasl.username': 'me',
        'sasl.password': '${file:word.txt}',
      },
    },
    dispatcher: {
      'dead-letter': { topic: topics.dead },
      options: { apiKey: SECRET.custom, url: `https://me:${SECRET.userInfo}@host/x`, from: '${DB_PASSWORD}' },
    },
  };
}

/** A job on a listener of the broker, with debug output. */
export function reaching(
  { secure }: Stage,
  listener: SecureListener,
  properties: Readonly<Record<string, string>>,
  more: Partial<Record<string, object>> = {},
): object {
  return {
    kafka: {
      'bootstrap-servers': secure.address(listener),
      properties: { ...secure.javaProperties(listener), debug: 'all', ...properties },
      ...more['kafka'],
    },
    consumer: { 'group-id': uniqueName('canary'), topics: [topics.input], ...more['consumer'] },
    producer: { topic: topics.output },
    dispatcher: { 'dead-letter': { topic: topics.dead }, ...more['dispatcher'] },
    ...(more['server'] === undefined ? {} : { server: more['server'] }),
  };
}

export function login(listener: 'SCRAM' | 'PASSWORD', password: string): Readonly<Record<string, string>> {
  const module = listener === 'SCRAM' ? 'scram.ScramLoginModule' : 'plain.PlainLoginModule';
  const quoted = password.replaceAll(/["\\]/g, '\\$&');
  return { 'sasl.jaas.config': `${MODULES}.${module} required username="admin" password="${quoted}";` };
}

export function clientCredentials({ endpoint }: Stage, secret: string): Readonly<Record<string, string>> {
  return {
    'sasl.oauthbearer.token.endpoint.url': endpoint.url,
    'sasl.jaas.config':
      `${MODULES}.oauthbearer.OAuthBearerLoginModule required ` +
      `clientId="${USERS.admin.name}" clientSecret="${secret}";`,
  };
}
