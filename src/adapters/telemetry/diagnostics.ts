/** What an SDK says about itself, in our log: an unreachable collector must not fill a disk. */
import type { Logger } from '../../ports/logger.js';
import { type Api, hasDiagnostics } from './api.js';

/** One line in this time, whatever it says; the next one tells how many were left out. */
const QUIET_MS = 60_000;
const TEXT_CHARACTERS_MAX = 500;

/**
 * Passes warnings on, unless the user has said where they go. Returns a function for errors that the SDK
 * throws at us.
 */
export function reportDiagnostics(api: Api, logger: Logger): (error: unknown) => void {
  const limited = new LimitedLine(logger);
  const say = (...words: unknown[]): void => limited.warn(words.map(textOf).join(' '));
  if (!hasDiagnostics()) {
    const nothing = (): void => undefined;
    const log = { error: say, warn: say, info: nothing, debug: nothing, verbose: nothing };
    api.diag.setLogger(log, { logLevel: api.DiagLogLevel.WARN, suppressOverrideMessage: true });
  }
  return say;
}

class LimitedLine {
  private readonly logger: Logger;
  private quietUntilMs = 0;
  private leftOut = 0;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  warn(text: string): void {
    const nowMs = performance.now();
    if (nowMs < this.quietUntilMs) {
      this.leftOut++;
      return;
    }
    const { leftOut } = this;
    this.quietUntilMs = nowMs + QUIET_MS;
    this.leftOut = 0;
    this.logger.warn('OpenTelemetry reports a fault; the run goes on', {
      reason: text.slice(0, TEXT_CHARACTERS_MAX),
      ...(leftOut === 0 ? {} : { leftOut }),
    });
  }
}

function textOf(word: unknown): string {
  if (word instanceof Error) return word.message;
  return typeof word === 'string' ? summary(word) : '';
}

/** Exporters report an error as JSON, with its stack. */
function summary(text: string): string {
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null) return text;
    const { message, code } = { message: '', code: '', ...parsed };
    return [message, code].filter((part) => part !== '').join(' ');
  } catch {
    return text;
  }
}
