/** What people type wrong at kd consume, group and verify: exit 2, and words that say what to write. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { kdInMemory } from './memory-io.js';

const WRONG: readonly (readonly [args: string, ...said: readonly RegExp[]])[] = [
  ['consume', /missing required argument 'topic'/],
  ['consume in out', /too many arguments/],
  ['consume in --from yesterday', /--from/, /"yesterday" is not a position/],
  ['consume in --until +2h', /--until/, /in the future/],
  ['consume in --from forever', /"forever" is not a position/],
  ['consume in --max 0', /--max/, /write a whole number, 1 or more/],
  ['consume in --max many', /write a whole number, 1 or more/],
  ['consume in --max 1.5', /write a whole number, 1 or more/],
  ['consume in --max 1000000000000000', /write a whole number, 1 or more/],
  ['consume in --partitions all', /write partition numbers and ranges, such as 0-3,7/],
  ['consume in --partitions 5-2', /write partition numbers and ranges/],
  ['consume in --parttions 1', /unknown option '--parttions'/, /Did you mean --partitions/],
  ['group reset g', /--to <position>' not specified/],
  ['group reset g --to nowhere', /"nowhere" is not a position/],
  ['group reset g --to end --partitions x', /write partition numbers and ranges/],
  ['group show g h', /too many arguments/],
  ['group sow', /unknown command 'sow'/, /Did you mean show/],
  ['verify', /missing required argument 'file'/],
  ['verify r.jsonl --read-as orders', /--read-as/, /write TOPIC=COPY, such as orders=orders-copy/],
  ['verify r.jsonl --read-as =copy', /write TOPIC=COPY/],
  ['verify r.jsonl --read-as orders=', /write TOPIC=COPY/],
  ['verify r.jsonl --read-as a=b=c', /write TOPIC=COPY/],
  ['consume in -o yaml', /-o, --output/, /Allowed choices are text, json, jsonl/],
  ['consume in --set', /argument missing/],
  ['consume in -b', /argument missing/],
  ['produce', /missing required argument 'topic'/],
];

for (const [args, ...said] of WRONG)
  test(`kd ${args} exits 2 and says what is wrong with it`, async () => {
    const { code, err, out } = await kdInMemory(args.split(' '));
    assert.equal(code, 2, err);
    for (const words of said) assert.match(`${err}${out}`, words);
  });

test('kd group without a group and without a configuration says both ways to name one', async () => {
  for (const verb of [['show'], ['reset', '--to', 'earliest']]) {
    const { code, err } = await kdInMemory(['group', ...verb, '-b', 'localhost:1']);
    assert.equal(code, 2);
    assert.match(err, /no group is named/);
    assert.match(err, /kd group show GROUP, or a configuration with kafka\.consumer\.group-id/);
  }
});

test('an error is one JSON object with -o json, so that a script can read it', async () => {
  const { code, err, out } = await kdInMemory(['group', 'show', '-b', 'localhost:1', '-o', 'json']);
  assert.equal(code, 2);
  const { error } = JSON.parse(out === '' ? err : out) as { error: Record<string, unknown> };
  assert.deepEqual([error['code'], error['message']], ['USAGE', 'no group is named']);
});
