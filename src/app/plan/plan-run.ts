/** `kd run --plan`: asks the brokers and reads a sample. Joins no group and writes nothing. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import type { Position } from '../../core/positions/position.js';
import type { Logger } from '../../ports/logger.js';
import { chosenPartitions, type PlacedJob, placeJob } from '../jobs/place-job.js';
import type { JobRequest } from '../jobs/request.js';
import { askSubscription } from '../jobs/subscription.js';
import { withTopics } from '../topics/with-topics.js';
import { makePlan, type RunPlan } from './plan.js';
import { takeSample } from './sample.js';

export interface PlanRequest {
  readonly config: ResolvedConfig;
  readonly from: Position;
  readonly until: Position;
  readonly partitions: JobRequest['partitions'];
  /** Without commits a run follows `auto-offset-reset`; a job begins at the beginning. */
  readonly isJob: boolean;
  readonly logger: Logger;
  /** Called with what the positions turned out to mean. */
  readonly placed: (placed: PlacedJob) => void;
}

export async function planRun(request: PlanRequest): Promise<RunPlan> {
  const { config, from, until, logger } = request;
  let plan: RunPlan | undefined;
  await withTopics(config, logger, async ({ admins, facts }) => {
    const admin = admins.consumer;
    if (admin === undefined) return;
    const partitions = chosenPartitions(await askSubscription(admin, config), request.partitions);
    const placed = await placeJob(admin, partitions, { from, until, baseGroup: config.consumer.groupId });
    request.placed(placed);
    const ranges = placed.ranges.map(({ topic, partition, from: start, until: stop, end }) => {
      const isNew = start.note === 'not-committed' && !request.isJob;
      const begin = isNew && config.consumer.autoOffsetReset === 'latest' ? end : start.offset;
      return { topic, partition, from: begin, until: Math.max(begin, stop?.offset ?? end) };
    });
    const sample = await takeSample(config, logger, ranges);
    plan = makePlan({ config, facts, ranges, sample, nowMs: Date.now() });
  });
  if (plan !== undefined) return plan;
  throw new DispatcherError('KAFKA_UNREACHABLE', 'the brokers of the input did not answer', {
    remedy: 'see kd doctor for what can be reached',
  });
}
