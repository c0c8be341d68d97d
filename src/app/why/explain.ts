/** `kd why`: asks brokers, running job, receipt and topics, and says what became of a record. */
import type { Position } from '../../core/positions/position.js';
import { isReadCommitted } from '../compose/offsets.js';
import type { WhyAnswer } from './answer.js';
import { type Asked, askRunning } from './ask-running.js';
import { askBrokers, type BrokerFacts, type PartitionFacts } from './broker-facts.js';
import { findInReceipt, type InReceipt } from './in-receipt.js';
import { type Outcome, outcomeOf } from './outcome.js';
import type { WhyRequest } from './request.js';
import { Budget, readAt, type SourceRecord } from './scan.js';
import { type Known, type Standing, standingOf, type Visible } from './state.js';
import { committedWords } from './words.js';

const LOOK_TIMEOUT_MS = 10_000;

export async function explainRecord(request: WhyRequest): Promise<WhyAnswer> {
  const { config, logger, place, job } = request;
  const asked = job === undefined ? undefined : await askRunning(job, place);
  const group = request.group ?? (asked?.running?.group || config.consumer.groupId || undefined);
  const facts = await askBrokers(config, logger, place, group);
  const { partition } = facts;
  if (partition === undefined) return noSuchPartition(request, asked, facts);
  const receipt =
    request.receipt === undefined
      ? undefined
      : await findInReceipt(request.receipt, place, partition.receiptId);
  const { visible, record } = await look(request, partition);
  const readsCommitted = isReadCommitted(config.consumer.properties);
  // Another group than the one asked for is not what its member says.
  const running = asked?.running?.group === group ? asked?.running : undefined;
  const known: Known = { place, partition, group: facts.group, running, receipt, visible, readsCommitted };
  const standing = standingOf(known);
  const outcome = await outcomeOf({ request, known, standing, record, from: startOf(record) });
  return answerOf({ asked, known, standing, record, outcome });
}

/** The record as the job's consumer would get it. */
async function look(
  { config, logger, place, budget }: WhyRequest,
  { low, end, stable }: PartitionFacts,
): Promise<{ readonly visible: Visible; readonly record: SourceRecord | undefined }> {
  if (place.offset < low || place.offset >= end) return { visible: 'not-asked', record: undefined };
  const at = (isolation: 'read_committed' | 'read_uncommitted') =>
    readAt(
      {
        config,
        logger,
        topic: place.topic,
        budget: new Budget(1_000, AbortSignal.any([budget.signal, AbortSignal.timeout(LOOK_TIMEOUT_MS)])),
      },
      place,
      isolation,
    );
  const any = await at('read_uncommitted');
  if (any === undefined) return { visible: 'nothing', record: undefined };
  if (!isReadCommitted(config.consumer.properties)) return { visible: 'record', record: any };
  // A reader of committed records waits at an open transaction.
  const committed = place.offset < stable ? await at('read_committed') : undefined;
  return { visible: committed === undefined ? 'aborted' : 'record', record: any };
}

/** Clocks differ a little. */
const MARGIN_MS = 60_000;

/** Nothing that came of the record is older. A timestamp in the future says nothing. */
function startOf(record: SourceRecord | undefined): Position {
  if (record === undefined || record.timestampMs <= MARGIN_MS) return { kind: 'earliest' };
  return { kind: 'time', timestampMs: Math.min(record.timestampMs, Date.now()) - MARGIN_MS };
}

function noSuchPartition(
  { place, group }: WhyRequest,
  asked: Asked | undefined,
  { partitions }: BrokerFacts,
): WhyAnswer {
  const { topic, partition, offset } = place;
  const said =
    partitions === 0
      ? `There is no topic ${topic}, or this user may not see it.`
      : `Topic ${topic} has ${partitions} partitions: 0 to ${partitions - 1}.`;
  return {
    schema: 1,
    topic,
    partition,
    offset,
    ...NOTHING,
    group: group ?? null,
    state: 'no-topic',
    job: jobOf(asked),
    sentences: [said],
    remedy: 'kd topics list shows the topics of this cluster',
  };
}

const NOTHING: Omit<
  WhyAnswer,
  'schema' | 'topic' | 'partition' | 'offset' | 'group' | 'state' | 'sentences'
> = {
  committed: null,
  committedOffset: null,
  range: null,
  timestamp: null,
  results: [],
  resultsComplete: false,
  deadLetter: null,
  filteredBy: null,
  waitingFor: null,
  recordsBefore: null,
  etaSeconds: null,
  owner: null,
  job: null,
  receipt: null,
  remedy: null,
};

function jobOf(asked: Asked | undefined): WhyAnswer['job'] {
  return asked === undefined ? null : { url: asked.url, answer: asked.why };
}

interface Parts {
  readonly asked: Asked | undefined;
  readonly known: Known;
  readonly standing: Standing;
  readonly record: SourceRecord | undefined;
  readonly outcome: Outcome;
}

function answerOf({ asked, known, standing, record, outcome }: Parts): WhyAnswer {
  const { place, partition, group, receipt } = known;
  const { low, end, stable } = partition;
  const { owner } = group ?? {};
  const isUnanswered = asked !== undefined && asked.running === undefined;
  const committed = group?.isForeign === true ? undefined : group?.committed;
  return {
    schema: 1,
    ...place,
    ...NOTHING,
    group: group?.group ?? null,
    state: outcome.state,
    committed: group === undefined ? null : committed !== undefined && committed > place.offset,
    committedOffset: group?.committed ?? null,
    range: { low, end, stable },
    timestamp:
      record === undefined || record.timestampMs < 0 ? null : new Date(record.timestampMs).toISOString(),
    results: outcome.results,
    resultsComplete: outcome.isComplete,
    deadLetter: outcome.deadLetter ?? null,
    filteredBy: outcome.filteredBy ?? null,
    waitingFor: standing.waitingFor ?? null,
    recordsBefore: standing.recordsBefore ?? null,
    etaSeconds: standing.etaSeconds ?? null,
    owner: owner === undefined ? null : { clientId: owner.clientId, host: owner.host },
    job: jobOf(asked),
    receipt: receiptWords(receipt),
    sentences: [
      ...outcome.sentences,
      committedWords(group?.group, committed, place.offset),
      ...(isUnanswered ? [`Said without the running job: ${asked.why}.`] : []),
    ],
    remedy: outcome.remedy ?? null,
  };
}

function receiptWords(receipt: InReceipt | undefined): string | null {
  if (receipt === undefined) return null;
  if (receipt.isOtherTopic) return 'lists this offset of an earlier topic of that name';
  return `lists it, settled together with ${receipt.records} records`;
}
