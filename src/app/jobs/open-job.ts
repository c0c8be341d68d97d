/** Opens a job: begins it, or finds out where it is and whether it still is the same job. */
import { randomUUID } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import { differences } from '../../core/jobs/job-changes.js';
import type { DigestedParts } from '../../core/jobs/job-record.js';
import type { JobState } from '../../core/jobs/job-state.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { version } from '../../version.js';
import { requireNoMembers } from '../groups/reset.js';
import { acceptChanges } from './accept-changes.js';
import type { JobStore } from './job-store.js';
import { chosenPartitions, type PlacedJob, pinnedPosition, placeJob } from './place-job.js';
import { asBefore, requireSameOptions } from './repeat.js';
import { askedAgain, FROM_DEFAULT, type JobRequest, UNTIL_DEFAULT } from './request.js';
import { commitStartOffsets, requireState } from './start-offsets.js';
import { askSubscription, type SubscribedPartition } from './subscription.js';

/** How long an instance that begins a job at the same time may take to commit where it begins. */
const BEGIN_WAIT_MS = 15_000;
const BEGIN_PAUSE_MS = 300;
const NAMED_MAX = 10;

export interface JobParts {
  readonly admin: ClusterAdmin;
  /** With the job's own group. */
  readonly config: ResolvedConfig;
  readonly baseGroup: string;
  readonly store: JobStore;
  readonly request: JobRequest;
  readonly digests: DigestedParts;
  readonly logger: Logger;
  /** Called when the job begins, with the offsets that its positions were resolved to. */
  readonly placed: (placed: PlacedJob) => void;
}

export interface OpenedJob {
  readonly state: JobState;
  /** It had begun before. */
  readonly isResumed: boolean;
}

/** Rejects if the job can't be run as requested. A job that is finished is returned as it is. */
export async function openJob(parts: JobParts): Promise<OpenedJob> {
  const { store, request, config, logger } = parts;
  const before = await store.read();
  if (before?.finished !== undefined && !request.again) {
    requireSameOptions(request, before.pin);
    return { state: before, isResumed: true };
  }
  const partitions = await askSubscription(parts.admin, config);
  if (before === undefined) return begin(parts, partitions, 0);
  if (request.again) {
    requireNotJustBegun(request.name, before);
    return begin({ ...parts, request: asBefore(request, before.pin) }, partitions, before.run);
  }
  const state = await sameJob(parts, before, partitions);
  const ready = await withStartOffsets(parts, state, partitions);
  logger.info('the job goes on', { job: request.name, run: ready.run, since: ready.pin.createdAt });
  return { state: ready, isResumed: true };
}

async function begin(
  parts: JobParts,
  partitions: readonly SubscribedPartition[],
  lastRun: number,
): Promise<OpenedJob> {
  const { admin, config, store, request, digests, logger } = parts;
  // At a first start another instance may have begun the job and joined since the last look.
  if (lastRun > 0) {
    const { members } = await admin.describeGroup(config.consumer.groupId);
    requireNoMembers(config.consumer.groupId, members);
  }
  const { from = FROM_DEFAULT, until = UNTIL_DEFAULT } = request;
  const placed = await placeJob(admin, chosenPartitions(partitions, request.partitions), {
    from: from.position,
    until: until.position,
    baseGroup: parts.baseGroup,
  });
  const id = randomUUID();
  const run = lastRun + 1;
  await store.write(
    { run, kind: 'pin', id },
    {
      createdAt: new Date().toISOString(),
      version,
      from: pinnedPosition(from),
      until: pinnedPosition(until),
      partitions: request.partitions?.text ?? null,
      parts: digests,
      topics: placed.topics,
    },
  );
  const state = requireState(await store.read(), config.consumer.groupId);
  const isOurs = state.pinId === id;
  if (isOurs) {
    parts.placed(placed);
    warnOfHeldBack(parts, placed);
    logger.info('the job begins', {
      job: request.name,
      run,
      group: config.consumer.groupId,
      from: from.text,
      until: until.text,
    });
    return { state: await started(parts, state, partitions), isResumed: false };
  }
  await store.remove([`${config.consumer.groupId}/${run}/pin/${id}`]);
  logger.info('another instance began the job at the same time: its positions are used', { run: state.run });
  if (state.finished !== undefined) return { state, isResumed: true };
  // Read again: the other instance may have committed since.
  const now = await askSubscription(admin, config);
  const same = await sameJob(parts, state, now);
  return { state: await withStartOffsets(parts, same, now), isResumed: true };
}

/**
 * The instance that began it will join soon, but is not a member of the group yet: both runs would share
 * it.
 */
function requireNotJustBegun(name: string, { run, pin, finished }: JobState): void {
  const agoMs = Date.now() - Date.parse(pin.createdAt);
  if (finished !== undefined || agoMs > BEGIN_WAIT_MS) return;
  throw new DispatcherError(
    'USAGE',
    `--again: run ${run} of the job ${name} was begun ${Math.max(0, Math.round(agoMs / 1000))} s ago`,
    {
      remedy:
        'the same command without --again joins it; to begin another one, stop it first, and wait ' +
        `${BEGIN_WAIT_MS / 1000} s`,
    },
  );
}

/** Commits all positions, and records that they are committed. */
async function started(
  parts: JobParts,
  state: JobState,
  partitions: readonly SubscribedPartition[],
): Promise<JobState> {
  const { store } = parts;
  await commitStartOffsets(startParts(parts, state), partitions, true);
  await store.write({ run: state.run, kind: 'started', id: '' }, { at: new Date().toISOString() });
  if (state.olderKeys.length > 0) await store.remove(state.olderKeys);
  return { ...state, isStarted: true };
}

/**
 * An instance that was killed after it had pinned the job leaves positions that no instance has committed.
 */
async function withStartOffsets(
  parts: JobParts,
  known: JobState,
  partitions: readonly SubscribedPartition[],
): Promise<JobState> {
  const { store, config } = parts;
  const deadlineMs = performance.now() + BEGIN_WAIT_MS;
  let state = known;
  while (!state.isStarted && performance.now() < deadlineMs) {
    await delay(BEGIN_PAUSE_MS);
    state = requireState(await store.read(), config.consumer.groupId);
  }
  if (state.finished !== undefined) return state;
  if (!state.isStarted) return started(parts, state, partitions);
  const now = state === known ? partitions : await askSubscription(parts.admin, config);
  await commitStartOffsets(startParts(parts, state), now, false);
  return state;
}

/** Rejects for a difference that the user has not accepted. */
async function sameJob(
  parts: JobParts,
  state: JobState,
  partitions: readonly SubscribedPartition[],
): Promise<JobState> {
  const { request, digests, logger } = parts;
  const found = differences(state.pin, { asked: askedAgain(request), parts: digests, partitions });
  if (found.length === 0) return state;
  return acceptChanges({ ...parts, logger }, { state, partitions, found });
}

function startParts(
  { admin, config, logger }: JobParts,
  state: JobState,
): Parameters<typeof commitStartOffsets>[0] {
  const ask = (): Promise<readonly SubscribedPartition[]> => askSubscription(admin, config);
  return { admin, group: config.consumer.groupId, state, logger, ask };
}

function warnOfHeldBack({ logger }: JobParts, { heldBack }: PlacedJob): void {
  if (heldBack.length === 0) return;
  const names = heldBack
    .slice(0, NAMED_MAX)
    .map(({ topic, partition, readable, end }) => `${topic}[${partition}] ${readable}–${end - 1}`);
  logger.warn('an open transaction holds back records at the end of the job: they are not part of it', {
    of: `${names.join(' ')}${heldBack.length > NAMED_MAX ? ' …' : ''}`,
  });
}
