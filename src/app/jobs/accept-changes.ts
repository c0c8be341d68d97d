/** A job that has changed since its start: the user decides, and no change passes silently. */
import { randomUUID } from 'node:crypto';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import { differenceWords, isChosen, isFinal } from '../../core/jobs/difference-words.js';
import type { JobDifference } from '../../core/jobs/job-changes.js';
import type { DigestedParts, JobPin, PinnedTopic } from '../../core/jobs/job-record.js';
import type { JobState } from '../../core/jobs/job-state.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import type { JobStore } from './job-store.js';
import { placeJob } from './place-job.js';
import { pinnedAgain } from './repeat.js';
import type { JobRequest } from './request.js';
import { requireState } from './start-offsets.js';
import type { SubscribedPartition } from './subscription.js';

export interface AcceptParts {
  readonly admin: ClusterAdmin;
  readonly config: ResolvedConfig;
  readonly baseGroup: string;
  readonly store: JobStore;
  readonly request: JobRequest;
  readonly digests: DigestedParts;
  readonly logger: Logger;
}

export interface ChangedJob {
  readonly state: JobState;
  readonly partitions: readonly SubscribedPartition[];
  readonly found: readonly JobDifference[];
}

/** Writes down what was accepted. Rejects if nothing was. */
export async function acceptChanges(parts: AcceptParts, changed: ChangedJob): Promise<JobState> {
  const { request, store, digests, logger, config } = parts;
  const { state, found } = changed;
  if (!request.acceptChange || found.some(isFinal)) throw refusal(request, found);
  for (const line of differenceWords(found)) logger.warn(`accepted: ${line}`, { job: request.name });
  const replaced = new Set(found.flatMap((one) => (one.kind === 'replaced' ? [one.topic] : [])));
  await store.write(
    { run: state.run, kind: 'change', id: randomUUID() },
    {
      at: new Date().toISOString(),
      parts: digests,
      topics: replaced.size === 0 ? [] : await placedAgain(parts, changed, replaced),
      lost: found.flatMap((one) => {
        if (one.kind !== 'lost') return [];
        const { topic, partition, from, to } = one;
        return [{ topic, partition, from, to }];
      }),
    },
  );
  return requireState(await store.read(), config.consumer.groupId);
}

/** The same positions, in the topic that has the name now. */
async function placedAgain(
  { admin, request, baseGroup }: AcceptParts,
  { state, partitions }: ChangedJob,
  replaced: ReadonlySet<string>,
): Promise<readonly PinnedTopic[]> {
  const chosen = partitions.filter(
    ({ topic, partition }) =>
      replaced.has(topic) && (state.pin.partitions === null || isPinned(state.pin, { topic, partition })),
  );
  const { topics } = await placeJob(admin, chosen, {
    from: pinnedAgain(state.pin.from, request.from),
    until: pinnedAgain(state.pin.until, request.until),
    baseGroup,
  });
  return topics;
}

function isPinned(pin: JobPin, place: { readonly topic: string; readonly partition: number }): boolean {
  return pin.topics.some(
    ({ topic, ranges }) =>
      topic === place.topic && ranges.some(([partition]) => partition === place.partition),
  );
}

function refusal({ name }: JobRequest, found: readonly JobDifference[]): DispatcherError {
  const message = `the job ${name} can't continue unchanged: ${differenceWords(found).join('; ')}`;
  const others = '--again begins a new run of the job, and another --job NAME a new job';
  const undo = found.some(({ kind }) => kind === 'option')
    ? 'leave these options out to go on with the job'
    : found.some(isFinal)
      ? 'restore the topic as it was'
      : '--accept-change continues with it as it is now';
  return new DispatcherError(found.every(isChosen) ? 'USAGE' : 'OFFSET_OUT_OF_RANGE', message, {
    remedy: `${undo}; ${others}`,
  });
}
