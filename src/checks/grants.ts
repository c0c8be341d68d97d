/** The command that grants a right, for the authorizer of this kind of cluster. */

import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { ClientSide } from '../core/client-side.js';

export type Resource =
  | { readonly kind: 'topic' | 'group'; readonly name: string }
  | { readonly kind: 'cluster' };

/** The names that MSK's policies use. */
const ACTIONS: Readonly<Record<string, string>> = {
  'topic READ': 'ReadData',
  'topic WRITE': 'WriteData',
  'topic DESCRIBE': 'DescribeTopic',
  'topic CREATE': 'CreateTopic',
  'group READ': 'AlterGroup',
  'group DESCRIBE': 'DescribeGroup',
  'cluster IDEMPOTENT_WRITE': 'WriteDataIdempotently',
};

export function grant(
  config: ResolvedConfig,
  side: ClientSide,
  resource: Resource,
): (missing: readonly string[]) => string {
  const { tokens } = config[side];
  if (tokens?.kind === 'msk-iam') {
    const where = resource.kind === 'cluster' ? 'the cluster' : `${resource.kind} ${resource.name}`;
    const action = (operation: string): string =>
      `kafka-cluster:${ACTIONS[`${resource.kind} ${operation}`] ?? operation}`;
    return (missing) => `allow ${missing.map(action).join(', ')} on ${where} in the IAM policy`;
  }
  const at = resource.kind === 'cluster' ? '--cluster' : `--${resource.kind} ${resource.name}`;
  return (missing) =>
    `kafka-acls.sh --add --allow-principal ${quoted(`User:${userOf(config, side)}`)} ` +
    `${missing.map((one) => `--operation ${aclName(one)}`).join(' ')} ${at}`;
}

/** As kafka-acls.sh writes them: a name of two words has no underscore there. */
function aclName(operation: string): string {
  if (!operation.includes('_')) return operation.toLowerCase();
  return operation.toLowerCase().replaceAll(/(?:^|_)([a-z])/g, (_, first: string) => first.toUpperCase());
}

/** The user's name as far as it is known here: brokers may map principals. */
function userOf(config: ResolvedConfig, side: ClientSide): string {
  const { properties, certificates } = config[side];
  const name = properties.get('sasl.username');
  if (name !== undefined && name !== '') return name;
  const own = certificates.find(({ use }) => use === 'keystore');
  if (own !== undefined) return own.subject;
  return (properties.get('security.protocol') ?? 'plaintext').toLowerCase().startsWith('sasl')
    ? 'NAME'
    : 'ANONYMOUS';
}

function quoted(text: string): string {
  return /^[\w:.@-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
