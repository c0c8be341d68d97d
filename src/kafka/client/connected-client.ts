/** Disconnects clients, although some of node-rdkafka's calls never return. */
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import type { Trouble } from '../../ports/source.js';
import type { KafkaClient } from '../rdkafka.js';
import type { ConnectionWatch } from './connection-watch.js';
import type { LogBridge } from './log-bridge.js';

/** A connected client. It disconnects once, however many callers ask for it. */
export class ConnectedClient<C extends KafkaClient> {
  readonly client: C;
  readonly handleId: number;
  readonly log: LogBridge;
  readonly #role: ClientSide;
  readonly #watch: ConnectionWatch | undefined;
  #leaving: Promise<void> | undefined;
  #beforeLeaving: (() => void) | undefined;

  constructor(parts: {
    client: C;
    handleId: number;
    log: LogBridge;
    role: ClientSide;
    watch?: ConnectionWatch | undefined;
  }) {
    this.client = parts.client;
    this.handleId = parts.handleId;
    this.log = parts.log;
    this.#role = parts.role;
    this.#watch = parts.watch;
  }

  /** The reason why no broker accepts this client at the moment. */
  get trouble(): Trouble | undefined {
    return this.#watch?.trouble;
  }

  /** Connected, but without answers: asks for a check of the connection. */
  suspect(words: string): void {
    this.#watch?.suspect(words);
  }

  /** For things that must end before the client does; the callback is called at least once. */
  onLeaving(callback: () => void): void {
    this.#beforeLeaving = callback;
  }

  get leaving(): boolean {
    return this.#leaving !== undefined;
  }

  /**
   * node-rdkafka drops the callback of a second disconnect, so there is only one, and all callers share its
   * promise.
   */
  disconnect(deadlineMs: number): Promise<void> {
    this.#beforeLeaving?.();
    this.#watch?.stop();
    this.#leaving ??= this.#disconnect(deadlineMs);
    return this.#leaving;
  }

  #disconnect(deadlineMs: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(
          new DispatcherError(
            'DRAIN_CUT',
            `the ${this.#role} did not leave Kafka within ${Math.round(deadlineMs)} ms`,
            {
              remedy: 'nothing was lost: what is not committed comes again at the next start',
            },
          ),
        );
      }, deadlineMs);
      const done = (): void => {
        clearTimeout(timer);
        resolve();
      };
      try {
        // A producer flushes first; undelivered records are dropped with the handle at the deadline.
        if (this.#role === 'producer') this.client.disconnect(Math.floor(deadlineMs / 2), done);
        else this.client.disconnect(done);
      } catch {
        // "Producer not connected": it is already disconnected.
        done();
      }
    });
  }
}
