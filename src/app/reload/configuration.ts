/**
 * How a running job reloads its configuration: what may change, how changes are checked, and what is tried
 * before the new one takes over.
 */

import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Loaded } from '../../config/load.js';
import { filesBeside, fingerprint } from '../../config/show/fingerprint.js';
import { formatProblem } from '../../config/text/problem.js';
import { differenceWords } from '../../core/jobs/difference-words.js';
import { partDifferences } from '../../core/jobs/job-changes.js';
import type { DigestedParts } from '../../core/jobs/job-record.js';
import { equalLevels, type LogLevels } from '../../core/log/areas.js';
import type { Logger } from '../../ports/logger.js';
import { modulesOf } from '../../transform/load/modules.js';
import { inspectParts } from '../compose/inspect-parts.js';
import { tryConfiguration } from '../compose/trial.js';
import { digestedParts } from '../jobs/digests.js';
import { fileDigest, readOnceOnly } from './file-digest.js';
import type { Adopted, Loading, Revision, RevisionSource } from './leg.js';

export interface JobRevisionsParts {
  /** The configuration at the start of the run. */
  readonly config: ResolvedConfig;
  /** Loads all layers again. */
  readonly loadAgain: () => Loaded;
  readonly logger: Logger;
  /** Digests of what decides the results, if it must not change during the run. */
  readonly digests?: DigestedParts;
  readonly setLogLevels: (levels: LogLevels) => void;
}

/** Settings of the process: a change takes effect at the next start. */
const AT_THE_NEXT_START = {
  name: ({ name }: ResolvedConfig) => name,
  'server.port': ({ server }: ResolvedConfig) => server?.port,
  'server.address': ({ server }: ResolvedConfig) => server?.address,
  'server.token': ({ server }: ResolvedConfig) => server?.token,
  'server.allowed-hosts': ({ server }: ResolvedConfig) => server?.allowedHosts.join(),
  'telemetry.module': ({ telemetry }: ResolvedConfig) => telemetry.module,
  'telemetry.flush-timeout': ({ telemetry }: ResolvedConfig) => telemetry.flushTimeoutMs,
  'logging.format': ({ logging }: ResolvedConfig) => logging.format,
  'dispatcher.reload-interval': ({ dispatcher }: ResolvedConfig) => dispatcher.reloadIntervalMs,
  'dispatcher.reload-timeout': ({ dispatcher }: ResolvedConfig) => dispatcher.reloadTimeoutMs,
} as const;

export class JobRevisions implements RevisionSource<ResolvedConfig> {
  private readonly parts: JobRevisionsParts;
  private logLevels: LogLevels;
  private newest: ResolvedConfig;
  private newestFingerprint = '';
  private newestDigests: { readonly of: ResolvedConfig; readonly parts: DigestedParts } | undefined;

  constructor(parts: JobRevisionsParts) {
    this.parts = parts;
    this.newest = parts.config;
    this.logLevels = parts.config.logging.level;
  }

  async first(): Promise<Revision<ResolvedConfig>> {
    const revision = await revisionOf(this.parts.config);
    this.newestFingerprint = revision.fingerprint;
    return revision;
  }

  /**
   * Files of the configuration in use, and of the newest: if the newest is not usable, its files are the
   * ones that the user will fix.
   */
  watchedFiles(inUse: ResolvedConfig): readonly string[] {
    const files = [inUse, this.newest].flatMap(({ file, consumer, producer }) => [
      ...(file === undefined ? [] : [file]),
      ...consumer.watchedFiles,
      ...producer.watchedFiles,
    ]);
    return [...new Set(files)];
  }

  /** One of these files can't be read a second time. */
  async readOnceOnly(): Promise<string | undefined> {
    return readOnceOnly(this.watchedFiles(this.newest));
  }

  async load(): Promise<Loading<ResolvedConfig>> {
    const once = await this.readOnceOnly();
    if (once !== undefined)
      return {
        kind: 'faulty',
        problems: [`${once} is a pipe or a device, read only once; reloading needs a file`],
      };
    const loaded = this.parts.loadAgain();
    const errors = loaded.problems.filter(({ severity }) => severity === 'error');
    if (loaded.config === undefined || errors.length > 0)
      return { kind: 'faulty', problems: errors.map(formatProblem) };
    const revision = await revisionOf(loaded.config);
    if (revision.fingerprint !== this.newestFingerprint) {
      const faults = (await inspectParts(loaded.config, loaded)).filter(
        ({ severity }) => severity === 'error',
      );
      if (faults.length > 0) return { kind: 'faulty', problems: faults.map(formatProblem) };
      for (const warning of loaded.problems) this.parts.logger.warn(formatProblem(warning));
      this.newestFingerprint = revision.fingerprint;
    }
    this.newest = loaded.config;
    if (this.parts.digests !== undefined)
      this.newestDigests = { of: loaded.config, parts: await digestedParts(loaded.config) };
    return { kind: 'valid', revision };
  }

  /**
   * Another group has other offsets: counts of both in one summary would be wrong. A job ends with the
   * transform and configuration with which it began.
   */
  refusal(current: ResolvedConfig, next: ResolvedConfig): string | undefined {
    if (current.consumer.groupId === next.consumer.groupId) return this.jobRefusal(next);
    return (
      `kafka.consumer.group-id was ${current.consumer.groupId} and is ${next.consumer.groupId} now: ` +
      `another group is another job`
    );
  }

  private jobRefusal(next: ResolvedConfig): string | undefined {
    const { digests } = this.parts;
    if (digests === undefined || this.newestDigests?.of !== next) return undefined;
    const changed = differenceWords(partDifferences(digests, this.newestDigests.parts));
    if (changed.length === 0) return undefined;
    return `${changed.join('; ')}: stop the job, then start it with --accept-change to go on with this`;
  }

  adopt(next: ResolvedConfig): Adopted {
    const { config, setLogLevels } = this.parts;
    const later = Object.entries(AT_THE_NEXT_START).flatMap(([key, read]) =>
      read(config) === read(next) ? [] : [key],
    );
    if (equalLevels(next.logging.level, this.logLevels)) return { now: [], later };
    this.logLevels = next.logging.level;
    setLogLevels(next.logging.level);
    return { now: ['logging.level'], later };
  }

  trial(next: ResolvedConfig): Promise<void> {
    return tryConfiguration(this.bound(next), this.parts.logger);
  }

  /** `next`, but with the current settings of the process, which do not change during a run. */
  bound(next: ResolvedConfig): ResolvedConfig {
    const { name, server, telemetry } = this.parts.config;
    return { ...next, name, server, telemetry };
  }
}

async function revisionOf(config: ResolvedConfig): Promise<Revision<ResolvedConfig>> {
  const { transform } = config.dispatcher;
  const modules = transform === undefined ? [] : await modulesOf(transform);
  const files = [...new Set([...filesBeside(config), ...modules])];
  const digests = await Promise.all(files.map(fileDigest));
  return {
    config,
    fingerprint: fingerprint(config, new Map(files.map((file, index) => [file, digests[index] ?? '']))),
  };
}
