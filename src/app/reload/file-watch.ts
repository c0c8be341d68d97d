import type { Clock } from '../../ports/clock.js';

/** Time between the two checks that must agree. */
export const SETTLE_MS = 1_000;

export interface FileWatchParts {
  readonly clock: Clock;
  readonly intervalMs: number;
  /** The files to watch at the moment. */
  readonly files: () => readonly string[];
  /** One text for the contents of all of them; never rejects. */
  readonly look: (files: readonly string[]) => Promise<string>;
  /**
   * The contents have changed, and no longer change. Also called once at the start: they may have changed
   * while they were being read.
   */
  readonly changed: () => void;
}

/**
 * Checks the contents of files from time to time. fs.watch can't replace this: mounted secrets change by a
 * swap of symlinks above the file, and network mounts send no events. A change is reported when two looks in
 * a row agree, so a half-written file is not used.
 */
export class FileWatch {
  private readonly parts: FileWatchParts;
  private settled: string | undefined;
  private seen: string | undefined;
  private cancel: () => void = () => undefined;
  private stopped = false;

  constructor(parts: FileWatchParts) {
    this.parts = parts;
  }

  start(): void {
    this.lookAfter(SETTLE_MS);
  }

  stop(): void {
    this.stopped = true;
    this.cancel();
  }

  private lookAfter(delayMs: number): void {
    if (!this.stopped) this.cancel = this.parts.clock.after(delayMs, () => void this.look());
  }

  private async look(): Promise<void> {
    const { look, files, intervalMs } = this.parts;
    const now = await look(files());
    if (this.stopped) return;
    const before = this.seen;
    this.seen = now;
    if (now === this.settled) {
      this.lookAfter(intervalMs);
    } else if (now === before) {
      this.settled = now;
      this.parts.changed();
      this.lookAfter(intervalMs);
    } else {
      this.lookAfter(Math.min(SETTLE_MS, intervalMs));
    }
  }
}
