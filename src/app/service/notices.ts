/**
 * Tells the service manager how the runs of this process are (sd_notify): READY when every run has joined its
 * group or ended, RELOADING while a new configuration takes effect, STOPPING, STATUS in a sentence, WATCHDOG.
 *
 * The watchdog means what `/livez` means: this loop runs. It does not depend on Kafka, because a restart
 * would not make a broker answer.
 */
import { visible } from '../../core/visible.js';
import type { Clock } from '../../ports/clock.js';
import type { Redact } from '../status.js';
import { phaseOf, type RunPhase, type ServiceRun, sentenceOf } from './sentence.js';

const LOOK_INTERVAL_MS = 250;
/** How often a sentence changes that only has other numbers. */
const SENTENCE_INTERVAL_MS = 5_000;
/** The addon takes 2,048 bytes a message; a character may have four. */
const SENTENCE_CHARACTERS_MAX = 400;

export interface NoticesParts {
  /** Sends lines, separated by "\n"; never waits, never throws. */
  readonly send: (lines: string) => void;
  /** The time after which the service manager misses a sign of life; undefined: it does not watch. */
  readonly watchdogMs: number | undefined;
  /** Its timers must not keep the process alive. */
  readonly clock: Clock;
  /** CLOCK_MONOTONIC, for RELOADING. */
  readonly monotonicMicroseconds: () => bigint;
  readonly redact: Redact;
}

export class ServiceNotices {
  private readonly parts: NoticesParts;
  private readonly runs = new Map<ServiceRun, { hasJoined: boolean }>();
  private said: 'starting' | 'ready' | 'reloading' | 'stopping' = 'starting';
  private sentence = '';
  private phases = '';
  private sentenceAtMs = Number.NEGATIVE_INFINITY;
  private pingedAtMs = Number.NEGATIVE_INFINITY;
  private cancel: () => void = () => undefined;
  private isLooking = false;

  constructor(parts: NoticesParts) {
    this.parts = parts;
  }

  /** From now on the run is told of; runs that start together are added in one turn of the loop. */
  add(run: ServiceRun): void {
    this.runs.set(run, { hasJoined: false });
    if (this.isLooking) return;
    this.isLooking = true;
    this.cancel = this.parts.clock.after(0, () => this.look());
  }

  /** The run is over. After the last one the process is stopping, which may take another few seconds. */
  remove(run: ServiceRun): void {
    this.runs.delete(run);
    if (this.runs.size === 0) this.tell();
  }

  /** The signs of life go on until here: the last thing before the process ends. */
  close(): void {
    this.cancel();
    this.isLooking = false;
  }

  private look(): void {
    this.ping();
    this.tell();
    this.cancel = this.parts.clock.after(LOOK_INTERVAL_MS, () => this.look());
  }

  private ping(): void {
    const { watchdogMs, clock, send } = this.parts;
    if (watchdogMs === undefined) return;
    const nowMs = clock.nowMs();
    // A look that comes late must not make the sign of life late, too.
    if (nowMs - this.pingedAtMs < Math.max(0, watchdogMs / 2 - LOOK_INTERVAL_MS)) return;
    this.pingedAtMs = nowMs;
    send('WATCHDOG=1');
  }

  private tell(): void {
    const runs = [...this.runs].map(([run, memory]) => {
      const status = run.status();
      const phase = phaseOf(status, memory.hasJoined);
      if (phase === 'running' || phase === 'stalled') memory.hasJoined = true;
      return { name: run.name, phase, status };
    });
    const lines = [...this.change(runs), ...this.news(runs)];
    if (lines.length > 0) this.parts.send(lines.join('\n'));
  }

  private change(runs: readonly RunPhase[]): readonly string[] {
    const before = this.said;
    if (before === 'stopping') return [];
    const has = (phase: RunPhase['phase']): boolean => runs.some((run) => run.phase === phase);
    if (runs.every(({ phase }) => phase === 'stopping')) {
      this.said = 'stopping';
      return ['STOPPING=1'];
    }
    if (before === 'ready' && has('reloading')) {
      this.said = 'reloading';
      return ['RELOADING=1', `MONOTONIC_USEC=${this.parts.monotonicMicroseconds()}`];
    }
    if ((before === 'starting' && !has('starting')) || (before === 'reloading' && !has('reloading'))) {
      this.said = 'ready';
      return ['READY=1'];
    }
    return [];
  }

  private news(runs: readonly RunPhase[]): readonly string[] {
    const { clock, redact } = this.parts;
    const nowMs = clock.nowMs();
    const phases = runs.map(({ name, phase }) => `${name} ${phase}`).join();
    if (phases === this.phases && nowMs - this.sentenceAtMs < SENTENCE_INTERVAL_MS) return [];
    this.phases = phases;
    this.sentenceAtMs = nowMs;
    // A line end in a reason would begin a line of the protocol.
    const sentence = visible(redact(sentenceOf(runs))).slice(0, SENTENCE_CHARACTERS_MAX);
    if (sentence === this.sentence) return [];
    this.sentence = sentence;
    return [`STATUS=${sentence}`];
  }
}
