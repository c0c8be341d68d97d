/** "Your first job" of the README: its files and its commands, as a reader would type them. */
import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import avro from 'avsc';
import { uniqueName } from '../../support/kafka-cluster.js';
import { lastJson, runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { chapter, codeBlock } from './recipe.js';

const FLIGHTS = [
  { date: '01010005', delay: 20, distance: 1_846, origin: 'HNL', destination: 'SFO' },
  { date: '01010006', delay: 3, distance: 369, origin: 'SAN', destination: 'PHX' },
  { date: '01010007', delay: 0, distance: 10, origin: 'SFO', destination: 'SFO' },
  { date: '01010008', delay: 0, distance: -1, origin: 'SFO', destination: 'LAX' },
];

test('the first job of the README validates, creates its topics, passes the doctor and runs', async () => {
  const cluster = await sharedCluster();
  const text = chapter('Your first job');
  const [input, output, letters] = ['flights', 'flights-avro', 'flights-dlq'].map(uniqueName);
  assert.ok(input !== undefined && output !== undefined && letters !== undefined);
  const folder = mkdtempSync(join(tmpdir(), 'kd-readme-'));
  writeFileSync(join(folder, 'flights.ts'), codeBlock(text, 'ts'));
  writeFileSync(join(folder, 'flight.avsc'), codeBlock(text, 'json'));
  // The shared broker has other tests' topics, so that these need names of their own.
  const configuration = codeBlock(text, 'yaml')
    .replace('broker-1:9092,broker-2:9092', cluster.bootstrapServers)
    .replace('topics: [flights]', `topics: [${input}]`)
    .replace('topic: flights-avro', `topic: ${output}`)
    .replace('topic: flights.dlq', `topic: ${letters}`)
    .replace('group-id: flights', `group-id: ${input}`);
  writeFileSync(join(folder, 'kd.yml'), configuration);

  const commands =
    codeBlock(text, 'sh')
      .match(/^kd [^#\n]*/gm)
      ?.map((line) => line.trim()) ?? [];
  assert.deepEqual(commands, ['kd validate', 'kd topics create', 'kd doctor', 'kd run --until end']);
  await cluster.createTopic(input);
  await cluster.tool.send(
    input,
    FLIGHTS.map((flight) => ({ key: null, value: Buffer.from(JSON.stringify(flight)) })),
  );
  for (const command of commands) {
    // A terminal would be asked.
    const args = [...command.split(' ').slice(1), ...(command.includes('create') ? ['--yes'] : [])];
    const { code, stdout, stderr } = await runKd([...args, '-o', 'json'], { cwd: folder });
    assert.equal(code, 0, `${command}\n${stderr}\n${stdout}`);
    if (command.includes(' run ')) {
      const { records } = lastJson(stdout) as { records: Readonly<Record<string, number>> };
      assert.equal(records['transformed'], 2);
      assert.equal(records['deadLettered'], 2);
    }
  }
  const type = avro.Type.forSchema(JSON.parse(codeBlock(text, 'json')) as avro.Schema);
  const written = (await cluster.tool.consume([output])).map(
    ({ value }) => type.fromBuffer(value ?? Buffer.alloc(0)) as { late: boolean },
  );
  assert.deepEqual(written.map(({ late }) => late).sort(), [false, true]);
  const codes = (await cluster.tool.consume([letters])).map(({ headers }) =>
    headers.find(([name]) => name === 'kd-code')?.[1]?.toString(),
  );
  assert.deepEqual(codes.sort(), ['INVALID_INPUT', 'ROUND_TRIP']);
  rmSync(folder, { recursive: true, force: true });
});
