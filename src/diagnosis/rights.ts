/** Words for missing rights: who wanted to do what to which resource, and the command that allows it. */
import { printable } from './certificates.js';
import { connectionSettings } from './settings.js';
import { oneLine, tlsMaterial } from './tls-material.js';
import type { DiagnosedCluster } from './types.js';

export type Operation = 'Read' | 'Write' | 'Describe' | 'IdempotentWrite';

export interface MissingRight {
  readonly resource: 'topic' | 'group' | 'transactional-id' | 'cluster';
  /** Several if it is not known which; none for the cluster. */
  readonly names: readonly string[];
  readonly operations: readonly Operation[];
  /** Kafka's own words. */
  readonly text: string;
}

export interface RightWords {
  readonly message: string;
  readonly remedy: string;
}

const NAMES_MAX = 5;
const PLACEHOLDER = 'User:NAME';

/** Describes `right`; `who` is the consumer or the producer. */
export function missingRight(cluster: DiagnosedCluster, who: string, right: MissingRight): RightWords {
  const principal = principalOf(cluster);
  const names = right.names.slice(0, NAMES_MAX);
  const more = right.names.length - names.length;
  const resource =
    right.resource === 'cluster'
      ? 'the cluster'
      : `${WORDS[right.resource]} ${names.join(' or ')}${more > 0 ? ` (or ${more} more)` : ''}`;
  const operations = right.operations.map((name) => name.toUpperCase()).join(' or ');
  const subject =
    principal === undefined ? `the user of the ${who}` : `${principal}, the user of the ${who},`;
  const grants =
    names.length === 0
      ? [line(cluster, principal, right)]
      : names.map((name) => line(cluster, principal, right, name));
  return {
    message:
      `Kafka refuses the ${who}: ${subject} has no right to ${operations} on ${resource} ` +
      `(${printable(right.text)})`,
    remedy: `allow it, as an administrator: ${grants.join('; ')}`,
  };
}

const WORDS = { topic: 'topic', group: 'group', 'transactional-id': 'transactional id' } as const;

function line(
  cluster: DiagnosedCluster,
  principal: string | undefined,
  { resource, operations }: MissingRight,
  name?: string,
): string {
  const target = resource === 'cluster' ? '--cluster' : `--${resource} ${quoted(name ?? '')}`;
  const allowed = operations.map((operation) => `--operation ${operation}`).join(' ');
  const [server] = cluster.bootstrapServers;
  return (
    `kafka-acls.sh --bootstrap-server ${server ?? 'HOST:PORT'} --command-config admin.properties ` +
    `--add --allow-principal ${quoted(principal ?? PLACEHOLDER)} ${allowed} ${target}`
  );
}

function quoted(text: string): string {
  return /^[\w.:=,@/-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}

/**
 * The principal that brokers use without mapping rules; undefined if only the broker knows it (a token's
 * subject, Kerberos).
 */
export function principalOf(cluster: DiagnosedCluster): string | undefined {
  const { sasl, tls, mechanism, username } = connectionSettings(cluster);
  if (sasl)
    return username === '' || mechanism === 'OAUTHBEARER' || mechanism === 'GSSAPI'
      ? undefined
      : `User:${username}`;
  if (!tls) return 'User:ANONYMOUS';
  const { ownCertificate, hasCertificate } = tlsMaterial(cluster);
  if (ownCertificate !== undefined) return `User:${printable(oneLine(ownCertificate.subject))}`;
  return hasCertificate ? undefined : 'User:ANONYMOUS';
}
