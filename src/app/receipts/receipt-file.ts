/** The file of a receipt: begun, or continued where an earlier run ended. */
import {
  closeSync,
  fstatSync,
  fsync,
  fsyncSync,
  ftruncateSync,
  openSync,
  readSync,
  writeSync,
} from 'node:fs';
import { DispatcherError } from '../../core/errors.js';
import { CHAIN_START, LINE_START, seal } from '../../core/receipts/chain.js';
import type { Logger } from '../../ports/logger.js';
import { ReceiptFault, type ReceiptRead, readReceipt, sha256 } from './read-receipt.js';

/** The most that is lost if the machine fails. */
const SYNC_INTERVAL_MS = 1_000;

export class ReceiptFile {
  readonly #path: string;
  readonly #file: number;
  #previous: string;
  #bytes: number;
  #syncedAtMs = 0;
  #syncing = false;
  #syncFault: Error | undefined;

  private constructor(
    path: string,
    file: number,
    { sha256: previous, bytes }: Pick<ReceiptRead, 'sha256' | 'bytes'>,
  ) {
    this.#path = path;
    this.#file = file;
    this.#previous = previous;
    this.#bytes = bytes;
  }

  /** Checks what is in the file. A last line that was cut by a crash is removed. */
  static async open(path: string, logger: Logger): Promise<ReceiptFile> {
    const before = await linesBefore(path);
    try {
      const file = openSync(path, before === undefined ? 'wx' : 'r+', 0o644);
      if (before === undefined) return new ReceiptFile(path, file, { sha256: CHAIN_START, bytes: 0 });
      if (before.tornBytes > 0) {
        requireTornLine(path, file, before);
        ftruncateSync(file, before.bytes);
        logger.warn('receipt: removed a last line that was not written completely', {
          file: path,
          line: before.lines + 1,
          bytes: before.tornBytes,
        });
      }
      logger.info('receipt: continues an earlier one', { file: path, lines: before.lines });
      return new ReceiptFile(path, file, before);
    } catch (cause) {
      throw cause instanceof DispatcherError ? cause : refused(path, cause);
    }
  }

  /** `fields`: a JSON object. */
  append(fields: string): void {
    const line = seal(fields, this.#previous, sha256);
    const data = Buffer.from(`${line.text}\n`);
    try {
      if (fstatSync(this.#file).size !== this.#bytes)
        throw new Error('another process has written to it or truncated it');
      // The operating system reports it once, and what was lost is not written again.
      if (this.#syncFault !== undefined) throw this.#syncFault;
      this.#writeAll(data);
    } catch (cause) {
      throw new DispatcherError(
        'RECEIPT_UNWRITABLE',
        `the receipt ${this.#path} can't be written: ${textOf(cause)}`,
        {
          cause,
          remedy:
            'nothing that is not in the receipt is committed; make room, or give each run a file of its ' +
            'own, then start again',
        },
      );
    }
    this.#previous = line.sha256;
    this.#bytes += data.length;
    this.#syncWhenDue();
  }

  async close(): Promise<void> {
    fsyncSync(this.#file);
    // A synchronisation under way still uses the file.
    while (this.#syncing) await new Promise((resolve) => setTimeout(resolve, 5));
    closeSync(this.#file);
  }

  /** A line that was written in part is taken back, so that the file stays a chain. */
  #writeAll(data: Buffer): void {
    try {
      for (let at = 0; at < data.length; )
        at += writeSync(this.#file, data, at, data.length - at, this.#bytes + at);
    } catch (error) {
      ftruncateSync(this.#file, this.#bytes);
      throw error;
    }
  }

  #syncWhenDue(): void {
    const nowMs = performance.now();
    if (this.#syncing || nowMs - this.#syncedAtMs < SYNC_INTERVAL_MS) return;
    this.#syncedAtMs = nowMs;
    this.#syncing = true;
    fsync(this.#file, (fault) => {
      this.#syncing = false;
      this.#syncFault ??= fault ?? undefined;
    });
  }
}

/** Anything else without a line feed at its end is another file of the user, and must not be truncated. */
function requireTornLine(path: string, file: number, { bytes, lines }: ReceiptRead): void {
  const found = Buffer.alloc(LINE_START.length);
  const tail = found.toString('latin1', 0, readSync(file, found, 0, found.length, bytes));
  // A machine that lost power may leave zeros.
  if (LINE_START.startsWith(tail) || /^\0+$/.test(tail)) return;
  closeSync(file);
  throw new DispatcherError(
    'USAGE',
    `this receipt can't be continued: ${path}, line ${lines + 1}: is not a line of a receipt`,
    {
      remedy: 'name another file; this one was not changed',
    },
  );
}

/** Undefined: there is no such file, or it is empty. */
async function linesBefore(path: string): Promise<ReceiptRead | undefined> {
  try {
    return await readReceipt(path, () => undefined);
  } catch (cause) {
    if (cause instanceof ReceiptFault)
      throw new DispatcherError('USAGE', `this receipt can't be continued: ${cause.message}`, {
        cause,
        remedy: 'name another file; to check both runs, give kd verify both files',
      });
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return undefined;
    throw refused(path, cause);
  }
}

function refused(path: string, cause: unknown): DispatcherError {
  return new DispatcherError('USAGE', `the receipt ${path} can't be opened: ${textOf(cause)}`, {
    cause,
    remedy: 'name a file in a folder that this user may write to',
  });
}

function textOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
