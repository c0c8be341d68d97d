import type { RunDisplay, RunStatus } from '../../app/run.js';
import { visible } from '../../core/visible.js';
import { bytes, count, duration } from './numbers.js';
import { RateMeter } from './rate-meter.js';

const LIVE_INTERVAL_MS = 500;
const PLAIN_INTERVAL_MS = 10_000;

export interface ProgressOutput {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/**
 * Shows the progress of a run: one line rewritten in place on a terminal, a plain line every 10 s elsewhere.
 */
export class Progress implements RunDisplay {
  private readonly output: ProgressOutput;
  private status: (() => RunStatus) | undefined;
  private readonly plainIntervalMs: number;
  private readonly rate = new RateMeter();
  private timer: NodeJS.Timeout | undefined;
  private lastLine = '';

  constructor(output: ProgressOutput, plainIntervalMs = PLAIN_INTERVAL_MS) {
    this.output = output;
    this.plainIntervalMs = plainIntervalMs;
  }

  start(status: () => RunStatus): void {
    this.status = status;
    const live = this.output.isTTY === true;
    this.timer = setInterval(
      () => (live ? this.rewrite() : this.output.write(`${this.line()}\n`)),
      live ? LIVE_INTERVAL_MS : this.plainIntervalMs,
    );
    this.timer.unref();
  }

  /** Clears the live line, so that a log line or the summary can be printed. */
  clear(): void {
    if (this.lastLine !== '') this.output.write('\r\x1b[2K');
    this.lastLine = '';
  }

  stop(): void {
    clearInterval(this.timer);
    this.clear();
  }

  private rewrite(): void {
    const width = (this.output.columns ?? 120) - 1;
    this.lastLine = this.line().slice(0, width);
    this.output.write(`\r\x1b[2K${this.lastLine}`);
  }

  /** One line with the facts that a waiting person needs. */
  line(): string {
    const status = this.status?.();
    if (status === undefined) return '';
    const perSecond = this.rate.perSecond(status.records.consumed);
    const flows = status.stalled === undefined;
    const parts = [
      status.stalled === undefined ? status.state : `STALLED: ${status.stalled}`,
      `${count(status.records.consumed)} records`,
      // The mean over the last samples would not drop immediately when records stop.
      ...(flows ? [`${count(perSecond)}/s`] : []),
      ...(status.lag === undefined ? [] : [`lag ${count(status.lag)}`]),
      `in flight ${bytes(status.inFlightBytes)} of ${bytes(status.inFlightBytesMax)}`,
      `threads ${status.threadsBusy}/${status.threads} busy`,
      `${status.owned} partitions`,
      ...(status.records.deadLettered === 0 ? [] : [`${count(status.records.deadLettered)} dead letters`]),
      ...(status.remaining === undefined || perSecond <= 0 || !flows
        ? []
        : [`ETA ${duration(1_000 * Math.ceil(status.remaining / perSecond))}`]),
    ];
    return visible(parts.join(' · '));
  }
}
