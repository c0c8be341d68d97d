/** The receipt of one run, from its first line to its last. */
import { hostname } from 'node:os';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { RunReport } from '../../dispatcher/report.js';
import { inArea, type Logger } from '../../ports/logger.js';
import { version } from '../../version.js';
import { hashMarks } from '../compose/receipts.js';
import { ReceiptBook } from './receipt-book.js';
import { ReceiptFile } from './receipt-file.js';
import { digestsOf, topicFacts } from './run-facts.js';

export interface ReceiptRequest {
  readonly config: ResolvedConfig;
  readonly until: 'end' | 'forever';
  readonly logger: Logger;
}

interface RunEnd {
  readonly state: string;
  readonly exitCode: number;
  readonly report: RunReport;
}

export class RunReceipt {
  readonly book: ReceiptBook;
  readonly #logger: Logger;
  #config: ResolvedConfig;
  #noting: Promise<void> = Promise.resolve();

  private constructor(book: ReceiptBook, { config, logger }: ReceiptRequest) {
    this.book = book;
    this.#config = config;
    this.#logger = inArea(logger, 'jobs');
  }

  /** Rejects with USAGE if the file can't be written or is not a receipt. */
  static async begin(path: string, request: ReceiptRequest): Promise<RunReceipt> {
    const { config, until, logger } = request;
    const file = await ReceiptFile.open(path, inArea(logger, 'jobs'));
    const book = new ReceiptBook({ file, hashMarks });
    const [digests, topics] = await Promise.all([digestsOf(config), topicFacts(config, logger)]);
    const group = config.consumer.groupId;
    book.begun({ version, host: hostname(), name: config.name, group, until, ...digests, ...topics });
    return new RunReceipt(book, request);
  }

  /** A reload has brought another configuration. */
  inForce(config: ResolvedConfig): void {
    if (config === this.#config) return;
    this.#config = config;
    this.#noting = this.#noting
      .then(async () => this.book.reloaded(await digestsOf(config)))
      .catch((error: unknown) => this.#complain(error));
  }

  /** An error in writing the last line is logged: the records themselves are safe. */
  async ended({ state, exitCode, report }: RunEnd): Promise<void> {
    const {
      unsettled,
      filteredBy: _filtered,
      deadLetteredBy: _dead,
      emittedBy: _emitted,
      ...records
    } = report.records;
    await this.#noting;
    try {
      await this.book.ended({ state, exitCode, endReached: report.endReached, unsettled, records });
    } catch (error) {
      this.#complain(error);
    }
  }

  #complain(error: unknown): void {
    this.#logger.error(error instanceof Error ? error.message : String(error));
  }
}
