/**
 * One broker with a listener for every way to reach Kafka, and for most ways to fail:
 *
 *   const secure = await startSecureCluster();   // and at the end: await secure.cluster.stop({ failed })
 *   secure.address('TLS')                        // localhost:<port>, for bootstrap.servers
 *   secure.properties('SCRAM')                   // librdkafka properties of a client that is let in
 *   secure.javaProperties('SCRAM')               // the same in Java's names, stores as JKS
 *   await secure.cluster.tool.grant(USERS.limited.name, [{ resource: 'topic', name: 'orders', operations:
 * ['READ'] }]);
 *
 * An authorizer is on. Who comes without a name of his own (PLAIN, TLS) may do everything, and so may `admin`
 * and the certificate CN=client; `limited` may do nothing that he was not granted. Both are known to SCRAM,
 * to PASSWORD, and as a token's subject to TOKEN.
 */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { KafkaCluster, type ListenerSpec } from './kafka-cluster.js';
import { type TlsMaterial, tlsMaterial } from './tls-material.js';
import { TokenIssuer } from './token-issuer.js';

export const USERS = {
  admin: { name: 'admin', password: 'admin-password' },
  limited: { name: 'limited', password: 'limited-password' },
} as const;
export type User = (typeof USERS)[keyof typeof USERS];

const LISTENERS = {
  PLAIN: 'PLAINTEXT',
  TLS: 'SSL',
  /** A client certificate is required. */
  MTLS: 'SSL',
  /** SCRAM-SHA-512 and SCRAM-SHA-256. */
  SCRAM: 'SASL_SSL',
  /** SASL PLAIN. */
  PASSWORD: 'SASL_SSL',
  /** OAUTHBEARER: tokens of token-issuer.ts, without tolerance for expired ones. */
  TOKEN: 'SASL_SSL',
  /** Its certificate is for another name. */
  WRONGHOST: 'SSL',
  EXPIRED: 'SSL',
  NOTYET: 'SSL',
  /** Answers, but advertises the broker at broker.invalid. */
  ADRIFT: 'PLAINTEXT',
} as const;
export type SecureListener = keyof typeof LISTENERS;

export interface SecureCluster {
  readonly cluster: KafkaCluster;
  readonly tls: TlsMaterial;
  readonly tokens: TokenIssuer;
  /** `localhost:<port>`. */
  address(listener: SecureListener): string;
  /** Without bootstrap.servers; for TOKEN without a token. */
  properties(listener: SecureListener, user?: User): Record<string, string>;
  /** Without bootstrap.servers; for TOKEN without a source of tokens. */
  javaProperties(listener: SecureListener, user?: User): Record<string, string>;
}

export interface SecureOptions {
  readonly brokers?: 1 | 3;
  /** Broker properties, overriding these. */
  readonly properties?: Readonly<Record<string, string>>;
}

export async function startSecureCluster(options: SecureOptions = {}): Promise<SecureCluster> {
  const [tls, tokens] = await Promise.all([tlsMaterial(), TokenIssuer.open()]);
  const keySet = join(tls.folder, 'key-set.json');
  await writeFile(keySet, tokens.keySet());
  const keySetUrl = pathToFileURL(keySet).href;
  const listeners = Object.entries(LISTENERS).filter(([name]) => name !== 'PLAIN');
  const cluster = await KafkaCluster.start({
    brokers: options.brokers ?? 1,
    listeners: listeners.map(
      ([name, protocol]): ListenerSpec => ({ name, protocol, advertisedHost: advertisedHostOf(name) }),
    ),
    properties: { ...brokerProperties(tls, keySetUrl), ...options.properties },
    formatArguments: Object.values(USERS).flatMap(({ name, password }) =>
      ['SCRAM-SHA-512', 'SCRAM-SHA-256'].flatMap((mechanism) => [
        '--add-scram',
        `${mechanism}=[name=${name},password=${password}]`,
      ]),
    ),
    jvmOptions: [
      `-Dorg.apache.kafka.sasl.oauthbearer.allowed.urls=${keySetUrl}`,
      `-Dorg.apache.kafka.sasl.oauthbearer.allowed.files=${keySet}`,
    ],
  });
  return {
    cluster,
    tls,
    tokens,
    address: (listener) => cluster.bootstrapServersOf(listener).replaceAll(/[^,:]+(?=:\d)/g, 'localhost'),
    properties: (listener, user = USERS.admin) => clientProperties(tls, listener, user),
    javaProperties: (listener, user = USERS.admin) => javaProperties(tls, listener, user),
  };
}

function advertisedHostOf(listener: string): string {
  return listener === 'ADRIFT' ? 'broker.invalid' : 'localhost';
}

function brokerProperties(tls: TlsMaterial, keySetUrl: string): Record<string, string> {
  const modules = 'org.apache.kafka.common.security';
  const known = Object.values(USERS).map(({ name, password }) => `user_${name}="${password}"`);
  const keystoreOf = (
    listener: string,
    identity: 'server-wrong-host' | 'server-expired' | 'server-not-yet-valid',
  ): [string, string] => [`listener.name.${listener}.ssl.keystore.location`, tls.path(identity, 'jks')];
  return {
    'ssl.keystore.type': 'JKS',
    'ssl.keystore.location': tls.path('server', 'jks'),
    'ssl.keystore.password': tls.password,
    'ssl.key.password': tls.password,
    'ssl.truststore.type': 'JKS',
    'ssl.truststore.location': tls.path('ca', 'jks'),
    'ssl.truststore.password': tls.password,
    'ssl.client.auth': 'none',
    'listener.name.mtls.ssl.client.auth': 'required',
    ...Object.fromEntries([
      keystoreOf('wronghost', 'server-wrong-host'),
      keystoreOf('expired', 'server-expired'),
      keystoreOf('notyet', 'server-not-yet-valid'),
    ]),
    'listener.name.scram.sasl.enabled.mechanisms': 'SCRAM-SHA-512,SCRAM-SHA-256',
    'listener.name.scram.scram-sha-512.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    'listener.name.scram.scram-sha-256.sasl.jaas.config': `${modules}.scram.ScramLoginModule required;`,
    'listener.name.password.sasl.enabled.mechanisms': 'PLAIN',
    'listener.name.password.plain.sasl.jaas.config':
      `${modules}.plain.PlainLoginModule required ` + `${known.join(' ')};`,
    'listener.name.token.sasl.enabled.mechanisms': 'OAUTHBEARER',
    'listener.name.token.oauthbearer.sasl.jaas.config':
      `${modules}.oauthbearer.OAuthBearerLoginModule ` + `required;`,
    'listener.name.token.oauthbearer.sasl.server.callback.handler.class':
      `${modules}.oauthbearer.` + 'OAuthBearerValidatorCallbackHandler',
    'sasl.oauthbearer.jwks.endpoint.url': keySetUrl,
    'sasl.oauthbearer.clock.skew.seconds': '0',
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': `User:ANONYMOUS;User:${USERS.admin.name};User:CN=client`,
  };
}

function clientProperties(
  tls: TlsMaterial,
  listener: SecureListener,
  { name, password }: User,
): Record<string, string> {
  const protocol = LISTENERS[listener];
  if (protocol === 'PLAINTEXT') return { 'security.protocol': protocol };
  const properties = { 'security.protocol': protocol, 'ssl.ca.pem': tls.pem('ca').certificate };
  const { certificate, key } = tls.pem('client');
  if (listener === 'MTLS') return { ...properties, 'ssl.certificate.pem': certificate, 'ssl.key.pem': key };
  if (listener === 'TOKEN') return { ...properties, 'sasl.mechanisms': 'OAUTHBEARER' };
  const mechanism = MECHANISMS[listener];
  return mechanism === undefined
    ? properties
    : { ...properties, 'sasl.mechanisms': mechanism, 'sasl.username': name, 'sasl.password': password };
}

function javaProperties(
  tls: TlsMaterial,
  listener: SecureListener,
  { name, password }: User,
): Record<string, string> {
  const protocol = LISTENERS[listener];
  if (protocol === 'PLAINTEXT') return { 'security.protocol': protocol };
  const properties = {
    'security.protocol': protocol,
    'ssl.truststore.location': tls.path('ca', 'jks'),
    'ssl.truststore.password': tls.password,
  };
  if (listener === 'MTLS') return { ...properties, ...keystoreProperties(tls) };
  if (listener === 'TOKEN') return { ...properties, 'sasl.mechanism': 'OAUTHBEARER' };
  const mechanism = MECHANISMS[listener];
  if (mechanism === undefined) return properties;
  const module = mechanism === 'PLAIN' ? 'plain.PlainLoginModule' : 'scram.ScramLoginModule';
  const jaas =
    `org.apache.kafka.common.security.${module} required username="${name}" ` + `password="${password}";`;
  return { ...properties, 'sasl.mechanism': mechanism, 'sasl.jaas.config': jaas };
}

function keystoreProperties(tls: TlsMaterial): Record<string, string> {
  return {
    'ssl.keystore.location': tls.path('client', 'jks'),
    'ssl.keystore.password': tls.password,
    'ssl.key.password': tls.password,
  };
}

const MECHANISMS: Readonly<Partial<Record<SecureListener, string>>> = {
  SCRAM: 'SCRAM-SHA-512',
  PASSWORD: 'PLAIN',
};
