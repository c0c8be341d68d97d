/** Writes down what one instance of a job has done: while it runs, and at its end. */
import { randomUUID } from 'node:crypto';
import { hostname } from 'node:os';
import { DispatcherError, ExitCode } from '../../core/errors.js';
import { countsOf } from '../../core/jobs/job-counts.js';
import type { JobInstance } from '../../core/jobs/job-record.js';
import type { JobState } from '../../core/jobs/job-state.js';
import { LineLimit, sampledLine } from '../../core/log/line-limit.js';
import type { Logger } from '../../ports/logger.js';
import type { Snapshot } from '../status.js';
import type { Summary } from '../summary.js';
import { type JobIdentity, jobReport } from './job-report.js';
import type { JobStore } from './job-store.js';
import { requireState } from './start-offsets.js';

/** Counts that a killed instance has not yet written are missing from the job's counts. */
const RECORD_INTERVAL_MS = 10_000;

export interface JobRecorderParts {
  readonly store: JobStore;
  readonly state: JobState;
  readonly identity: JobIdentity;
  readonly logger: Logger;
}

export class JobRecorder {
  readonly #parts: JobRecorderParts;
  readonly #id = randomUUID();
  readonly #topicIds: ReadonlyMap<string, string | null>;
  readonly #limit = new LineLimit({ intervalMs: 60_000, kindsMax: 1 });
  #timer: NodeJS.Timeout | undefined;
  #writing: Promise<void> = Promise.resolve();
  #isWriting = false;

  constructor(parts: JobRecorderParts) {
    this.#parts = parts;
    this.#topicIds = new Map(parts.state.pin.topics.map(({ topic, id }) => [topic, id]));
  }

  /** Writes regularly from now on, the first time at once, so that a killed process is known, too. */
  observe(soFar: () => Snapshot): void {
    const write = (): void => {
      // Outdated records must not pile up for a broker that does not answer.
      if (this.#isWriting) return;
      this.#isWriting = true;
      this.#writing = this.#write(this.#instance(soFar(), false))
        .catch((error: unknown) => {
          this.#warn(error instanceof Error ? error.message : String(error));
        })
        .finally(() => {
          this.#isWriting = false;
        });
    };
    write();
    this.#timer = setInterval(write, RECORD_INTERVAL_MS);
  }

  /** Writes the end of this instance, and that of the job if it was reached; completes the summary. */
  async conclude(summary: Summary): Promise<Summary> {
    clearInterval(this.#timer);
    await this.#writing;
    const { store, state, identity, logger } = this.#parts;
    const instance = this.#instance(summary, true);
    const ended = { ...summary, reason: resumable(summary) };
    try {
      await this.#write(instance);
      if (summary.exitCode === 0)
        await store.write({ run: state.run, kind: 'finished', id: '' }, { at: summary.endedAt });
      const now = requireState(await store.read(), identity.group);
      return { ...ended, job: jobReport(identity, now) };
    } catch (error) {
      const known = unreadable(error);
      logger.warn(`what this instance has done was not recorded: ${known.message}`, { job: identity.name });
      const withThis = { ...state, instances: new Map([...state.instances, [this.#id, instance]]) };
      return unrecorded({ ...ended, job: jobReport(identity, withThis) }, known);
    }
  }

  /** Once per minute: during an outage every attempt fails, and the log has the reason. */
  #warn(error: string): void {
    const held = this.#limit.admit('', performance.now());
    if (held === undefined) return;
    const { message, fields } = sampledLine(
      'the progress of the job was not recorded; the next attempt is in 10 s',
      held,
    );
    this.#parts.logger.warn(message, { error, ...fields });
  }

  #write(value: JobInstance): Promise<void> {
    const { store, state } = this.#parts;
    return store.write({ run: state.run, kind: 'instance', id: this.#id }, value);
  }

  #instance(snapshot: Snapshot, ended: boolean): JobInstance {
    return {
      host: hostname(),
      startedAt: snapshot.startedAt,
      at: new Date().toISOString(),
      ended,
      settled: this.#settled(snapshot.committed),
      counts: countsOf(snapshot),
    };
  }

  #settled(committed: Snapshot['committed']): JobInstance['settled'] {
    const byTopic = new Map<string, (readonly [number, number])[]>();
    for (const { topic, partition, offset } of committed) {
      const known = byTopic.get(topic);
      if (known === undefined) byTopic.set(topic, [[partition, offset]]);
      else known.push([partition, offset]);
    }
    return [...byTopic].map(([topic, offsets]) => ({
      topic,
      id: this.#topicIds.get(topic) ?? null,
      offsets,
    }));
  }
}

function resumable({ reason }: Summary): Summary['reason'] {
  if (reason.code === 'STOPPED_BEFORE_END')
    return {
      ...reason,
      remedy: 'run the same command again, on any machine: the job continues where it stopped',
    };
  // A job has no policy for positions, and its group is not the user's to reset.
  if (reason.code === 'OFFSET_OUT_OF_RANGE')
    return {
      ...reason,
      remedy:
        'run the same command again: it says what the job has lost, and how to continue ' +
        '(--accept-change, --again, or another --job NAME)',
    };
  return reason;
}

function unreadable(error: unknown): DispatcherError {
  if (error instanceof DispatcherError) return error;
  return new DispatcherError('KAFKA_UNREACHABLE', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}

/** Everything is settled, so it has not failed; but the next start does not know that the job is finished. */
function unrecorded(summary: Summary, { code, message }: DispatcherError): Summary {
  if (summary.exitCode !== 0) return summary;
  return {
    ...summary,
    exitCode: ExitCode.stoppedBeforeEnd,
    reason: {
      code,
      message: `all records of the job are settled, but its end was not recorded: ${message}`,
      remedy: 'run the same command again: it finds nothing left to do, and records it',
      retryable: true,
    },
  };
}
