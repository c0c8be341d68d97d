/** Checks whether the user has the rights that the run needs. */

import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { ClientSide } from '../core/client-side.js';
import type { ClusterDescription, GroupDescription, Operations, TopicDescription } from '../ports/admin.js';
import { type Check, Findings, listed } from './check.js';
import { grant } from './grants.js';
import { isThere, keyOf, type NeededTopic } from './topic-plan.js';

const GROUP_AUTHORIZATION_FAILED = 30;
const NOT_TOLD = 'this broker does not list the rights of a user (Kafka before 2.3)';

export interface RightsInput {
  readonly config: ResolvedConfig;
  readonly needed: readonly NeededTopic[];
  readonly found: ReadonlyMap<string, TopicDescription>;
  readonly group: GroupDescription | undefined;
  readonly clusters: Readonly<Partial<Record<ClientSide, ClusterDescription>>>;
  /** Brokers before 2.8 require a separate right for an idempotent producer. */
  readonly idempotentWriteNeeded: boolean;
}

export function judgeRights(input: RightsInput): readonly Check[] {
  const checks: Check[] = [];
  for (const topic of input.needed) {
    const description = input.found.get(keyOf(topic));
    if (!isThere(description)) continue;
    const wanted = topic.role === 'input' ? ['READ', 'DESCRIBE'] : ['WRITE', 'DESCRIBE'];
    checks.push(
      judge(
        `topic ${topic.name}`,
        wanted,
        description.operations,
        grant(input.config, topic.side, { kind: 'topic', name: topic.name }),
      ),
    );
  }
  const { group, config } = input;
  if (group !== undefined) checks.push(judgeGroup(config, group));
  const producer = input.clusters.producer;
  if (input.idempotentWriteNeeded && producer !== undefined && idempotent(config)) {
    checks.push(
      judge(
        'cluster',
        ['IDEMPOTENT_WRITE'],
        producer.operations,
        grant(config, 'producer', { kind: 'cluster' }),
      ),
    );
  }
  return checks;
}

function judgeGroup(config: ResolvedConfig, group: GroupDescription): Check {
  const granting = grant(config, 'consumer', { kind: 'group', name: group.group });
  if (group.code !== GROUP_AUTHORIZATION_FAILED)
    return judge(`group ${group.group}`, ['READ'], group.operations, granting);
  const findings = new Findings('rights', `group ${group.group}`);
  findings.failed('this user may not use the group', granting(['READ', 'DESCRIBE']));
  return findings.checks[0] as Check;
}

function judge(
  subject: string,
  wanted: readonly string[],
  operations: Operations,
  granting: (missing: readonly string[]) => string,
): Check {
  const findings = new Findings('rights', subject);
  const missing = operations === null ? [] : wanted.filter((operation) => !operations.includes(operation));
  if (operations === null) findings.skipped(NOT_TOLD);
  else if (missing.length > 0) findings.failed(`this user may not ${listed(missing)}`, granting(missing));
  else findings.ok(listed(wanted));
  return findings.checks[0] as Check;
}

function idempotent(config: ResolvedConfig): boolean {
  return /^(true|t|1)$/i.test(config.producer.properties.get('enable.idempotence') ?? 'true');
}
