/** `kd run --job NAME`: a job from its state in Kafka to its summary. */
import type { ClosableLogger } from '../app/compose/logging.js';
import { withAdmin } from '../app/groups/with-admin.js';
import { digestedParts } from '../app/jobs/digests.js';
import { doneSummary } from '../app/jobs/done-summary.js';
import { JobRecorder } from '../app/jobs/job-recorder.js';
import { boundsOf, type JobIdentity } from '../app/jobs/job-report.js';
import { type JobStore, withJobStore } from '../app/jobs/job-store.js';
import { ensureJobsTopic, requireOwnTopic } from '../app/jobs/jobs-topic.js';
import { type OpenedJob, openJob } from '../app/jobs/open-job.js';
import type { PlacedJob } from '../app/jobs/place-job.js';
import { type JobRequest, jobConfig, withPinnedTopics } from '../app/jobs/request.js';
import type { ResolvedConfig } from '../config/keys/resolved.js';
import type { Loaded } from '../config/load.js';
import type { DigestedParts } from '../core/jobs/job-record.js';
import type { Position } from '../core/positions/position.js';
import { inArea } from '../ports/logger.js';
import type { CliIo, GlobalOptions } from './io.js';
import { createCliLogger } from './log.js';
import { printDone, runOnTerminal } from './run-on-terminal.js';
import { describePlaced } from './terminal/placed-ranges.js';

const LOG_FLUSH_MS = 1_000;

export interface JobRun {
  /** As configured, with the live group. */
  readonly config: ResolvedConfig;
  readonly request: JobRequest;
  readonly loaded: Pick<Loaded, 'details'>;
  readonly options: GlobalOptions;
  readonly loadAgain: () => Loaded;
  readonly progressFile?: string;
  /** File of the receipt. */
  readonly receipt: string | undefined;
}

export async function runJobOnTerminal(job: JobRun, io: CliIo): Promise<void> {
  const { request, options } = job;
  const config = jobConfig(job.config, request.name);
  requireOwnTopic(config);
  const digests = await digestedParts(config);
  const logger = createCliLogger(config.logging, options, io);
  try {
    await withAdmin(config, logger, (admin) => ensureJobsTopic(admin, config, logger));
    await withJobStore({ config, group: config.consumer.groupId, logger }, async (store) => {
      const opened = await open({ job, config, digests, store, logger }, io);
      await run({ job, config, digests, store, logger }, opened, io);
    });
  } finally {
    await logger.close(LOG_FLUSH_MS);
  }
}

interface Parts {
  readonly job: JobRun;
  /** With the job's own group. */
  readonly config: ResolvedConfig;
  readonly digests: DigestedParts;
  readonly store: JobStore;
  readonly logger: ClosableLogger;
}

function open({ job, config, digests, store, logger }: Parts, io: CliIo): Promise<OpenedJob> {
  const { request, options } = job;
  const baseGroup = job.config.consumer.groupId;
  const placed = (found: PlacedJob): void => {
    if (options.quiet === true) return;
    const asked = { from: request.from?.position, until: request.until?.position };
    for (const line of placedLines(found, asked)) io.stderr.write(`${line}\n`);
  };
  return withAdmin(config, logger, (admin) =>
    openJob({ admin, config, baseGroup, store, request, digests, logger: inArea(logger, 'jobs'), placed }),
  );
}

function placedLines(
  { ranges, appendTimeTopics }: PlacedJob,
  asked: { readonly from: Position | undefined; readonly until: Position | undefined },
): readonly string[] {
  return describePlaced(ranges, { ...asked, appendTimeTopics });
}

async function run(
  { job, config, digests, store, logger }: Parts,
  { state, isResumed }: OpenedJob,
  io: CliIo,
): Promise<void> {
  const { request, options, loadAgain } = job;
  const identity: JobIdentity = {
    name: request.name,
    group: config.consumer.groupId,
    resumed: isResumed,
  };
  if (state.finished !== undefined) {
    await printDone(doneSummary(config, identity, state, state.finished.at), job, io, logger);
    return;
  }
  const runs = (given: ResolvedConfig): ResolvedConfig => withPinnedTopics(given, state);
  const narrowed = runs(config);
  const recorder = new JobRecorder({ store, state, identity, logger: inArea(logger, 'jobs') });
  await runOnTerminal(
    {
      config: narrowed,
      loaded: job.loaded,
      until: 'end',
      bounds: boundsOf(state),
      job: {
        digests: narrowed === config ? digests : await digestedParts(narrowed),
        observe: (soFar) => recorder.observe(soFar),
        conclude: (summary) => recorder.conclude(summary),
      },
      options,
      receipt: job.receipt,
      ...(job.progressFile === undefined ? {} : { progressFile: job.progressFile }),
      loadAgain: () => {
        const loaded = loadAgain();
        return loaded.config === undefined
          ? loaded
          : { ...loaded, config: runs(jobConfig(loaded.config, request.name)) };
      },
    },
    io,
  );
}
