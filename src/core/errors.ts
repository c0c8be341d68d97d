/**
 * The closed set of error codes, each with the exit code it leads to and whether trying again may help
 * (interface: exit codes).
 */
export const ExitCode = {
  done: 0,
  defect: 1,
  configuration: 2,
  unreachable: 3,
  cutShort: 4,
  dataProtected: 5,
  checkFailed: 6,
  stoppedBeforeEnd: 7,
  refused: 8,
} as const;
export type ExitCode = (typeof ExitCode)[keyof typeof ExitCode];

const CODES = {
  DEFECT: { exit: ExitCode.defect, retryable: false },
  ACCOUNTING: { exit: ExitCode.defect, retryable: false },
  USAGE: { exit: ExitCode.configuration, retryable: false },
  CONFIGURATION: { exit: ExitCode.configuration, retryable: false },
  TRANSFORM_LOAD: { exit: ExitCode.configuration, retryable: false },
  SETUP_UNREACHABLE: { exit: ExitCode.unreachable, retryable: true },
  BATCH_LENGTH: { exit: ExitCode.configuration, retryable: false },
  PORT_IN_USE: { exit: ExitCode.configuration, retryable: false },
  KAFKA_UNREACHABLE: { exit: ExitCode.unreachable, retryable: true },
  TOPIC_MISSING: { exit: ExitCode.unreachable, retryable: true },
  DESTINATION_STALLED: { exit: ExitCode.unreachable, retryable: true },
  NO_ASSIGNMENT: { exit: ExitCode.unreachable, retryable: true },
  DRAIN_CUT: { exit: ExitCode.cutShort, retryable: true },
  RECORD_REJECTED: { exit: ExitCode.dataProtected, retryable: false },
  WORKER_BLOCKED: { exit: ExitCode.dataProtected, retryable: false },
  TOO_MANY_DEAD_LETTERS: { exit: ExitCode.dataProtected, retryable: false },
  DEAD_LETTER_REFUSED: { exit: ExitCode.dataProtected, retryable: false },
  CORRUPT_INPUT: { exit: ExitCode.dataProtected, retryable: false },
  OFFSET_OUT_OF_RANGE: { exit: ExitCode.dataProtected, retryable: false },
  NO_COMMITTED_OFFSET: { exit: ExitCode.dataProtected, retryable: false },
  RECEIPT_UNWRITABLE: { exit: ExitCode.dataProtected, retryable: true },
  CHECK_FAILED: { exit: ExitCode.checkFailed, retryable: false },
  /** A running job that is asked over HTTP. */
  JOB_UNREACHABLE: { exit: ExitCode.unreachable, retryable: true },
  JOB_REFUSED: { exit: ExitCode.refused, retryable: false },
  STOPPED_BEFORE_END: { exit: ExitCode.stoppedBeforeEnd, retryable: true },
  KAFKA_REFUSED: { exit: ExitCode.refused, retryable: false },
  FENCED: { exit: ExitCode.refused, retryable: false },
  PRODUCER_FATAL: { exit: ExitCode.defect, retryable: true },
} as const satisfies Record<string, { exit: ExitCode; retryable: boolean }>;

export type ErrorCode = keyof typeof CODES;

/**
 * The error that every component throws: what happened (`message`), what to do (`remedy`), and what caused it
 * (`cause`).
 */
export class DispatcherError extends Error {
  override readonly name = 'DispatcherError';
  readonly code: ErrorCode;
  readonly remedy: string | undefined;

  constructor(code: ErrorCode, message: string, options: { remedy?: string; cause?: unknown } = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.remedy = options.remedy;
  }

  get exitCode(): ExitCode {
    return CODES[this.code].exit;
  }

  get retryable(): boolean {
    return CODES[this.code].retryable;
  }
}

/**
 * Which exit code to report when there are several errors: 1 before 8 before 3 before 5 before 4 before 7.
 * Configuration errors never occur together with the others.
 */
const PRECEDENCE: readonly ExitCode[] = [1, 2, 8, 3, 5, 6, 4, 7, 0];

export function worstOf(errors: readonly DispatcherError[]): DispatcherError | undefined {
  return [...errors].sort((a, b) => PRECEDENCE.indexOf(a.exitCode) - PRECEDENCE.indexOf(b.exitCode))[0];
}

/** The exit code of a process that ran several things, each with its own. */
export function worstExitCode(codes: readonly number[]): number {
  const rank = (code: number): number => PRECEDENCE.findIndex((one) => one === code);
  return [...codes].sort((a, b) => rank(a) - rank(b))[0] ?? ExitCode.done;
}
