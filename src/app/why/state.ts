/** Where the record stands before topics are searched: from the brokers, the running job and a receipt. */
import type { RecordPlace } from '../../dispatcher/trace.js';
import type { WhyAnswer, WhyState } from './answer.js';
import type { FlightSeen, RunningSeen } from './ask-running.js';
import type { GroupFacts, PartitionFacts } from './broker-facts.js';
import type { InReceipt } from './in-receipt.js';
import { at, flightWords, number, type Said, spell } from './words.js';

/** What a reader gets at the offset. */
export type Visible = 'record' | 'aborted' | 'nothing' | 'not-asked';

export interface Known {
  readonly place: RecordPlace;
  readonly partition: PartitionFacts;
  readonly group: GroupFacts | undefined;
  readonly running: RunningSeen | undefined;
  readonly receipt: InReceipt | undefined;
  readonly visible: Visible;
  /** The job reads no further than the first open transaction. */
  readonly readsCommitted: boolean;
}

export interface Standing extends Said {
  readonly state: WhyState;
  readonly waitingFor?: WhyAnswer['waitingFor'];
  readonly recordsBefore?: number;
  readonly etaSeconds?: number;
}

/** `settled` here means: by whatever outcome. */
export function standingOf(known: Known): Standing {
  const { place, partition, running } = known;
  const { offset } = place;
  if (offset >= partition.end)
    return {
      state: 'not-written',
      sentences: [`The partition ends at ${partition.end}: no record has this offset yet.`],
    };
  const flight = running?.trace?.inFlight;
  if (flight !== undefined) return inFlight(known, flight);
  const ofLog = offset < partition.low ? gone(known) : notARecord(known);
  if (ofLog !== undefined) return ofLog;
  if (isSettled(known)) return { state: 'settled', sentences: settledWords(known) };
  return notSettled(known);
}

function isSettled({ place, group, running, receipt }: Known): boolean {
  if (running?.trace?.settled === true || (receipt !== undefined && !receipt.isOtherTopic)) return true;
  return group?.committed !== undefined && !group.isForeign && group.committed > place.offset;
}

function settledWords({ running, place, group }: Known): readonly string[] {
  const { settled, begunAt } = running?.trace ?? {};
  if (settled === true) return ['It is settled: the running job is done with it.'];
  if (group?.committed === undefined || group.committed <= place.offset)
    return ['It is settled, by the receipt.'];
  const before = begunAt !== undefined && begunAt > place.offset;
  return [
    before
      ? `It was settled, or passed over, before the running job began at ${begunAt}.`
      : 'It is settled: the group has committed a later offset.',
  ];
}

function inFlight({ running }: Known, flight: FlightSeen): Standing {
  const first = running?.trace?.waitingFor;
  const own = flightWords(flight, 'It');
  const earlier =
    first === undefined ? undefined : flightWords(first, `The first unsettled record, ${at(first)},`);
  const remedy = running?.stallRemedy ?? earlier?.remedy ?? own.remedy;
  const cause =
    first ?? (flight.behind === undefined ? undefined : { ...flight.behind, stage: '', ageMs: flight.ageMs });
  return {
    state: 'waiting',
    sentences: [
      ...own.sentences,
      ...(earlier?.sentences ?? []),
      ...(running?.notReady === undefined ? [] : [`The job is not ready: ${running.notReady}.`]),
    ],
    ...(remedy === undefined ? {} : { remedy }),
    waitingFor:
      cause === undefined
        ? null
        : { ...placeOf(cause), why: cause.stage === '' ? 'not written' : cause.stage, forMs: cause.ageMs },
  };
}

function placeOf({ topic, partition, offset }: RecordPlace): RecordPlace {
  return { topic, partition, offset };
}

function gone({ place, partition, group }: Known): Standing {
  const said = `The record is gone from the log, which begins at ${partition.low} now.`;
  const { committed } = group ?? {};
  if (committed !== undefined && committed > place.offset && group?.isForeign === false)
    return {
      state: 'gone',
      sentences: [said, 'The group was behind it before: it was settled or passed over.'],
    };
  return {
    state: 'gone',
    sentences: [said, 'The group had not committed it: it was deleted before it was settled.'],
    remedy: 'raise retention.ms or retention.bytes of the topic; kd group reset moves the group',
  };
}

function notARecord({ place, partition, visible, readsCommitted }: Known): Standing | undefined {
  if (visible === 'record' || visible === 'not-asked') return undefined;
  if (readsCommitted && place.offset >= partition.stable)
    return {
      state: 'open-transaction',
      sentences: [
        `It is behind an open transaction, which begins at ${partition.stable}: readers with ` +
          'isolation.level=read_committed get it when that transaction ends.',
      ],
      remedy: 'kd doctor names the transaction and the tool that ends it',
    };
  if (visible === 'aborted')
    return {
      state: 'aborted',
      sentences: ['It belongs to a transaction that was aborted: readers with read_committed never get it.'],
    };
  if (partition.isCompacted)
    return {
      state: 'gone',
      sentences: [
        'No record is at this offset: compaction removed it, or it is the marker of a transaction.',
      ],
    };
  return {
    state: 'marker',
    sentences: ['No record is at this offset: it is the marker of a transaction, which readers never get.'],
  };
}

function notSettled(known: Known): Standing {
  const { place, group, running } = known;
  const { offset } = place;
  const trace = running?.trace;
  if (group?.isForeign === true)
    return {
      state: 'not-read',
      sentences: [
        `The committed offset of group ${group.group} belongs to an earlier topic of that name, ` +
          'which was deleted.',
      ],
      remedy: 'kd group reset --to earliest (or another position), then start the job again',
    };
  if (trace?.owned === true) return notReadYet(known, trace.position, trace.until, trace.begunAt);
  if (running !== undefined && group?.owner === undefined && (group?.members ?? 0) > 0)
    return {
      state: 'not-settled',
      sentences: ['The job that answered does not have the partition, and the group is being distributed.'],
      remedy: 'ask again in a moment',
    };
  if (group?.owner !== undefined) return withAnotherMember(group, offset);
  if (group === undefined) return { state: 'unknown', sentences: ['No group is named that would read it.'] };
  return nobodyReads(group, offset);
}

function notReadYet(
  { place, running, partition }: Known,
  position: number | undefined,
  until: number | undefined,
  begunAt: number | undefined,
): Standing {
  const { offset } = place;
  if (until !== undefined && offset >= until)
    return {
      state: 'not-consumed',
      sentences: [`The run ends before it, at ${until}.`],
      remedy: 'a run without --until, or a later one, reads it',
    };
  if (begunAt !== undefined && offset < begunAt)
    return {
      state: 'not-consumed',
      sentences: [`The job began behind it, at ${begunAt}, and the group has not committed it.`],
      remedy: 'kd group reset --to an earlier position while the job is stopped, or kd run --job with --from',
    };
  const recordsBefore = Math.max(0, offset - (position ?? offset));
  const rate = running?.recordsPerSecond ?? 0;
  const etaSeconds = rate > 0 ? Math.ceil(recordsBefore / rate) : undefined;
  const eta =
    etaSeconds === undefined
      ? "nothing is read at the moment, so it can't be said when"
      : `at ${number(rate)} records/s in about ${spell(etaSeconds * 1000)}`;
  const lag = number(partition.end - (position ?? partition.end));
  return {
    state: 'not-read',
    sentences: [
      `The job has not read it yet: ${number(recordsBefore)} records stand before it; ${eta}.`,
      `The job is at ${position ?? '?'}, ${lag} records from the end.`,
      ...(running?.notReady === undefined ? [] : [`The job is not ready: ${running.notReady}.`]),
    ],
    ...(running?.stallRemedy === undefined ? {} : { remedy: running.stallRemedy }),
    recordsBefore,
    ...(etaSeconds === undefined ? {} : { etaSeconds }),
  };
}

function withAnotherMember({ group, owner, committed }: GroupFacts, offset: number): Standing {
  const before = committed === undefined ? undefined : Math.max(0, offset - committed);
  const { clientId, host } = owner ?? { clientId: '?', host: '?' };
  const way = before === undefined ? '' : `, and is ${number(before)} records before it`;
  return {
    state: 'not-settled',
    sentences: [
      `Group ${group} has not committed it${way}.`,
      `Its partition belongs to member ${clientId} at ${host}, which was not asked.`,
    ],
    remedy: 'ask that instance: kd why --url http://host:port, with its server.port',
    ...(before === undefined ? {} : { recordsBefore: before }),
  };
}

function nobodyReads({ group, committed, members }: GroupFacts, offset: number): Standing {
  const nobody = members === 0 ? `Group ${group} has no member: nothing reads the partition.` : '';
  if (committed === undefined)
    return {
      state: 'not-consumed',
      sentences: [
        `Group ${group} has never committed anything in this partition.`,
        ...(nobody === '' ? [] : [nobody]),
      ],
      remedy: 'start the job (kd run); auto-offset-reset decides where a new group begins',
    };
  const recordsBefore = offset - committed;
  return {
    state: 'not-read',
    sentences: [
      `It is not read yet: ${number(recordsBefore)} records stand before it.`,
      ...(nobody === '' ? [] : [nobody]),
    ],
    remedy: members === 0 ? 'start the job: kd run' : 'kd group show lists the members',
    recordsBefore,
  };
}
