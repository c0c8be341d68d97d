/** Limits of a topic: size, key and time of its records. */
import { type Findings, spanOf } from './check.js';
import type { NeededTopic } from './topic-plan.js';
import {
  keepsSourceTime,
  numberOf,
  retentionOf,
  type TopicsInput,
  timeKeyOf,
  type Values,
} from './topic-settings.js';

const HOUR_MS = 3_600_000;
/** Dead letters must survive a weekend, when nobody looks at them. */
const DEAD_LETTERS_KEPT_MS = 72 * HOUR_MS;
/** Kafka's "no limit". */
const UNLIMITED = 9.2e18;

export function judgeInput(settings: Values, findings: Findings): void {
  const retentionMs = retentionOf(settings);
  if (retentionMs !== undefined && retentionMs < HOUR_MS) {
    findings.warning(
      `records are kept for ${spanOf(retentionMs)} only: a job that is down for longer misses some`,
      'raise retention.ms of the topic',
    );
  }
}

export function judgeOutput(
  input: TopicsInput,
  needed: NeededTopic,
  settings: Values,
  findings: Findings,
): void {
  const { config, line } = input;
  const limit = numberOf(settings, 'max.message.bytes');
  const own = config.producer.properties.get('message.max.bytes');
  if (own !== undefined && Number(own) > limit) {
    findings.warning(
      `takes records up to ${limit} bytes, but the producer sends up to ${own}: larger ones ` +
        `become dead letters`,
      `lower ${line('kafka.producer.properties.message.max.bytes')}, or raise max.message.bytes of the topic`,
    );
  }
  if (
    /compact/.test(settings.get('cleanup.policy') ?? '') &&
    config.dispatcher.output.partition === 'sticky'
  ) {
    findings.warning(
      'is compacted and accepts no record without a key, but partition: sticky writes records without one',
      `see ${line('dispatcher.output.partition')}`,
    );
  }
  if (needed.role === 'dead-letter') judgeDeadLetters(settings, findings);
  if (!keepsSourceTime(input, needed, settings)) return;
  const pastMs = numberOf(settings, 'message.timestamp.before.max.ms', 'message.timestamp.difference.max.ms');
  if (pastMs < UNLIMITED) {
    findings.warning(
      `refuses records whose timestamp is older than ` +
        `${spanOf(pastMs)}, and records written to it carry the source's timestamp`,
      `raise message.timestamp.before.max.ms, or set ${line(timeKeyOf(needed))}: now`,
    );
  }
}

function judgeDeadLetters(settings: Values, findings: Findings): void {
  const keptMs = retentionOf(settings);
  if (keptMs !== undefined && keptMs < DEAD_LETTERS_KEPT_MS)
    findings.warning(
      `dead letters are kept for ${spanOf(keptMs)} only: those of a weekend are gone on Monday`,
      'raise retention.ms of the topic',
    );
}
