/** A file of events for a scheduler, one JSON object per line. */
import { constants } from 'node:fs';
import { lstat, open, rename } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { DispatcherError } from '../../core/errors.js';
import { inArea, type Logger } from '../../ports/logger.js';
import type { EventSink, RunEvent } from './events.js';

/** At this size the file is renamed to FILE.1, replacing any earlier one, and a new one is begun. */
const FILE_BYTES_MAX = 16 * 1024 * 1024;
/** Events that wait for a disk that does not answer; more are dropped. */
const WAITING_MAX = 100;
/** A pipe without a reader must not block: its opening fails instead. */
const APPEND = constants.O_WRONLY | constants.O_APPEND | constants.O_CREAT | constants.O_NONBLOCK;
const MODE = 0o644;
/** Mistakes of the user, unlike a disk that is full for a while. */
const MISTAKES = new Set(['ENOENT', 'ENOTDIR', 'EISDIR', 'EACCES', 'EPERM', 'ELOOP', 'ENAMETOOLONG']);

export interface EventFileOptions {
  readonly path: string;
  readonly logger: Logger;
  /** [16 MiB] */
  readonly bytesMax?: number;
}

/** Tries the file, so that a wrong path is an error of usage before anything is consumed. */
export async function openEventFile(options: EventFileOptions): Promise<EventSink> {
  const { path } = options;
  try {
    await (await open(path, APPEND, MODE)).close();
  } catch (cause) {
    const { code = '', message } = cause as NodeJS.ErrnoException;
    if (MISTAKES.has(code))
      throw new DispatcherError('USAGE', `the progress file ${path} can't be written: ${message}`, {
        cause,
        remedy: 'name a file in a directory that exists and that this user may write to (--progress-file)',
      });
  }
  return new EventFile(options);
}

/**
 * Appends in the background, and opens the file for each event: it may be moved away or deleted at any time.
 * A failed write is warned about once and never ends the run.
 */
class EventFile implements EventSink {
  private readonly path: string;
  private readonly logger: Logger;
  private readonly bytesMax: number;
  private readonly waiting: string[] = [];
  private writing: Promise<void> | undefined;
  private isWarned = false;
  /** A failed write may have left part of a line. */
  private endsInLine = false;

  constructor({ path, logger, bytesMax = FILE_BYTES_MAX }: EventFileOptions) {
    this.path = path;
    this.logger = inArea(logger, 'jobs');
    this.bytesMax = bytesMax;
  }

  write(event: RunEvent): void {
    if (this.waiting.length >= WAITING_MAX) return this.warn(`${WAITING_MAX} events wait to be written`);
    this.waiting.push(`${JSON.stringify(event)}\n`);
    this.writing ??= this.writeAll();
  }

  async close(deadlineMs: number): Promise<void> {
    const isWritten = this.writing?.then(() => true) ?? true;
    if (!(await Promise.race([isWritten, delay(deadlineMs, false, { ref: false })])))
      this.warn(`the last events were not written within ${deadlineMs} ms`);
  }

  private async writeAll(): Promise<void> {
    for (let line = this.waiting.shift(); line !== undefined; line = this.waiting.shift()) {
      try {
        await this.append(line);
      } catch (error) {
        this.warn(error instanceof Error ? error.message : String(error));
      }
    }
    this.writing = undefined;
  }

  private async append(line: string): Promise<void> {
    const bytes = Buffer.from(this.endsInLine ? `\n${line}` : line);
    await this.makeRoom(bytes.length);
    const file = await open(this.path, APPEND, MODE);
    try {
      for (let at = 0; at < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, at);
        at += bytesWritten;
        this.endsInLine = at < bytes.length;
      }
    } finally {
      await file.close();
    }
  }

  /** The target of a link belongs to the user and is not renamed; /dev/stdout is a link. */
  private async makeRoom(bytes: number): Promise<void> {
    const found = await lstat(this.path).catch(() => undefined);
    if (found?.isFile() === true && found.size > 0 && found.size + bytes > this.bytesMax)
      await rename(this.path, `${this.path}.1`);
  }

  private warn(reason: string): void {
    if (this.isWarned) return;
    this.isWarned = true;
    this.logger.warn('the progress file is incomplete: an event could not be written; the run continues', {
      file: this.path,
      reason,
      hint: 'check whether its disk is full, and whether its directory can be written to',
    });
  }
}
