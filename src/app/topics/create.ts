/** Creates the missing topics of a job: first the plan and its trial, then the topics. */
import { isThere, keyOf, type PlannedTopic, planTopics } from '../../checks/topic-plan.js';
import { DispatcherError } from '../../core/errors.js';
import type { TopicResult } from '../../ports/admin.js';
import { type Admins, SIDES } from '../doctor/cluster-facts.js';
import type { AskedTopics } from './with-topics.js';

export interface TopicPlan {
  readonly planned: readonly PlannedTopic[];
  /** Names of needed topics that are there. */
  readonly existing: readonly string[];
  /** The answer that the brokers would give. */
  readonly trial: readonly TopicResult[];
}

export async function planMissing({ config, facts, admins }: AskedTopics): Promise<TopicPlan> {
  const planned = planTopics(config, facts.needed, facts.found, facts.brokerCounts);
  const existing = facts.needed
    .filter((topic) => isThere(facts.found.get(keyOf(topic))))
    .map(({ name }) => name);
  return { planned, existing, trial: await createOnEach(planned, admins, true) };
}

export function createPlanned({ planned }: TopicPlan, admins: Admins): Promise<readonly TopicResult[]> {
  return createOnEach(planned, admins, false);
}

export function refusedOf(results: readonly TopicResult[]): readonly TopicResult[] {
  return results.filter(({ code }) => code !== 0);
}

/** Throws where Kafka refused to create something. */
export function requireCreated(failed: readonly TopicResult[]): void {
  if (failed.length === 0) return;
  throw new DispatcherError(
    isRight(failed) ? 'KAFKA_REFUSED' : 'CONFIGURATION',
    `Kafka refuses to create ${failed.map(({ name, text }) => `${name} (${text})`).join(', ')}`,
    {
      remedy: isRight(failed)
        ? 'grant this user CREATE on the cluster or on these topics'
        : 'correct the section topics of the configuration',
    },
  );
}

/** TOPIC_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED */
function isRight(results: readonly TopicResult[]): boolean {
  return results.every(({ code }) => code === 29 || code === 31);
}

/** validateOnly: the brokers validate the request, but create nothing. */
async function createOnEach(
  planned: readonly PlannedTopic[],
  admins: Admins,
  validateOnly: boolean,
): Promise<readonly TopicResult[]> {
  const results = await Promise.all(
    SIDES.map(async (side) => {
      const ofSide = planned.filter(({ needed }) => needed.side === side);
      return ofSide.length === 0 ? [] : ((await admins[side]?.createTopics(ofSide, { validateOnly })) ?? []);
    }),
  );
  return results.flat();
}
