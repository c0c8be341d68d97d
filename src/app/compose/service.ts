import { getSystemErrorName } from 'node:util';
import { loadNative } from '../../kafka/native.js';
import type { Clock } from '../../ports/clock.js';
import type { Logger } from '../../ports/logger.js';
import { ServiceNotices } from '../service/notices.js';
import type { Redact } from '../status.js';

interface Around {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly logger: Logger;
  readonly redact: Redact;
}

/** Undefined if no service manager listens: NOTIFY_SOCKET is not set. */
export function serviceNotices({ env, logger, redact }: Around): ServiceNotices | undefined {
  const { NOTIFY_SOCKET: address } = env;
  if (address === undefined || address === '') return undefined;
  const native = loadNative();
  let hasFailed = false;
  const send = (lines: string): void => {
    const error = native.notifyService(address, lines);
    if (error === 0 || hasFailed) return;
    hasFailed = true;
    logger.warn('the service manager does not get messages: it may take this process for one that hangs', {
      socket: address,
      error: getSystemErrorName(-error),
    });
  };
  const monotonicMicroseconds = (): bigint => process.hrtime.bigint() / 1000n;
  return new ServiceNotices({
    send,
    watchdogMs: watchdogMs(env),
    clock: idleClock,
    monotonicMicroseconds,
    redact,
  });
}

/** As sd_watchdog_enabled(3): the variables of a parent process are not meant for this one. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: Around['env']): number | undefined {
  if (WATCHDOG_PID !== undefined && WATCHDOG_PID !== String(process.pid)) return undefined;
  const microseconds = Number(WATCHDOG_USEC);
  return Number.isSafeInteger(microseconds) && microseconds > 0 ? microseconds / 1000 : undefined;
}

const idleClock: Clock = {
  nowMs: () => performance.now(),
  after: (delayMs, callback) => {
    const timer = setTimeout(callback, delayMs).unref();
    return () => clearTimeout(timer);
  },
};
