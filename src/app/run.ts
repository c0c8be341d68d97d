/** Runs the main job of one pipeline from its configuration to its summary. */
import { type Attendance, attended } from './attended.js';
import { Pipeline, type RunOutcome } from './pipelines/pipeline.js';
import type { PipelineJob } from './pipelines/pipeline-job.js';
import { usageSince } from './process-control.js';

export type RunJob = Omit<PipelineJob, 'usage'> & Pick<Attendance, 'display' | 'onTerminal' | 'logger'>;

/** Rejects when the run can't begin; how it ended is in the summary. */
export async function runJob(job: RunJob): Promise<RunOutcome> {
  const pipeline = await Pipeline.prepare({ ...job, usage: usageSince() });
  const { config, logger, display, onTerminal, loadAgain } = job;
  const runs = {
    stop: () => pipeline.stop(),
    cutNow: () => pipeline.cutNow(),
    reload: () => pipeline.reload('signal'),
    get drainTimeoutMs() {
      return pipeline.config.dispatcher.drainTimeoutMs;
    },
    shown: () => [{ status: pipeline.status() }],
    answers: pipeline.answers,
  };
  const attendance = {
    server: config.server,
    logger,
    display,
    onTerminal,
    reloadable: loadAgain !== undefined,
  };
  return pipeline.conclude(await attended(runs, attendance, () => pipeline.run()));
}
