/** The result of `kd verify` for people. */
import type { VerifyResult } from '../../app/receipts/verify/result.js';
import { count } from './numbers.js';
import { table } from './table.js';

const DIFFERENCES_MAX = 20;

export function verifyText(result: VerifyResult, width: number | undefined): string {
  const { agrees, input, output, differences, unchecked, notes, message } = result;
  const counts = table(
    [
      [
        'receipts',
        [of(result.files.length, 'file'), of(result.lines, 'line'), of(result.instances, 'process')].join(
          ', ',
        ),
      ],
      [
        'input',
        countsOf(input.records, [
          ['settled twice', input.settledTwice],
          ['in no receipt', input.missing],
        ]),
      ],
      [
        'output',
        countsOf(output.records, [
          ['twice', output.twice],
          ['in no receipt', output.others],
        ]),
      ],
    ],
    { width },
  );
  const shown = differences
    .slice(0, DIFFERENCES_MAX)
    .map((one) => [one.kind, one.listedAt === null ? one.message : `${one.message} (${one.listedAt})`]);
  const more = differences.length - shown.length;
  const gone = unchecked.map(({ topic, partition, from, to }) => [
    'deleted',
    `${topic}[${partition}] ${from}–${to - 1}: can't be checked any more`,
  ]);
  const rows = [...shown, ...gone, ...notes.map((note) => ['note', note])];
  return [
    counts,
    rows.length === 0 ? '' : `\n${table(rows, { width })}`,
    more > 0 ? `and ${count(more)} more differences\n` : '',
    `\n${agrees ? 'agrees' : 'differs'}: ${message}\n`,
  ].join('');
}

function countsOf(records: number, others: readonly (readonly [words: string, n: number])[]): string {
  const parts = others.filter(([, n]) => n > 0).map(([words, n]) => `${count(n)} ${words}`);
  return [of(records, 'record'), ...parts].join(', ');
}

function of(n: number, word: string): string {
  const plural = word.endsWith('s') ? `${word}es` : `${word}s`;
  return `${count(n)} ${n === 1 ? word : plural}`;
}
