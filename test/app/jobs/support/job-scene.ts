/** A job on a cluster in memory: the topic `in` with two partitions, whose offsets go from 100 to 200. */

import { type OpenedJob, openJob } from '../../../../src/app/jobs/open-job.js';
import type { PlacedJob } from '../../../../src/app/jobs/place-job.js';
import { type JobRequest, jobConfig } from '../../../../src/app/jobs/request.js';
import type { JobPin } from '../../../../src/core/jobs/job-record.js';
import { type Position, parsePosition } from '../../../../src/core/positions/position.js';
import { jobConfig as config } from '../../../checks/support.js';
import { type FakeAdmin, fakeAdmin, topic, type World } from '../../groups/fake-admin.js';
import { Lines } from '../../reload/helpers.js';
import { type Entry, type MemoryStore, memoryStore } from './memory-store.js';

export const AT = '2026-11-28T10:00:00.000Z';
export const TOPIC_ID = 'AAAAAAAAQACAAAAAAAAAAQ';
export const DIGESTS = { 'dispatcher.transform': 'a' };

export const WORLD: World = {
  topics: [topic('in', [1, 1])],
  logs: { 'in 0': [100, 200], 'in 1': [100, 200] },
};

/** Everything of both partitions. */
export const PIN: JobPin = {
  createdAt: AT,
  version: '1.0.0',
  from: { text: 'earliest' },
  until: { text: 'end' },
  partitions: null,
  parts: DIGESTS,
  topics: [
    {
      topic: 'in',
      id: TOPIC_ID,
      ranges: [
        [0, 100, 200],
        [1, 100, 200],
      ],
    },
  ],
};

export const BEGUN: readonly Entry[] = [
  [1, 'pin', 'a', PIN],
  [1, 'started', '', { at: AT }],
];
export const FINISHED: readonly Entry[] = [...BEGUN, [1, 'finished', '', { at: AT }]];

/** `typed`: the options as on the command line. */
export interface Wish {
  readonly from?: string;
  readonly until?: string;
  readonly partitions?: readonly number[];
  readonly again?: boolean;
  readonly acceptChange?: boolean;
}

const typed = (text: string | undefined): { text: string; position: Position } | undefined =>
  text === undefined ? undefined : { text, position: parsePosition(text, Date.parse(AT), () => '{}') };

export function request({
  from,
  until,
  partitions,
  again = false,
  acceptChange = false,
}: Wish = {}): JobRequest {
  return {
    name: 'j',
    from: typed(from),
    until: typed(until),
    partitions:
      partitions === undefined ? undefined : { text: partitions.join(','), numbers: new Set(partitions) },
    again,
    acceptChange,
  };
}

export interface Scene {
  readonly store: MemoryStore;
  readonly admin: FakeAdmin;
  readonly logger: Lines;
  readonly placed: PlacedJob[];
  readonly open: (wish?: Wish, digests?: Readonly<Record<string, string>>) => Promise<OpenedJob>;
}

export async function scene(
  entries: readonly Entry[] = [],
  world: World = WORLD,
  set: readonly string[] = [],
): Promise<Scene> {
  const store = await memoryStore(...entries);
  const [admin, logger, placed] = [fakeAdmin(world), new Lines(), [] as PlacedJob[]];
  const own = jobConfig(config(set), 'j');
  return {
    store,
    admin,
    logger,
    placed,
    open: (wish, digests = DIGESTS) =>
      openJob({
        admin,
        config: own,
        baseGroup: 'g',
        store,
        request: request(wish),
        digests,
        logger,
        placed: (found) => placed.push(found),
      }),
  };
}

/** `0:100`: partition and offset, in the order in which they were committed. */
export function commitsOf({ commits }: FakeAdmin): readonly string[] {
  return commits.map(({ partition, offset }) => `${partition}:${offset}`);
}
