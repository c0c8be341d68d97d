/** Checks that concern two topics at once. */
import { type Check, Findings, plural, spanOf } from './check.js';
import { isThere, keyOf, type NeededTopic } from './topic-plan.js';
import {
  keepsSourceTime,
  numberOf,
  retentionOf,
  settingsOf,
  type TopicsInput,
  timeKeyOf,
} from './topic-settings.js';

/** Room for the headers of a dead letter, in addition to the record itself. */
const DEAD_LETTER_HEADERS_BYTES = 4_096;

export function judgeBetween(input: TopicsInput): readonly Check[] {
  const { config, needed, found, line } = input;
  const output = needed.find(({ role }) => role === 'output');
  const there = output === undefined ? undefined : found.get(keyOf(output));
  if (output === undefined || !isThere(there)) return [];
  const findings = new Findings('topics', output.name);
  const limit = (topic: NeededTopic): number => numberOf(settingsOf(input, topic), 'max.message.bytes');
  for (const source of needed.filter(({ role }) => role === 'input')) {
    const from = found.get(keyOf(source));
    if (!isThere(from)) continue;
    if (config.dispatcher.output.partition === 'same' && from.partitions.length !== there.partitions.length) {
      findings.failed(
        `partition: same, but ${source.name} has ${plural(from.partitions.length, 'partition')} and ` +
          `${output.name} has ${there.partitions.length}`,
        `give both the same number, or change ${line('dispatcher.output.partition')}`,
      );
    }
    judgeTimes(input, source, output, findings);
    if (limit(source) > limit(output)) {
      findings.warning(
        `takes records up to ${limit(output)} bytes, ${source.name} up to ${limit(source)}: records that ` +
          `do not fit become dead letters`,
        `raise max.message.bytes of ${output.name} (kafka-configs.sh --alter --topic ${output.name} ` +
          `--add-config max.message.bytes=${limit(source)})`,
      );
    }
  }
  return [...findings.checks, ...judgeLetters(input)];
}

function judgeTimes(input: TopicsInput, source: NeededTopic, output: NeededTopic, findings: Findings): void {
  judgeKept(input, source, output, findings);
  judgeAhead(input, source, output, findings);
}

/** Results carry the timestamp of their source, and retention depends on timestamps. */
function judgeKept(input: TopicsInput, source: NeededTopic, output: NeededTopic, findings: Findings): void {
  const [from, to] = [settingsOf(input, source), settingsOf(input, output)];
  const keptMs = retentionOf(to);
  if (from.size === 0 || keptMs === undefined || !keepsSourceTime(input, output, to)) return;
  const sourceMs = retentionOf(from);
  if (sourceMs !== undefined && sourceMs <= keptMs) return;
  findings.warning(
    `keeps records for ${spanOf(keptMs)} by their timestamp, which is that of their source; ${source.name} ` +
      `keeps them ${sourceMs === undefined ? 'forever' : `for ${spanOf(sourceMs)}`}: results of old ` +
      `records are soon deleted`,
    `raise retention.ms of ${output.name}, or set ${input.line(timeKeyOf(output))}: now`,
  );
}

/** The input may accept a record from the future that the output refuses. */
function judgeAhead(input: TopicsInput, source: NeededTopic, output: NeededTopic, findings: Findings): void {
  const [from, to] = [settingsOf(input, source), settingsOf(input, output)];
  const AHEAD = ['message.timestamp.after.max.ms', 'message.timestamp.difference.max.ms'] as const;
  const [sourceMs, outputMs] = [numberOf(from, ...AHEAD), numberOf(to, ...AHEAD)];
  // With LogAppendTime the broker sets the timestamp itself.
  if (from.get('message.timestamp.type') === 'LogAppendTime' || !keepsSourceTime(input, output, to)) return;
  if (!(sourceMs > outputMs)) return;
  findings.warning(
    `refuses records whose timestamp is more than ${spanOf(outputMs)} ahead, which ${source.name} accepts, ` +
      `and records written to it carry the source's timestamp: such a record is refused`,
    `raise message.timestamp.after.max.ms of ${output.name}, lower that of ${source.name}, or set ` +
      `${input.line(timeKeyOf(output))}: now`,
  );
}

/** A dead letter is the whole source record plus headers with the reason. */
function judgeLetters(input: TopicsInput): readonly Check[] {
  const letters = input.needed.find(({ role }) => role === 'dead-letter');
  if (letters === undefined) return [];
  const findings = new Findings('topics', letters.name);
  const bytesMax = (topic: NeededTopic): number => numberOf(settingsOf(input, topic), 'max.message.bytes');
  for (const source of input.needed.filter(({ role }) => role === 'input')) {
    judgeTimes(input, source, letters, findings);
    if (!(bytesMax(source) > bytesMax(letters))) continue;
    findings.warning(
      `takes records up to ${bytesMax(letters)} bytes, ${source.name} up to ${bytesMax(source)}: a larger ` +
        `record that is rejected can't become a dead letter, and stops the run (exit 5)`,
      `raise max.message.bytes of ${letters.name} (kafka-configs.sh --alter --topic ${letters.name} ` +
        `--add-config max.message.bytes=${bytesMax(source) + DEAD_LETTER_HEADERS_BYTES})`,
    );
  }
  return findings.checks;
}
