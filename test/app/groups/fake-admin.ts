/** A cluster as the questions about a group see it. Only these questions are answered. */
import assert from 'node:assert/strict';
import type {
  ClusterAdmin,
  GroupDescription,
  GroupMember,
  GroupOffset,
  ListedOffset,
  NewOffset,
  PartitionOffset,
  TopicDescription,
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
}

export interface FakeAdmin extends ClusterAdmin {
  readonly asked: string[];
  readonly commits: NewOffset[];
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

export function fakeAdmin(world: World): FakeAdmin {
  const asked: string[] = [];
  const commits: NewOffset[] = [];
  const never = (): never => assert.fail('not asked here');
  return {
    asked,
    commits,
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
            topic(name, [], { code: 3, text: 'Broker: Unknown topic or partition' }),
        ),
      );
    },
    offsets: (which, places) =>
      Promise.resolve(
        places.map(({ topic: name, partition }) => {
          const [low, end, stable = end] = world.logs?.[`${name} ${partition}`] ?? [0, 0];
          const offset = which === 'earliest' ? low : which === 'stable' ? stable : end;
          const answer = { topic: name, partition, offset, timestamp: -1, ...NO_ERROR };
          return world.listed?.(answer) ?? answer;
        }),
      ),
    describeCluster: () =>
      Promise.resolve({ clusterId: 'cluster-1', controller: 1, nodes: [], operations: null }),
    alterOffsets: (_group, offsets) => {
      commits.push(...offsets);
      return Promise.resolve(
        offsets.map(({ topic: name, partition, offset }) => {
          const answer = { topic: name, partition, offset, ...NO_ERROR };
          return world.altered?.(answer) ?? answer;
        }),
      );
    },
    firstOfTime: never,
    topicSettings: never,
    brokerSettings: never,
    createTopics: never,
    close: () => Promise.resolve(),
  };
}
