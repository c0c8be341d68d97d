import { DispatcherError } from '../../core/errors.js';
import type { OutputTopic } from '../../ports/sink.js';
import type { Rejection } from '../../ports/transform-pool.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';

export type Registered =
  | { readonly topics: readonly OutputTopic[] }
  /** The record has nowhere to go: it is rejected. */
  | { readonly reject: Rejection }
  /** The run stops at the record, with this error. */
  | { readonly stop: DispatcherError };

/** Topics that the transform names: their numbers, and which do not exist. */
export class OutputTopics {
  private readonly state: RunState;
  /** Looking up a topic takes a second, and every record may name one. */
  private readonly missing = new Map<string, { readonly untilMs: number; readonly error: DispatcherError }>();

  constructor(state: RunState) {
    this.state = state;
  }

  async register(names: readonly string[]): Promise<Registered> {
    const topics: OutputTopic[] = [];
    for (const name of names) {
      const answer = await this.ask(name);
      if (answer instanceof DispatcherError) return this.without(name, answer);
      this.state.topicNames.set(answer.number, name);
      topics.push(answer);
    }
    if (this.state.topicNames.size > Limits.outputTopicsMax) {
      throw new DispatcherError(
        'CONFIGURATION',
        `the transform emits to more than ${Limits.outputTopicsMax} distinct topics`,
        {
          remedy: 'derive topic names from a bounded set; a name per record is nearly always a mistake',
        },
      );
    }
    return { topics };
  }

  private async ask(name: string): Promise<OutputTopic | DispatcherError> {
    const { clock, sink } = this.state.deps;
    const known = this.missing.get(name);
    if (known !== undefined && clock.nowMs() < known.untilMs) return known.error;
    this.missing.delete(name);
    try {
      return await sink.topic(name);
    } catch (error) {
      if (!(error instanceof DispatcherError) || !BLAMES_THE_NAME.has(error.code)) throw error;
      const [oldest] = this.missing.keys();
      if (this.missing.size >= Limits.outputTopicsMax && oldest !== undefined) this.missing.delete(oldest);
      this.missing.set(name, { untilMs: clock.nowMs() + Limits.unknownTopicMs, error });
      return error;
    }
  }

  private without(name: string, error: DispatcherError): Registered {
    if (error.code === 'TOPIC_MISSING') {
      if (this.state.settings.unknownTopic === 'reject')
        return {
          reject: {
            code: 'UNKNOWN_TOPIC',
            message: `topic ${name} does not exist: write topics: { ${name}: {} }, then kd topics create`,
            stage: 'transform',
          },
        };
      const remedy =
        `write topics: { ${name}: {} } into the configuration and create it with kd topics create; or set ` +
        'dispatcher.unknown-topic: reject';
      return {
        stop: new DispatcherError('TOPIC_MISSING', `the record goes to topic ${name}, which does not exist`, {
          remedy,
          cause: error,
        }),
      };
    }
    return { stop: error };
  }
}

const BLAMES_THE_NAME: ReadonlySet<string> = new Set(['TOPIC_MISSING', 'KAFKA_REFUSED']);
