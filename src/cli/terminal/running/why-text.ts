/** The answer of `kd why` for people: the record, what became of it in sentences, and what to do. */
import type { WhyAnswer } from '../../../app/why/answer.js';
import { visible } from '../../../core/visible.js';
import { wrap } from '../table.js';
import type { Paint } from './status-text.js';

const WORDS: Readonly<Record<WhyAnswer['state'], string>> = {
  settled: 'settled',
  filtered: 'filtered',
  'dead-letter': 'a dead letter',
  waiting: 'in flight',
  'not-read': 'not read yet',
  'not-settled': 'not settled',
  'not-consumed': 'not consumed by this group',
  'not-written': 'not written yet',
  gone: 'gone from the log',
  marker: 'the marker of a transaction',
  aborted: 'aborted',
  'open-transaction': 'behind an open transaction',
  'no-topic': 'no such place',
  unknown: 'not known',
};

const GOOD: ReadonlySet<string> = new Set(['settled', 'filtered', 'marker', 'aborted']);
const INDENT = 2;

export function whyText(answer: WhyAnswer, paint: Paint, width: number | undefined): string {
  const { topic, partition, offset, state, timestamp, sentences, remedy, receipt } = answer;
  const head = `${visible(topic)}[${partition}] ${offset}`;
  const when = timestamp === null ? '' : `  (${timestamp})`;
  const stateText = GOOD.has(state) ? paint.green(WORDS[state]) : paint.yellow(WORDS[state]);
  const lines = [
    ...sentences,
    ...(receipt === null ? [] : [`The receipt ${receipt}.`]),
    ...(remedy === null ? [] : [`→ ${remedy}`]),
  ];
  const room = width === undefined ? Number.POSITIVE_INFINITY : Math.max(20, width - INDENT);
  const body = lines.flatMap((line) => wrap(visible(line), room));
  return `${paint.bold(head)}  ${stateText}${when}\n${body.map((line) => `  ${line}\n`).join('')}`;
}
