/** A cluster as the questions about a group see it. Only these questions are answered. */
import assert from 'node:assert/strict';
import type {
  BrokerNode,
  ClusterAdmin,
  GroupDescription,
  GroupMember,
  GroupOffset,
  ListedOffset,
  NewOffset,
  NewTopic,
  PartitionOffset,
  TopicDescription,
  TopicResult,
} from '../../../src/ports/admin.js';

export const NO_ERROR = { code: 0, text: '' };

export interface World {
  readonly group?: Partial<GroupDescription>;
  readonly topics?: readonly TopicDescription[];
  readonly committed?: readonly GroupOffset[];
  /** The first offset, the next one, and where a transaction is open; by `topic partition`. */
  readonly logs?: Readonly<Record<string, readonly [low: number, end: number, stable?: number]>>;
  readonly listed?: (one: ListedOffset) => ListedOffset;
  readonly altered?: (one: PartitionOffset) => PartitionOffset;
  /** The first record of any time, by `topic partition`. */
  readonly timed?: Readonly<Record<string, readonly [offset: number, timestampMs: number]>>;
  /** By topic; null: secret. */
  readonly settings?: Readonly<Record<string, Readonly<Record<string, string | null>>>>;
  readonly created?: (one: TopicResult) => TopicResult;
  readonly brokers?: number;
}

export interface FakeAdmin extends ClusterAdmin {
  readonly asked: string[];
  readonly commits: NewOffset[];
  readonly created: NewTopic[];
}

export function member(clientId: string, more: Partial<GroupMember> = {}): GroupMember {
  return { clientId, instanceId: null, memberId: `${clientId}-1`, host: '/10.0.0.7', partitions: 2, ...more };
}

/** A leader of −1: none. */
export function topic(
  name: string,
  leaders: readonly number[],
  more: Partial<TopicDescription> = {},
): TopicDescription {
  const partitions = leaders.map((leader, id) => ({ id, leader, replicas: [1], inSync: [1] }));
  return { name, topicId: 'AAAAAAAAQACAAAAAAAAAAQ', operations: null, partitions, ...NO_ERROR, ...more };
}

export function commit(
  name: string,
  partition: number,
  offset: number,
  more: Partial<GroupOffset> = {},
): GroupOffset {
  return { topic: name, partition, offset, metadata: '', ...NO_ERROR, ...more };
}

function nodes(count = 0): readonly BrokerNode[] {
  return Array.from({ length: count }, (_, id) => ({ id, host: 'localhost', port: 9092 + id, rack: null }));
}

export function fakeAdmin(world: World): FakeAdmin {
  const asked: string[] = [];
  const commits: NewOffset[] = [];
  const created: NewTopic[] = [];
  const never = (): never => assert.fail('not asked here');
  return {
    asked,
    commits,
    created,
    describeGroup: (group) => {
      asked.push(`group ${group}`);
      return Promise.resolve({
        group,
        state: 'Empty',
        type: 'Classic',
        assignor: '',
        coordinator: null,
        operations: null,
        members: [],
        ...NO_ERROR,
        ...world.group,
      });
    },
    committedOffsets: () => Promise.resolve(world.committed ?? []),
    topicNames: () => Promise.resolve((world.topics ?? []).map(({ name }) => name)),
    describeTopics: (names) => {
      asked.push(`topics ${names.join(' ')}`);
      return Promise.resolve(
        names.map(
          (name) =>
            world.topics?.find((one) => one.name === name) ??
            created.flatMap((one) => (one.name === name ? [topic(name, [1])] : []))[0] ??
            topic(name, [], { code: 3, text: 'Broker: Unknown topic or partition' }),
        ),
      );
    },
    offsets: (which, places) =>
      Promise.resolve(
        places.map(({ topic: name, partition }) => {
          const [low, end, stable = end] = world.logs?.[`${name} ${partition}`] ?? [0, 0];
          const timed = world.timed?.[`${name} ${partition}`]?.[0] ?? -1;
          const known = which === 'earliest' ? low : which === 'stable' ? stable : end;
          const offset = typeof which === 'number' ? timed : known;
          const answer = { topic: name, partition, offset, timestamp: -1, ...NO_ERROR };
          return world.listed?.(answer) ?? answer;
        }),
      ),
    describeCluster: () =>
      Promise.resolve({
        clusterId: 'cluster-1',
        controller: 1,
        nodes: nodes(world.brokers),
        operations: null,
      }),
    alterOffsets: (_group, offsets) => {
      commits.push(...offsets);
      return Promise.resolve(
        offsets.map(({ topic: name, partition, offset }) => {
          const answer = { topic: name, partition, offset, ...NO_ERROR };
          return world.altered?.(answer) ?? answer;
        }),
      );
    },
    firstOfTime: (_timestampMs, begins) =>
      Promise.resolve(
        begins.map(({ topic: name, partition, offset }) => {
          const timestamp = world.timed?.[`${name} ${partition}`]?.[1] ?? -1;
          return { topic: name, partition, offset, timestamp, isRecord: true };
        }),
      ),
    topicSettings: (names) =>
      Promise.resolve(
        names.map((name) => {
          const own = Object.entries(world.settings?.[name] ?? {});
          return { name, entries: own.map(([key, value]) => ({ name: key, value, own: true })), ...NO_ERROR };
        }),
      ),
    brokerSettings: never,
    createTopics: (topics, { validateOnly }) => {
      assert.equal(validateOnly, false);
      const results = topics.map(({ name }) => {
        const answer = { name, ...NO_ERROR };
        return world.created?.(answer) ?? answer;
      });
      created.push(...topics.filter((_, index) => results[index]?.code === 0));
      return Promise.resolve(results);
    },
    close: () => Promise.resolve(),
  };
}
