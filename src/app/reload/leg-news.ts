import type { DispatcherError } from '../../core/errors.js';
import type { Logger } from '../../ports/logger.js';

/** Log messages about consecutive legs. */
export class LegNews {
  private readonly logger: Logger;

  constructor(logger: Logger) {
    this.logger = logger;
  }

  newConfiguration(reloads: number, pausedMs: number): void {
    this.logger.info('the new configuration is in use', { reloads, pausedMs });
  }

  sameConfiguration(pausedMs: number): void {
    this.logger.info('the run continues with the previous configuration', { pausedMs });
  }

  readAgain(records: number): void {
    this.logger.warn(
      'not all records were settled before new clients: they are read again, and may come twice',
      { records },
    );
  }

  replacing({ message, code }: DispatcherError): void {
    this.logger.warn(`while replacing the clients: ${message}`, { code });
  }

  outdated(error: DispatcherError | undefined): void {
    this.logger.warn(
      'the clients failed, and the configuration has changed since they were created: creating new clients',
      { error: error?.message },
    );
  }

  startsAgain(isProven: boolean, { message, code, remedy }: DispatcherError, pause: Pause): void {
    const [failed, next] = isProven ? ['old', 'newest'] : ['new', 'old'];
    this.logger.error(`the ${failed} configuration does not start; trying the ${next} one`, {
      error: message,
      code,
      ...(remedy === undefined ? {} : { remedy }),
      inMs: pause.inMs,
      givesUpInMs: Math.round(pause.leftMs),
    });
  }
}

interface Pause {
  readonly inMs: number;
  readonly leftMs: number;
}
