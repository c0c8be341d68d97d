/** Options of kd run that don't go together are found before a configuration is read or a broker asked. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kdInMemory } from './memory-io.js';

interface Case {
  readonly args: string;
  readonly said: readonly RegExp[];
}

const TOGETHER: readonly Case[] = [
  {
    args: '--from -2h',
    said: [
      /--from -2h without --job: a run begins where its group has committed/,
      /add --job NAME.*kd group reset/,
    ],
  },
  { args: '--from earliest', said: [/--from earliest without --job/] },
  { args: '--from 1200 --until end', said: [/--from 1200 without --job/] },
  { args: '--partitions 0-3', said: [/--partitions is for jobs only/, /add --job NAME/] },
  { args: '--again', said: [/--again is for jobs only/] },
  { args: '--accept-change', said: [/--accept-change is for jobs only/] },
  { args: '--plan --again', said: [/--again is for jobs only/] },
  { args: '--plan --accept-change', said: [/--accept-change is for jobs only/] },
  { args: '--plan --until forever', said: [/--until forever: a plan has an end/, /--until end/] },
  { args: '--job j --until forever', said: [/--until forever: a job has an end/, /run without --job/] },
  { args: '--job j --plan --until forever', said: [/--until forever: a job has an end/] },
];

const BACKWARDS: readonly Case[] = [
  { args: '--job j --from -1h --until -2h', said: [/--from -1h --until -2h: nothing is between them/] },
  {
    args: '--job j --from 2026-11-28 --until 2026-11-27',
    said: [/nothing is between them/, /for one day write/],
  },
  { args: '--job j --from 2026-11-28 --until 2026-11-28', said: [/what is at --until is not read/] },
  { args: '--job j --from 1200 --until 1200', said: [/nothing is between them/] },
  { args: '--job j --from -10 --until -20', said: [/nothing is between them/] },
  { args: '--job j --until earliest', said: [/--from earliest --until earliest: nothing is between/] },
  { args: '--job j --until +0', said: [/--from earliest --until \+0: nothing is between/] },
  { args: '--plan --from -1h --until -2h', said: [/nothing is between them/] },
];

const NO_POSITIONS: readonly Case[] = [
  { args: '--until tomorrow', said: [/--until/, /"tomorrow" is not a position; write one, for example/] },
  { args: '--until 2h', said: [/"2h" is not a position/] },
  { args: '--until +2h', said: [/\+2h is in the future; for two hours ago write -2h/] },
  { args: '--until 2026-11-31', said: [/2026-11-31 is not a date/] },
  { args: '--until 2026-11-27T08:00', said: [/has no time zone; write 2026-11-27T08:00Z for UTC/] },
  { args: '--job j --from forever', said: [/"forever" is not a position/] },
  { args: '--job j --from @/no/such/file.json', said: [/\/no\/such\/file\.json can't be read: ENOENT/] },
  { args: '--job j --from @', said: [/@ names no file; write @offsets\.json/] },
];

const NO_NAMES: readonly Case[] = [
  { args: '--job a/b', said: [/"a\/b" is not a job name: use letters, digits, \. _ and -/] },
  { args: '--job ä', said: [/"ä" is not a job name/] },
  { args: `--job ${'x'.repeat(101)}`, said: [/has 100 characters at most, not 101/] },
  { args: '--job j --partitions 3-1', said: [/write partition numbers and ranges, such as 0-3,7/] },
  { args: '--job j --partitions 0,,1', said: [/write partition numbers/] },
  { args: '--job j --partitions -1', said: [/write partition numbers|argument missing/] },
  { args: '--job j --partitions 0-99999999', said: [/write partition numbers/] },
  { args: '--rate fast', said: [/--rate/, /such as|for example/] },
  { args: '--rate 0/s', said: [/--rate/] },
  { args: '--rate -5/s', said: [/--rate|argument missing/] },
];

for (const { args, said } of [...TOGETHER, ...BACKWARDS, ...NO_POSITIONS, ...NO_NAMES])
  test(`kd run ${args.slice(0, 60)} exits 2 and says what to write`, async () => {
    const { code, out, err } = await kdInMemory([
      'run',
      '-c',
      '/no/such/configuration.yml',
      ...args.split(' '),
    ]);
    assert.deepEqual([code, out], [2, '']);
    for (const words of said) assert.match(err, words);
    assert.doesNotMatch(err, /configuration\.yml/, 'the configuration was not looked for');
  });

/** Only the configuration, which is not there, stops these. */
const FINE = [
  '',
  '--until forever',
  '--until end',
  '--until -2h',
  '--until +10',
  '--until committed',
  '--from committed',
  '--plan --from -2h',
  '--plan --partitions 0-3,7',
  '--plan --from -2h --until -1h',
  '--plan --job j --again',
  '--job j',
  '--job j --from -2h --until -1h',
  '--job j --from -1h --until 100',
  '--job j --from committed --until end',
  '--job j --from latest --until latest',
  '--job j --again --accept-change --partitions 0',
  '--job j --from earliest --until +1',
  `--job ${'x'.repeat(100)}`,
  '--rate 50000/s',
  '--rate 20MB/s',
];

for (const args of FINE)
  test(`kd run ${args.slice(0, 60)} is a command that only lacks its configuration`, async () => {
    const given = args === '' ? [] : args.split(' ');
    const { code, err } = await kdInMemory(['run', '-c', '/no/such/configuration.yml', ...given]);
    assert.equal(code, 2);
    assert.match(err, /\/no\/such\/configuration\.yml/);
  });
