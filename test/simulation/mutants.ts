import { DispatcherError } from '../../src/core/errors.js';
import type { DispatcherDeps } from '../../src/dispatcher/settings.js';
import type { Group, GroupEvents } from '../../src/ports/group.js';
import type { Sink, SinkEvents } from '../../src/ports/sink.js';
import type { Source, SourceEvents } from '../../src/ports/source.js';
import { NOTHING_ANSWERED } from '../../src/ports/transform-pool.js';
import { CONCERNS, LAWS } from './mutant-laws.js';
import type { Scenario } from './scenario.js';
import type { Mutation } from './simulate.js';

function groupOf({ group }: DispatcherDeps): Group {
  if (group === undefined) throw new Error('the simulated source has no group');
  return group;
}

/** An object that behaves like another, except for the given members. */
function but<T extends object>(whole: T, changed: Partial<T>): T {
  return new Proxy(whole, {
    get(target, name: string & keyof T) {
      const value: unknown = changed[name] ?? target[name];
      return typeof value === 'function'
        ? (...args: unknown[]): unknown => Reflect.apply(value, target, args)
        : value;
    },
  });
}

const source = (change: (real: Source) => Partial<Source>): Mutation => ({
  deps: (deps) => ({ ...deps, source: but(deps.source, change(deps.source)) }),
});
const sourceEvents = (change: (events: SourceEvents) => Partial<SourceEvents>): Mutation =>
  source((real) => ({ start: (events) => real.start({ ...events, ...change(events) }) }));
const groupEvents = (
  change: (events: GroupEvents, deps: DispatcherDeps) => Partial<GroupEvents>,
): Mutation => ({
  deps: (deps) => ({
    ...deps,
    group: but(groupOf(deps), {
      listen: (events) => groupOf(deps).listen({ ...events, ...change(events, deps) }),
    }),
  }),
});
const sinkEvents = (change: (events: SinkEvents) => Partial<SinkEvents>): Mutation => ({
  deps: (deps) => ({
    ...deps,
    sink: but(deps.sink, { start: (events) => deps.sink.start({ ...events, ...change(events) }) }),
  }),
});

export interface Mutant {
  readonly mutation: Mutation;
  /** The law that must catch it. */
  readonly breaks: RegExp;
  /** Whether the mutant differs at all in such a run. */
  readonly concerns: (scenario: Scenario) => boolean;
}

const HOUR_MS = 3_600_000;

/** Dispatchers that each break one promise. Each is made by changing the calls through its ports. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'commits past an unsettled record, up to the highest one that is settled': {
    deps: (deps, { ledger, group }) => ({
      ...deps,
      commits: but(deps.commits, {
        store: (offsets) =>
          deps.commits.store(
            offsets.map(({ partitionId, offset }) => {
              const page = ledger.pages.get(group.partition(partitionId).log);
              const highest = page?.log.records[page.done.lastIndexOf(1)]?.offset ?? -1;
              return { partitionId, offset: Math.max(offset, highest + 1) };
            }),
          ),
      }),
    }),
  },
  'forgets where to stop when it reads again': source((real) => ({
    seek: ({ partitionId, topic, partition, epoch, offset }) =>
      real.seek({ partitionId, topic, partition, epoch, offset }),
  })),
  'commits one record too many': {
    deps: (deps) => ({
      ...deps,
      commits: but(deps.commits, {
        store: (offsets) =>
          deps.commits.store(offsets.map(({ partitionId, offset }) => ({ partitionId, offset: offset + 1 }))),
      }),
    }),
  },
  'writes results of an ended assignment': {
    sink: (settings) => ({ ...settings, ignoresEpochs: true }),
  },
  'gives partitions back before they are drained': {
    deps: (deps) => {
      const { source: reader } = deps;
      const group = groupOf(deps);
      const givenBack = new Set<object>();
      return {
        ...deps,
        group: but(group, {
          close: (partitions) => (givenBack.has(partitions) ? undefined : group.close(partitions)),
          listen: (events) =>
            group.listen({
              ...events,
              revoked: (partitions, lost) => {
                if (lost) return events.revoked(partitions, lost);
                givenBack.add(partitions);
                void reader.park().then(() => {
                  group.close(partitions);
                  reader.unpark();
                  events.revoked(partitions, lost);
                });
              },
            }),
        }),
      };
    },
  },
  'treats lost partitions as revoked': groupEvents((events) => ({
    revoked: (partitions) => events.revoked(partitions, false),
  })),
  'treats a failed delivery as acknowledged': sinkEvents((events) => ({
    settled: (settled) =>
      events.settled({
        ...settled,
        acknowledged: settled.acknowledged + settled.failures.length,
        failures: [],
      }),
  })),
  'blames every record of a message set that was refused': sinkEvents((events) => ({
    settled: (settled) =>
      events.settled({
        ...settled,
        failures: settled.failures.map((failure) =>
          failure.fault === 'bystander' || failure.fault === 'message-set'
            ? { ...failure, fault: 'record' }
            : failure,
        ),
      }),
  })),
  'settles a part twice': sinkEvents((events) => ({
    settled: (settled) => {
      events.settled(settled);
      events.settled(settled);
    },
  })),
  'settles what is written before it is acknowledged': {
    deps: (deps) => {
      let tell: SinkEvents | undefined;
      const sink: Sink = but(deps.sink, {
        start: (events) => {
          tell = events;
          return deps.sink.start({ ...events, settled: () => undefined });
        },
        write: (batchId, part, input, output) => {
          deps.sink.write(batchId, part, input, output);
          deps.clock.after(1, () =>
            tell?.settled({ batchId, part, acknowledged: 1, failures: [], stale: 0 }),
          );
        },
      });
      return { ...deps, sink };
    },
  },
  'releases a batch before the one it should follow': {
    deps: (deps) => {
      let held: (() => void) | undefined;
      const write: Sink['write'] = (...part) => {
        const before = held;
        held = undefined;
        if (before === undefined) {
          held = () => deps.sink.write(...part);
          const mine = held;
          deps.clock.after(40, () => {
            if (held !== mine) return;
            held = undefined;
            mine();
          });
          return;
        }
        deps.sink.write(...part);
        before();
      };
      return { ...deps, sink: but(deps.sink, { write }) };
    },
  },
  'starts reading one record too late': source((real) => ({
    open: (partitions) =>
      real.open(partitions.map((partition) => ({ ...partition, offset: partition.offset + 1 }))),
  })),
  'forgets a record that is larger than a block': sourceEvents(() => ({ oversize: () => undefined })),
  'uses more memory than allowed': {
    settings: (settings) => ({
      ...settings,
      blocksBytesMax: settings.blocksBytesMax * 4,
      inFlightBatchesMax: 100,
      inFlightRecordsMax: 10_000,
    }),
  },
  'waits for a worker that never ends': {
    deps: (deps) => ({
      ...deps,
      pool: but(deps.pool, {
        run: (task) =>
          deps.pool.run(task).catch((error: unknown) => {
            if (!(error instanceof DispatcherError)) throw error;
            return new Promise(() => undefined);
          }),
      }),
    }),
  },
  'reports a worker that still runs as ended': {
    deps: (deps) => ({
      ...deps,
      pool: but(deps.pool, { close: (deadlineMs) => deps.pool.close(deadlineMs).catch(() => undefined) }),
    }),
  },
  'calls a run good although a worker was blocked': {
    deps: (deps) => ({
      ...deps,
      pool: but(deps.pool, {
        run: (task) =>
          deps.pool.run(task).catch((error: unknown) => {
            if (!(error instanceof DispatcherError)) throw error;
            return { ...NOTHING_ANSWERED, rowsDone: task.rowCount, outputRows: 0, workMs: 0 };
          }),
      }),
    }),
  },
  'ignores that a topic was replaced': sourceEvents(() => ({ replaced: () => undefined })),
  'never asks whether the logs are still those of its start': source(() => ({
    endsNow: () => Promise.resolve([]),
  })),
  'stores an offset of the old topic in the new one': {
    source: (settings) => ({ ...settings, keepsOldOffsets: true }),
  },
  'drops what is on its way when a topic is replaced': {
    deps: (deps, { group }) => ({
      ...deps,
      source: but(deps.source, {
        start: (events) =>
          deps.source.start({
            ...events,
            replaced: (partitions) => {
              for (const { partitionId } of partitions) group.epochs.set(partitionId, 0);
              events.replaced(partitions);
            },
          }),
      }),
    }),
  },
  'waits for the leaderless partition before the others are opened': {
    deps: (deps, { group, clock }) => ({
      ...deps,
      source: but(deps.source, {
        positions: async (partitions) => {
          const nowMs = clock.nowMs();
          const ledAtMs = Math.max(
            ...partitions.map(({ partitionId }) => group.leaderAtMs(partitionId, nowMs)),
          );
          if (ledAtMs > nowMs)
            await new Promise<void>((resolve) => clock.after(Math.min(ledAtMs - nowMs, HOUR_MS), resolve));
          return deps.source.positions(partitions);
        },
      }),
    }),
  },
  'never commits a lower offset': { source: (settings) => ({ ...settings, neverCommitsLower: true }) },
  'writes the receipt after the commit': {
    deps: (deps, { clock }) => {
      const { receipts } = deps;
      if (receipts === undefined) return deps;
      return {
        ...deps,
        receipts: but(receipts, { write: () => void clock.after(1, () => receipts.write()) }),
      };
    },
  },
  'opens partitions without parking the reader': source(() => ({ park: () => Promise.resolve() })),
  'loses the end of a drain': groupEvents((events, deps) => ({
    revoked: (partitions, lost) => {
      if (lost || partitions.length === 0) events.revoked(partitions, lost);
      else void deps.source.park();
    },
  })),
};

export const MUTANTS: ReadonlyMap<string, Mutant> = new Map(
  Object.entries(MUTATIONS).map(([name, mutation]) => [
    name,
    { mutation, breaks: LAWS[name] ?? /^$/, concerns: CONCERNS[name] ?? (() => true) },
  ]),
);
