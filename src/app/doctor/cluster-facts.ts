/**
 * Asks a job's clusters for the facts that `kd topics` and `kd doctor` check: the topics, as far as they can
 * be read.
 */

import { isThere, keyOf, matchingTopics, type NeededTopic, neededTopics } from '../../checks/topic-plan.js';
import { JUDGED_SETTINGS } from '../../checks/topic-settings.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClientSide } from '../../core/client-side.js';
import type { ClusterAdmin, ClusterDescription, Settings, TopicDescription } from '../../ports/admin.js';

export const SIDES: readonly ClientSide[] = ['consumer', 'producer'];

/** A side that can't be reached has no facts. */
export type Admins = Readonly<Partial<Record<ClientSide, ClusterAdmin>>>;

export interface TopicFacts {
  readonly needed: readonly NeededTopic[];
  readonly found: ReadonlyMap<string, TopicDescription>;
  readonly settings: ReadonlyMap<string, Settings>;
  readonly clusters: Readonly<Partial<Record<ClientSide, ClusterDescription>>>;
  readonly brokerCounts: Readonly<Record<ClientSide, number>>;
}

export async function askForTopics(config: ResolvedConfig, admins: Admins): Promise<TopicFacts> {
  const clusters: Partial<Record<ClientSide, ClusterDescription>> = {};
  for (const side of SIDES) {
    const admin = admins[side];
    if (admin !== undefined) clusters[side] = await admin.describeCluster();
  }
  const needed = neededTopics(config, await inputNames(config, admins.consumer));
  const found = new Map<string, TopicDescription>();
  const settings = new Map<string, Settings>();
  await Promise.all(
    SIDES.map((side) =>
      askSide(
        config,
        { side, admin: admins[side], needed: needed.filter((topic) => topic.side === side) },
        { found, settings },
      ),
    ),
  );
  const countOf = (side: ClientSide): number => clusters[side]?.nodes.length ?? 0;
  return {
    needed,
    found,
    settings,
    clusters,
    brokerCounts: { consumer: countOf('consumer'), producer: countOf('producer') },
  };
}

async function inputNames(
  config: ResolvedConfig,
  admin: ClusterAdmin | undefined,
): Promise<readonly string[]> {
  const { topics } = config.consumer;
  return 'pattern' in topics && admin !== undefined
    ? matchingTopics(topics.pattern, await admin.topicNames())
    : [];
}

interface SideQuestion {
  readonly side: ClientSide;
  readonly admin: ClusterAdmin | undefined;
  readonly needed: readonly NeededTopic[];
}

async function askSide(
  config: ResolvedConfig,
  { side, admin, needed }: SideQuestion,
  into: { readonly found: Map<string, TopicDescription>; readonly settings: Map<string, Settings> },
): Promise<void> {
  const names = [...new Set(needed.map(({ name }) => name))];
  if (admin === undefined || names.length === 0) return;
  for (const topic of await admin.describeTopics(names))
    into.found.set(keyOf({ name: topic.name, side }), topic);
  const there = names.filter((name) => isThere(into.found.get(keyOf({ name, side }))));
  for (const one of await topicSettings(config, admin, there)) {
    if (one.code === 0) into.settings.set(keyOf({ name: one.name, side }), one);
  }
}

/** Some users may not read settings, and old brokers do not support it: then they are unknown. */
async function topicSettings(
  config: ResolvedConfig,
  admin: ClusterAdmin,
  names: readonly string[],
): Promise<readonly Settings[]> {
  if (names.length === 0) return [];
  const wished = [config.topics.defaults, ...config.topics.named.values()].flatMap(({ configs }) => [
    ...configs.keys(),
  ]);
  try {
    return await admin.topicSettings(names, [...new Set([...JUDGED_SETTINGS, ...wished])]);
  } catch {
    return [];
  }
}
