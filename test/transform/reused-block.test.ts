import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import avro from 'avsc';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import { OutputBatchReader } from '../support/output-reader.js';
import { runnerFor, runTask } from './run.js';
import { inputOf, taskFor } from './support.js';

const SCHEMA: avro.Schema = { type: 'record', name: 'R', fields: [{ name: 'text', type: 'string' }] };
const type = avro.Type.forSchema(SCHEMA);
let folder = '';
before(() => {
  folder = mkdtempSync(join(tmpdir(), 'kd-reused-block-'));
  writeFileSync(join(folder, 'main.avsc'), JSON.stringify(SCHEMA));
});
after(() => rmSync(folder, { recursive: true, force: true }));

test(
  'a value that a transform kept from an earlier batch is written unchanged, whatever the reused ' +
    'block contains now',
  async () => {
    const schema = { path: join(folder, 'main.avsc'), references: [] };
    const format = { format: 'avro' as const, schema, long: 'number' as const };
    let kept: unknown;
    const definition = {
      transform: (value: unknown) => (kept = value),
      onTombstone: () => kept,
    };
    const settings = {
      input: { ...format, tombstones: 'pass' as const },
      output: { ...format, timestamp: 'source' as const },
    };
    const runner = await runnerFor(definition, { settings });
    const first = inputOf([{ value: type.toBuffer({ text: 'kept from batch one' }) }]);
    await runTask(runner, taskFor(first));

    const writer = new InputBatchWriter(first.block.bytes);
    writer.add(3, 1, {
      offset: 200,
      timestamp: 1,
      key: Buffer.from('THE BLOCK HAS OTHER'),
      value: null,
      headers: null,
    });
    writer.close();
    const task = taskFor(first);
    await runTask(runner, task);
    const { value } = new OutputBatchReader(task.output.bytes).record(0);
    assert.deepEqual(
      value === null ? null : type.toString(type.fromBuffer(value)),
      '{"text":"kept from batch one"}',
    );
  },
);
