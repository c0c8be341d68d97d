import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { convert } from '../../src/config/keys/formats.js';
import {
  FIELD_BY_PATH,
  FIELDS,
  isPropertyMap,
  OPTIONS_PATH,
  PROPERTY_MAPS,
  TOPICS_PATH,
} from '../../src/config/keys/schema.js';
import { loadConfiguration } from '../../src/config/load.js';
import { mskListener, wantedListener } from '../../src/config/resolve/msk.js';
import { formatProblem } from '../../src/config/text/problem.js';
import { tlsMaterial } from '../support/tls-material.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const samples = readdirSync(`${root}configs`).filter((name) => name.endsWith('.yml'));

/**
 * Files that exist for readers of the samples but not on this machine; the stores that two samples name are
 * put elsewhere.
 */
async function environmentOf(file: string): Promise<Record<string, string>> {
  const environment = {
    KAFKA: 'broker:9092',
    HOSTNAME: 'host-1',
    MSK_USERNAME: 'flights',
    MSK_PASSWORD: 'word',
    SERVER_TOKEN: '0123456789abcdef',
  };
  const tls = await tlsMaterial();
  if (file === 'msk-tls.yml') {
    return {
      ...environment,
      KD_KAFKA_PROPERTIES_SSL_TRUSTSTORE_LOCATION: tls.path('ca', 'jks'),
      KD_KAFKA_PROPERTIES_SSL_TRUSTSTORE_PASSWORD: tls.password,
    };
  }
  const keystore = {
    KD_KAFKA_PROPERTIES_SSL_KEYSTORE_LOCATION: tls.path('client', 'jks'),
    KEYSTORE_PASSWORD: tls.password,
  };
  return file === 'msk-mtls.yml' ? { ...environment, ...keystore } : environment;
}

test('every sample in configs loads without a single problem', async () => {
  const wanted = [
    'benchmark',
    'daemon',
    'local',
    'msk-iam',
    'msk-mtls',
    'msk-plaintext',
    'msk-scram',
    'msk-tls',
  ];
  assert.deepEqual(samples, [...wanted, 'kd.example'].map((name) => `${name}.yml`).sort());
  for (const file of samples) {
    const environment = await environmentOf(file);
    const { config, problems } = loadConfiguration({ file, environment, workingDirectory: `${root}configs` });
    assert.deepEqual(problems.map(formatProblem), [], file);
    assert.ok(config, file);
  }
});

test('each sample for MSK marks the lines to change, and uses the protocol of its ports', async () => {
  for (const file of samples.filter((name) => name.startsWith('msk-'))) {
    const text = readFileSync(`${root}configs/${file}`, 'utf8');
    for (const key of ['bootstrap-servers', 'group-id', 'topics', 'topic', 'dead-letter']) {
      assert.match(text, new RegExp(`^ +${key}: \\S.* # <-- yours`, 'm'), `${file}: ${key}`);
    }
    const { config } = loadConfiguration({
      file,
      environment: await environmentOf(file),
      workingDirectory: `${root}configs`,
    });
    for (const client of [config?.consumer, config?.producer]) {
      assert.ok(client, file);
      const wanted = client.tokens?.kind === 'msk-iam' ? 'iam' : wantedListener(client.properties);
      assert.deepEqual([...new Set(client.bootstrapServers.map(mskListener))], [wanted], file);
    }
  }
});

/** Path → value of a parsed file; free maps are one value. */
function leaves(value: unknown, path: string, found: Map<string, unknown>): Map<string, unknown> {
  if (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !isPropertyMap(path) &&
    path !== OPTIONS_PATH &&
    path !== TOPICS_PATH
  ) {
    for (const [key, child] of Object.entries(value))
      leaves(child, path === '' ? key : `${path}.${key}`, found);
  } else {
    found.set(path, value);
  }
  return found;
}

const EXAMPLES = [
  'kafka.bootstrap-servers',
  'kafka.consumer.group-id',
  'kafka.consumer.topics',
  'kafka.producer.topic',
];

test('the example shows every default as it is', () => {
  const text = readFileSync(`${root}configs/kd.example.yml`, 'utf8');
  for (const [path, value] of leaves(parse(text), '', new Map())) {
    if (EXAMPLES.includes(path)) continue;
    const field = FIELD_BY_PATH.get(path);
    assert.ok(field?.default !== undefined && field.default !== null, `${path} has no default`);
    assert.deepEqual(convert(field, value), convert(field, field.default), path);
  }
});

test('the example has every key; those without a default are commented out', () => {
  const text = readFileSync(`${root}configs/kd.example.yml`, 'utf8').replaceAll(
    /^(\s*)# ([a-z-]+: \S.*)$/gm,
    (line, indent: string, rest: string) =>
      /^[a-z-]+: [[{./\w]/.test(rest) && !/ \| | — |: \w+ \(|[a-z] [a-z]/.test(rest)
        ? `${indent}${rest}`
        : line,
  );
  const found = new Set(leaves(parse(text), '', new Map()).keys());
  const wanted = [...FIELDS.map((field) => field.path), ...PROPERTY_MAPS, OPTIONS_PATH, TOPICS_PATH];
  assert.deepEqual(
    wanted.filter((path) => !found.has(path)),
    [],
  );
  assert.deepEqual(
    [...found].filter((path) => !wanted.includes(path)),
    [],
  );
});
