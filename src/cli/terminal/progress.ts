import type { RunDisplay, RunStatus, ShownRun } from '../../app/attended.js';
import { visible } from '../../core/visible.js';
import { bytes, count, duration } from './numbers.js';
import { slowedText } from './slowed-text.js';

const LIVE_INTERVAL_MS = 500;
const PLAIN_INTERVAL_MS = 10_000;
/** Where the width of a terminal is not known. */
const COLUMNS = 120;
const SEPARATOR = ' · ';

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
  private look: () => readonly ShownRun[] = () => [];
  private readonly plainIntervalMs: number;
  private timer: NodeJS.Timeout | undefined;
  private isShown = false;

  constructor(output: ProgressOutput, plainIntervalMs = PLAIN_INTERVAL_MS) {
    this.output = output;
    this.plainIntervalMs = plainIntervalMs;
  }

  start(look: () => readonly ShownRun[]): void {
    this.look = look;
    const live = this.output.isTTY === true;
    this.timer = setInterval(
      () => (live ? this.rewrite() : this.output.write(this.lines())),
      live ? LIVE_INTERVAL_MS : this.plainIntervalMs,
    );
    this.timer.unref();
  }

  /** Clears the live line, so that a log line or the summary can be printed. */
  clear(): void {
    if (this.isShown) this.output.write('\r\x1b[2K');
    this.isShown = false;
  }

  stop(): void {
    clearInterval(this.timer);
    this.clear();
  }

  /** One line with the facts that a waiting person needs, in the order of their importance. */
  line(columnsMax = Number.POSITIVE_INFINITY): string {
    const runs = this.look();
    const [first] = runs;
    if (first === undefined) return '';
    return fitting(first.name === undefined ? factsOf(first.status) : factsOfAll(runs), columnsMax);
  }

  /** A line for each pipeline. */
  private lines(): string {
    return this.look()
      .map(({ name, status }) => {
        const facts = factsOf(status);
        return `${fitting(name === undefined ? facts : [name, ...facts], Number.POSITIVE_INFINITY)}\n`;
      })
      .join('');
  }

  private rewrite(): void {
    this.isShown = true;
    // A terminal moves to the next line when its last column is written.
    this.output.write(`\r\x1b[2K${this.line((this.output.columns ?? COLUMNS) - 1)}`);
  }
}

/** Several pipelines in one line: how many there are, what holds one of them up, and their sums. */
function factsOfAll(runs: readonly ShownRun[]): readonly string[] {
  const stalled = runs.filter(({ status }) => status.stalled !== undefined);
  const [first] = stalled;
  const sum = (of: (status: RunStatus) => number): number =>
    runs.reduce((total, { status }) => total + of(status), 0);
  return [
    `${count(runs.length)} pipelines`,
    ...(first === undefined
      ? []
      : [`${count(stalled.length)} STALLED: ${first.name}: ${first.status.stalled}`]),
    `${count(sum(({ records }) => records.consumed))} records`,
    `${count(sum(({ progress }) => progress.recordsPerSecond.now))}/s`,
    ...deadLetters(sum(({ records }) => records.deadLettered)),
    `lag ${count(sum(({ lag }) => lag ?? 0))}`,
    `in flight ${bytes(sum(({ inFlightBytes }) => inFlightBytes))}`,
    `threads ${sum(({ threadsBusy }) => threadsBusy)}/${sum(({ threads }) => threads)} busy`,
  ];
}

function factsOf(status: RunStatus): readonly string[] {
  const { state, stalled, progress, records, lag, owned, slowed } = status;
  const { percent, recordsDone, recordsToDo, recordsPerSecond, etaSeconds, slowest } = progress;
  const flows = stalled === undefined;
  const isBounded = percent !== null && recordsToDo !== null;
  const rate = flows ? [`${count(recordsPerSecond.now)}/s`] : [];
  const bounded = !isBounded
    ? []
    : [
        `${percent.toFixed(1)}%`,
        // With nothing left to do the run waits for its last commits.
        ...(etaSeconds === null || recordsToDo === 0 || !flows
          ? []
          : [`ETA ${duration(1_000 * etaSeconds)}`]),
        ...rate,
        `${count(recordsDone)} of ${count(recordsDone + recordsToDo)} records`,
      ];
  return [
    ...(flows ? [] : [`STALLED: ${stalled}`]),
    ...(flows && (!isBounded || state !== 'running') ? [state] : []),
    ...bounded,
    ...(isBounded ? [] : [`${count(records.consumed)} records`, ...rate]),
    ...(slowed === undefined ? [] : [slowedText(slowed)]),
    ...deadLetters(records.deadLettered),
    ...(lag === undefined || isBounded ? [] : [`lag ${count(lag)}`]),
    ...sizes(progress),
    ...(slowest === null
      ? []
      : [`slowest ${slowest.topic}[${slowest.partition}] ${count(slowest.toDo)} left`]),
    ...(isBounded && flows ? [`${count(recordsPerSecond.overall)}/s overall`] : []),
    `in flight ${bytes(status.inFlightBytes)} of ${bytes(status.inFlightBytesMax)}`,
    `threads ${status.threadsBusy}/${status.threads} busy`,
    `${owned} partitions`,
  ];
}

function deadLetters(records: number): readonly string[] {
  return records === 0 ? [] : [`${count(records)} dead letter${records === 1 ? '' : 's'}`];
}

function sizes({
  bytesDoneEstimate: done,
  bytesToDoEstimate: toDo,
}: RunStatus['progress']): readonly string[] {
  return done === null || toDo === null ? [] : [`about ${bytes(done)} of ${bytes(done + toDo)}`];
}

/** As many whole facts as there is room for. Only the first one is cut if it does not fit alone. */
function fitting(facts: readonly string[], columnsMax: number): string {
  let line = '';
  for (const fact of facts.map(visible)) {
    const longer = line === '' ? fact : `${line}${SEPARATOR}${fact}`;
    if (longer.length > columnsMax) break;
    line = longer;
  }
  const [first = ''] = facts.map(visible);
  return line === '' && columnsMax > 0 ? `${first.slice(0, columnsMax - 1)}…` : line;
}
