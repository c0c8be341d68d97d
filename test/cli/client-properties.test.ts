import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { after, test } from 'node:test';
import fc from 'fast-check';
import type { CliIo } from '../../src/cli/io.js';
import { readConfig } from '../../src/cli/load-config.js';
import { parseJavaProperties } from '../../src/config/layers/properties-file.js';

const directory = mkdtempSync(join(tmpdir(), 'kd-properties-'));
after(() => rmSync(directory, { recursive: true, force: true }));

const io: CliIo = {
  stdin: new PassThrough(),
  stdout: new PassThrough(),
  stderr: new PassThrough(),
  env: {},
  workingDirectory: directory,
  setExitCode: () => undefined,
};

test('separators, comments, continued lines and escapes are read as Java reads them', () => {
  const text = [
    '# comment',
    '! comment',
    '',
    'a=1',
    'b : 2',
    'c 3',
    '  d=4  ',
    'e',
    'f=x\\',
    '   y',
    'g\\=h=i',
    'j=\\u0041\\t\\\\',
    'k=v=w',
    'l=ends\\\\',
    'm=n',
  ].join('\r\n');
  assert.deepEqual(
    parseJavaProperties(text).map(({ name, value, line }) => [name, value, line]),
    [
      ['a', '1', 4],
      ['b', '2', 5],
      ['c', '3', 6],
      ['d', '4  ', 7],
      ['e', '', 8],
      ['f', 'xy', 9],
      ['g=h', 'i', 11],
      ['j', 'A\t\\', 12],
      ['k', 'v=w', 13],
      ['l', 'ends\\', 14],
      ['m', 'n', 15],
    ],
  );
});

test('any text is read without throwing', () => {
  fc.assert(
    fc.property(
      fc.string({ unit: fc.constantFrom('a', '=', ':', ' ', '\\', '\n', '\r', '#', 'u', '0', '!') }),
      (text) => void parseJavaProperties(text),
    ),
  );
});

test('-b, -X and --command-config reach Kafka without a file, -X above the properties file', () => {
  writeFileSync(
    join(directory, 'client.properties'),
    'bootstrap.servers=x:1\nsecurity.protocol=SSL\nsession.timeout.ms=7000\n',
  );
  const { config, problems } = readConfig(
    { commandConfig: 'client.properties', property: ['session.timeout.ms=8000'] },
    io,
    {
      purpose: 'connection',
    },
  );
  assert.deepEqual(problems, []);
  assert.deepEqual(config?.consumer.bootstrapServers, ['x:1']);
  assert.equal(config.consumer.properties.get('security.protocol'), 'SSL');
  assert.equal(config.consumer.properties.get('session.timeout.ms'), '8000');
  assert.deepEqual(
    readConfig({ bootstrapServers: 'y:2', commandConfig: 'client.properties' }, io, { purpose: 'connection' })
      .config?.producer.bootstrapServers,
    ['y:2'],
  );
});

test('its faults are reported with file and line, or with the option', () => {
  writeFileSync(join(directory, 'bad.properties'), '\nsecurity.protocoll=SSL\n');
  const { problems, config } = readConfig(
    { bootstrapServers: 'a:1', commandConfig: 'bad.properties', property: ['nonsense', 'lingr.ms=5'] },
    io,
    { purpose: 'connection' },
  );
  assert.equal(config, undefined);
  assert.deepEqual(
    problems.map(({ file, line, message }) => [file, line, message]),
    [
      [null, null, 'is not of the form name=value (from -X)'],
      [
        'bad.properties',
        2,
        `"security.protocoll" is neither a property of librdkafka nor a name of Kafka's Java clients`,
      ],
      [
        null,
        null,
        `"lingr.ms" is neither a property of librdkafka nor a name of Kafka's Java clients (from -X)`,
      ],
    ],
  );
});
