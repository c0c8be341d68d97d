/** What runs a pipeline's legs, and the watch over the files behind them. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { inArea } from '../../ports/logger.js';
import type { Telemetry } from '../../ports/telemetry.js';
import { compose } from '../compose/job.js';
import { realClock } from '../real-clock.js';
import type { RunReceipt } from '../receipts/run-receipt.js';
import { JobRevisions } from '../reload/configuration.js';
import { digestOf } from '../reload/file-digest.js';
import { FileWatch } from '../reload/file-watch.js';
import { LegRunner } from '../reload/leg-runner.js';
import type { LagThrottle } from '../throttle/lag-throttle.js';
import type { PipelineJob } from './pipeline-job.js';

export type Runner = LegRunner<ResolvedConfig>;

interface RunnerParts {
  /** Watches what the configuration in use names: certificates, schemas, groups. */
  readonly inForce: (config: ResolvedConfig) => void;
  readonly throttle: LagThrottle;
  readonly receipt: RunReceipt | undefined;
  readonly telemetry: Telemetry | undefined;
}

export async function makeRunner(
  { config, until, bounds, digests, logger, loadAgain, turns }: PipelineJob,
  { inForce, throttle, receipt, telemetry }: RunnerParts,
): Promise<{ readonly runner: Runner; readonly watch: FileWatch | undefined }> {
  const { reloadTimeoutMs, reloadIntervalMs } = config.dispatcher;
  const revisions =
    loadAgain === undefined
      ? undefined
      : new JobRevisions({
          config,
          loadAgain,
          logger: inArea(logger, 'reload'),
          ...(digests === undefined ? {} : { digests }),
          setLogLevels: (levels) => logger.setLevels(levels),
        });
  const runner: Runner = new LegRunner({
    first: (await revisions?.first()) ?? { config, fingerprint: '' },
    compose: (next, carried) =>
      compose({
        config: revisions?.bound(next) ?? next,
        until,
        bounds,
        logger,
        throttle,
        carried,
        receipts: receipt?.book,
        turns,
        telemetry,
      }),
    source: revisions,
    reloadTimeoutMs,
    logger: inArea(logger, 'reload'),
    clock: realClock,
    reloaded: inForce,
  });
  if (revisions === undefined || reloadIntervalMs === 0) return { runner, watch: undefined };
  const once = await revisions.readOnceOnly();
  if (once !== undefined) {
    inArea(logger, 'reload').info(
      "the configuration can't be reloaded: a part of it is a pipe or a device, which can be read only once",
      { file: once },
    );
    return { runner, watch: undefined };
  }
  const files = (): readonly string[] => revisions.watchedFiles(runner.config);
  const watch = new FileWatch({
    clock: realClock,
    intervalMs: reloadIntervalMs,
    files,
    look: digestOf,
    changed: () => runner.reload('files'),
  });
  return { runner, watch };
}
