/** Where a run would begin and end in each partition. Nothing is written to find it out. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { differenceWords } from '../../core/jobs/difference-words.js';
import { differences } from '../../core/jobs/job-changes.js';
import { type JobState, settledOf } from '../../core/jobs/job-state.js';
import type { TypedPosition } from '../../core/positions/position.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { digestedParts } from '../jobs/digests.js';
import { boundsOf } from '../jobs/job-report.js';
import { readJob } from '../jobs/job-store.js';
import { chosenPartitions, type PlacedJob, placeJob } from '../jobs/place-job.js';
import { askedAgain, FROM_DEFAULT, type JobRequest, jobConfig, UNTIL_DEFAULT } from '../jobs/request.js';
import { askSubscription, type SubscribedPartition } from '../jobs/subscription.js';
import { placeKey, type SampledRange } from './sample.js';

export type PlanRequest = Omit<JobRequest, 'name' | 'acceptChange'> & { readonly job: string | undefined };

/** `new`: it has not begun, or begins again. */
export type JobProgress = 'new' | 'begun' | 'already-done';

export interface PlannedRanges {
  /** The consumer group that the run would work as. */
  readonly group: string;
  readonly jobState: JobProgress | undefined;
  readonly ranges: readonly SampledRange[];
  /** Undefined: the job has pinned its positions before. */
  readonly placed: PlacedJob | undefined;
  readonly warnings: readonly { readonly message: string; readonly remedy: string }[];
}

interface Parts {
  readonly admin: ClusterAdmin;
  /** As configured, with the live group. */
  readonly config: ResolvedConfig;
  readonly request: PlanRequest;
  readonly logger: Logger;
}

const NAMED_MAX = 10;
const COMMITTED: TypedPosition = { text: 'committed', position: { kind: 'committed' } };

export async function plannedRanges(parts: Parts): Promise<PlannedRanges> {
  const { admin, config, request, logger } = parts;
  const { job } = request;
  if (job === undefined) return ofRun(parts, config, await askSubscription(admin, config));
  const own = jobConfig(config, job);
  const group = own.consumer.groupId;
  const state = (await hasJobsTopic(admin, own)) ? await readJob({ config: own, group, logger }) : undefined;
  const partitions = await askSubscription(admin, own);
  if (state === undefined || request.again)
    return { ...(await ofRun(parts, own, partitions)), jobState: 'new' };
  return ofJob({ request, job, own }, state, partitions);
}

async function hasJobsTopic(admin: ClusterAdmin, { dispatcher }: ResolvedConfig): Promise<boolean> {
  const [topic] = await admin.describeTopics([dispatcher.jobsTopic]);
  return topic?.code === 0;
}

/** For a run without a job, or for a new job. */
async function ofRun(
  { admin, config, request }: Parts,
  own: ResolvedConfig,
  partitions: readonly SubscribedPartition[],
): Promise<PlannedRanges> {
  const chosen = chosenPartitions(partitions, request.partitions);
  const from = request.from ?? (request.job === undefined ? COMMITTED : FROM_DEFAULT);
  const until = request.until ?? UNTIL_DEFAULT;
  const baseGroup = config.consumer.groupId;
  const placed = await placeJob(admin, chosen, { from: from.position, until: until.position, baseGroup });
  const { autoOffsetReset } = config.consumer;
  const ranges = placed.ranges.map(({ topic, partition, from: begin, until: stop, end }) => {
    const isUnset = begin.note === 'not-committed' && request.job === undefined;
    const first = isUnset && autoOffsetReset === 'latest' ? end : begin.offset;
    return { topic, partition, from: first, until: Math.max(first, stop?.offset ?? end) };
  });
  const heldBack = placed.heldBack.map(
    ({ topic, partition, readable, end }) => `${topic}[${partition}] ${readable}–${end - 1}`,
  );
  return {
    group: own.consumer.groupId,
    jobState: undefined,
    ranges,
    placed,
    warnings:
      heldBack.length === 0
        ? []
        : [
            {
              message: `can't read records behind an open transaction: ${shortened(heldBack)}`,
              remedy: 'plan again when the transaction has ended',
            },
          ],
  };
}

/** The remaining ranges of a job that has begun. */
async function ofJob(
  {
    request,
    job,
    own,
  }: { readonly request: PlanRequest; readonly job: string; readonly own: ResolvedConfig },
  state: JobState,
  partitions: readonly SubscribedPartition[],
): Promise<PlannedRanges> {
  const now = new Map(partitions.map((one) => [placeKey(one), one]));
  const settled = settledOf(state);
  const isDone = state.finished !== undefined;
  const ranges = boundsOf(state).map(({ topic, partition, low: begin, end: until }) => {
    const place = placeKey({ topic, partition });
    const found = now.get(place);
    const next = found !== undefined && found.next >= 0 ? found.next : (settled.get(place) ?? begin);
    const from = isDone ? until : Math.max(begin, next, found?.low ?? 0);
    return { topic, partition, from: Math.min(from, until), until };
  });
  const asked = askedAgain({ ...request, name: job, acceptChange: false });
  const parts = isDone ? state.pin.parts : await digestedParts(own);
  const changes = isDone ? [] : differenceWords(differences(state.pin, { asked, parts, partitions }));
  return {
    group: own.consumer.groupId,
    jobState: isDone ? 'already-done' : 'begun',
    ranges,
    placed: undefined,
    warnings: changes.map((words) => ({
      message: `would refuse to continue the job ${job}: ${words}`,
      remedy: 'undo that, or see what a run says about --accept-change; --again begins a new run of the job',
    })),
  };
}

function shortened(names: readonly string[]): string {
  return `${names.slice(0, NAMED_MAX).join(' ')}${names.length > NAMED_MAX ? ' …' : ''}`;
}
