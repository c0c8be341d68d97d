import { DispatcherError } from '../../src/core/errors.js';
import type { DispatcherDeps } from '../../src/dispatcher/settings.js';
import type { Group, GroupEvents } from '../../src/ports/group.js';
import type { Sink, SinkEvents } from '../../src/ports/sink.js';
import type { Source, SourceEvents } from '../../src/ports/source.js';
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
}

const UNSETTLED = /stored although \d+ is not settled/;

/** Dispatchers that each break one promise. Each is made by changing the calls through its ports. */
const MUTATIONS: Readonly<Record<string, Mutation>> = {
  'commits past an unsettled record, up to the highest one that is settled': {
    deps: (deps, { ledger }) => ({
      ...deps,
      commits: but(deps.commits, {
        store: (offsets) =>
          deps.commits.store(
            offsets.map(({ partitionId, offset }) => {
              const page = ledger.pages.get(partitionId);
              const highest = page?.log.records[page.done.lastIndexOf(1)]?.offset ?? -1;
              return { partitionId, offset: Math.max(offset, highest + 1) };
            }),
          ),
      }),
    }),
  },
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
  'opens partitions without parking the reader': source(() => ({ park: () => Promise.resolve() })),
  'loses the end of a drain': groupEvents((events, deps) => ({
    revoked: (partitions, lost) => {
      if (lost || partitions.length === 0) events.revoked(partitions, lost);
      else void deps.source.park();
    },
  })),
};

const LAWS: Readonly<Record<keyof typeof MUTATIONS, RegExp>> = {
  'commits past an unsettled record, up to the highest one that is settled': UNSETTLED,
  'commits one record too many': UNSETTLED,
  'writes results of an ended assignment': /handed over under epoch \d+, which has ended/,
  'gives partitions back before they are drained': /stored for partition \d+, which is not open/,
  'treats lost partitions as revoked': /stored for partition \d+, which was lost/,
  'treats a failed delivery as acknowledged': UNSETTLED,
  'blames every record of a message set that was refused': /an innocent record became a dead letter/,
  'settles a part twice': /ended with DEFECT: .* settled/,
  'settles what is written before it is acknowledged': UNSETTLED,
  'releases a batch before the one it should follow': /handed over for the first time after/,
  'starts reading one record too late': UNSETTLED,
  'forgets a record that is larger than a block': /no end after/,
  'uses more memory than allowed': /bytes of blocks .* allowed/,
  'waits for a worker that never ends': /no end after/,
  'reports a worker that still runs as ended': /a worker thread did not end/,
  'opens partitions without parking the reader': /while the reader is not parked/,
  'loses the end of a drain': /no end after/,
};

export const MUTANTS: ReadonlyMap<string, Mutant> = new Map(
  Object.entries(MUTATIONS).map(([name, mutation]) => [name, { mutation, breaks: LAWS[name] ?? /^$/ }]),
);
