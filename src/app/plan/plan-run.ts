/** `kd run --plan`: asks the brokers and reads a sample. Joins no group and writes nothing. */
import { Findings } from '../../checks/check.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import type { Logger } from '../../ports/logger.js';
import { requireOwnTopic } from '../jobs/jobs-topic.js';
import type { PlacedJob } from '../jobs/place-job.js';
import { withTopics } from '../topics/with-topics.js';
import { makePlan, type RunPlan } from './plan.js';
import { type PlanRequest, plannedRanges } from './ranges.js';
import { takeSample } from './sample.js';

export interface PlanParts {
  /** As configured, with the live group. */
  readonly config: ResolvedConfig;
  readonly request: PlanRequest;
  readonly logger: Logger;
  /** Called with the offsets that the positions were resolved to. A job that has begun has them already. */
  readonly placed: (placed: PlacedJob) => void;
}

export async function planRun({ config, request, logger, placed: show }: PlanParts): Promise<RunPlan> {
  const { job: name } = request;
  if (name !== undefined) requireOwnTopic(config);
  let plan: RunPlan | undefined;
  await withTopics(config, logger, async ({ admins, facts }) => {
    const admin = admins.consumer;
    if (admin === undefined) return;
    const planned = await plannedRanges({ admin, config, request, logger });
    const { ranges, group, jobState, placed } = planned;
    if (placed !== undefined) show(placed);
    const sample = await takeSample(config, logger, ranges);
    const made = makePlan({ config, facts, ranges, sample, nowMs: Date.now() });
    const job = name === undefined || jobState === undefined ? null : { name, state: jobState };
    const findings = new Findings('group', group);
    for (const { message, remedy } of planned.warnings) findings.warning(message, remedy);
    plan = { group, job, ...made, warnings: [...findings.checks, ...made.warnings] };
  });
  if (plan !== undefined) return plan;
  throw new DispatcherError('KAFKA_UNREACHABLE', 'the brokers of the input did not answer', {
    remedy: 'run kd doctor to see what can be reached',
  });
}
