/** Runs several pipelines as one process, from their configurations to one summary of all. */

import type { LoadedPipelines } from '../../config/pipelines/load-pipelines.js';
import { worstExitCode } from '../../core/errors.js';
import { inArea } from '../../ports/logger.js';
import { type Attendance, attended } from '../attended.js';
import { exitNow } from '../compose/librdkafka.js';
import { createTurns } from '../compose/pool.js';
import { usageSince } from '../process-control.js';
import type { EventSink } from '../progress/events.js';
import { realClock } from '../real-clock.js';
import { digestOf } from '../reload/file-digest.js';
import { FileWatch } from '../reload/file-watch.js';
import type { Summary } from '../summary.js';
import { answersOfAll } from './answers-of-all.js';
import type { Member } from './member.js';
import { Pipeline } from './pipeline.js';
import type { PipelineJob } from './pipeline-job.js';
import { PipelineSet, type PipelineSetParts } from './pipeline-set.js';

export interface PipelinesJob
  extends Pick<PipelineJob, 'until' | 'redact' | 'service' | 'events' | 'shown'>,
    Pick<PipelineSetParts, 'load'>,
    Pick<Attendance, 'display' | 'onTerminal' | 'logger'> {
  /** All of them are valid. */
  readonly first: LoadedPipelines;
  /** The files that make up the configuration at the moment, and the directory. */
  readonly files: () => readonly string[];
}

export interface SummaryOfAll {
  readonly schema: 1;
  readonly state: 'stopped' | 'failed';
  readonly exitCode: number;
  readonly pipelines: readonly Summary[];
  /** Of pipelines that reloads have removed, the newest; the exit code is not theirs. */
  readonly removed: readonly Summary[];
}

export interface OutcomeOfAll {
  readonly summary: SummaryOfAll;
  readonly exitNow: (() => void) | undefined;
}

export async function runPipelines(job: PipelinesJob): Promise<OutcomeOfAll> {
  const { first, until, logger, redact, service, load } = job;
  const startedAt = new Date();
  const [one] = first.pipelines;
  const process = one?.loaded.config;
  const turns = createTurns(realClock, first.threads);
  const used = usageSince();
  const events = job.events === undefined ? {} : { events: { ...job.events, sinks: kept(job.events.sinks) } };
  const consumed = (): number =>
    [...set.members.values()].reduce(
      (sum, member) => sum + (member.pipeline?.status().records.consumed ?? 0),
      0,
    );
  const set = new PipelineSet({
    first,
    load,
    prepare: (own) =>
      Pipeline.prepare({
        ...own,
        ...events,
        ...(job.shown === undefined ? {} : { shown: job.shown }),
        until,
        redact,
        service,
        // The kernel counts the processor time of the process: each record is worth the same.
        usage: (records) => {
          const { cpuMicroseconds, ...rest } = used();
          return { ...rest, cpuMicroseconds: (cpuMicroseconds * records) / Math.max(1, records, consumed()) };
        },
        turns: own.config.dispatcher.pool === 'own' ? undefined : turns.of(own.config.dispatcher.weight),
      }),
    restarts: until === 'forever',
    clock: realClock,
    logger,
    redact,
  });
  const members = () => [...set.members.values()];
  const runs = {
    stop: () => set.stop(),
    cutNow: () => set.cutNow(),
    reload: () => set.reload('signal'),
    get drainTimeoutMs() {
      return Math.max(0, ...members().map(({ pipeline }) => pipeline?.config.dispatcher.drainTimeoutMs ?? 0));
    },
    shown: () =>
      members().flatMap(({ name, pipeline }) =>
        pipeline === undefined ? [] : [{ name, status: pipeline.status() }],
      ),
    answers: answersOfAll(members, startedAt),
  };
  const attendance = { ...job, server: process?.server, reloadable: true };
  const watch = watchOf(job, () => set.reload('files'));
  inArea(logger, 'run').info('running', { pipelines: first.pipelines.length, threads: first.threads, until });
  await attended(runs, attendance, async () => {
    watch?.start();
    await set.run();
    watch?.stop();
  });
  await Promise.all((job.events?.sinks ?? []).map((sink) => sink.close(FLUSH_MS)));
  return outcomeOf(members(), set.removed);
}

/** How long the last events may take. */
const FLUSH_MS = 5_000;

/** Sinks that stay open when one of the pipelines has written its last event. */
function kept(sinks: readonly EventSink[]): readonly EventSink[] {
  return sinks.map((sink) => ({ write: (event) => sink.write(event), close: () => Promise.resolve() }));
}

/** Pipelines that are added or removed; each watches its own files itself. */
function watchOf({ first, files }: PipelinesJob, changed: () => void): FileWatch | undefined {
  const intervals = first.pipelines.flatMap(({ loaded }) => loaded.config?.dispatcher.reloadIntervalMs ?? []);
  const intervalMs = Math.min(...intervals.filter((interval) => interval > 0));
  return Number.isFinite(intervalMs)
    ? new FileWatch({ clock: realClock, intervalMs, files, look: digestOf, changed })
    : undefined;
}

function outcomeOf(members: readonly Member[], removed: readonly Summary[]): OutcomeOfAll {
  const pipelines = members.flatMap(({ summary }) => (summary === undefined ? [] : [summary]));
  const exitCode = worstExitCode(pipelines.map((summary) => summary.exitCode));
  const hasFailed = pipelines.some(({ state }) => state === 'failed');
  const isHung = members.some((member) => member.exitNow !== undefined);
  return {
    summary: { schema: 1, state: hasFailed ? 'failed' : 'stopped', exitCode, pipelines, removed },
    exitNow: isHung ? () => exitNow(exitCode) : undefined,
  };
}
