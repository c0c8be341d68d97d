import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { inspectClients } from '../../../src/app/compose/inspect-clients.js';
import type { Loaded } from '../../../src/config/load.js';
import { Problems } from '../../../src/config/text/problem.js';
import {
  checkCreatable,
  consumerProperties,
  producerProperties,
} from '../../../src/kafka/client/client-config.js';
import { loadNative } from '../../../src/kafka/native.js';
import { consumerDefaults, producerDefaults, withDefaults } from '../../../src/kafka/properties/defaults.js';
import { LIBRDKAFKA_ROWS, type LibrdkafkaRow } from '../../../src/kafka/properties/librdkafka-properties.js';
import { canonicalName } from '../../../src/kafka/properties/names.js';
import { ownedProperties } from '../../../src/kafka/properties/owned.js';
import { load, MINIMAL, problemOf } from '../../config/support.js';

function validated(text: string): Loaded {
  const loaded = load(text);
  if (loaded.config === undefined) return loaded;
  const problems = new Problems();
  inspectClients(problems, loaded.config, loaded);
  return { ...loaded, problems: [...loaded.problems, ...problems.list()] };
}

const isError = ({ severity }: { severity: string }): boolean => severity === 'error';

test('a value that only librdkafka refuses is reported at the line of its property', () => {
  const cases: readonly (readonly [yaml: string, key: string])[] = [
    ['partition.assignment.strategy: bogus', 'partition.assignment.strategy'],
    ['debug: bogus', 'debug'],
  ];
  for (const [yaml, key] of cases) {
    const loaded = validated(MINIMAL.replace('consumer: {', `consumer: { properties: { ${yaml} },`));
    const problem = problemOf(loaded, `kafka.consumer.properties.${key}`);
    assert.equal(problem.line, 3, yaml);
    assert.ok(problem.remedy, yaml);
  }
  assert.deepEqual(validated(MINIMAL).problems, []);
});

/** Needs other properties, or is not passed to librdkafka. */
const NOT_ALONE =
  /^sasl|^ssl|^security|^https|^enable\.sasl|oauthbearer|location|^enabled_events|^interceptors/;
/** Refused although librdkafka accepts it, because the pair can't work. */
const STRICTER = /must be less than session\.timeout\.ms/;

const rows = LIBRDKAFKA_ROWS.filter(
  ([name, , type]) =>
    type !== 'callback' &&
    type !== 'string' &&
    !ownedProperties.has(canonicalName(name)) &&
    !ownedProperties.has(name) &&
    !NOT_ALONE.test(name),
);

function valueOf([, , type, range = '']: LibrdkafkaRow): fc.Arbitrary<string> {
  if (type === 'boolean') return fc.constantFrom('true', 'false', '1', 'maybe', '2');
  if (type === 'enum') return fc.constantFrom(...range.split(', '), 'nothing-of-these');
  const [low = 0, high = 0] = range.split(' .. ').map(Number);
  const edges = [low - 1, low, low + 1, Math.floor((low + high) / 2), high - 1, high, high + 1];
  return fc.constantFrom(...edges, 1_000, 10_000).map(String);
}

const given = fc
  .constantFrom(...rows)
  .chain((row) => valueOf(row).map((value) => ({ name: row[0], scope: row[1], value })));

test('a file is valid exactly when librdkafka accepts its properties', () => {
  const native = loadNative();
  fc.assert(
    fc.property(
      fc.uniqueArray(given, { selector: ({ name }) => canonicalName(name), maxLength: 3 }),
      (all) => {
        for (const side of ['consumer', 'producer'] as const) {
          const mine = all.filter(
            ({ scope }) => scope === '*' || scope === (side === 'consumer' ? 'C' : 'P'),
          );
          const yaml = mine.map(({ name, value }) => `'${name}': '${value}'`).join(', ');
          // Without asking librdkafka: kd's own tables must detect it.
          const { config, problems, details } = load(
            MINIMAL.replace(`${side}: {`, `${side}: { properties: { ${yaml} },`),
          );
          const errors = problems.filter(isError);
          if (errors.some(({ message }) => STRICTER.test(message))) continue;
          const user = new Map(mine.map(({ name, value }) => [name, value]));
          const written =
            config?.[side].properties ??
            withDefaults(side === 'consumer' ? consumerDefaults : producerDefaults, user);
          const refusal = refusalOf(native, side, new Map(written));
          const translated = mine.some(({ name }) => details.clients[side].get(name)?.note !== '');
          if (errors.length > 0 && translated) continue;
          assert.equal(
            errors.length > 0,
            refusal !== undefined,
            `${side} ${yaml}: ${refusal} ${JSON.stringify(errors)}`,
          );
        }
      },
    ),
    { numRuns: 150 },
  );
});

function refusalOf(
  native: ReturnType<typeof loadNative>,
  side: 'consumer' | 'producer',
  properties: ReadonlyMap<string, string>,
): string | undefined {
  const cluster = { bootstrapServers: ['a:9092'], properties };
  const identity = { pluginPath: native.pluginPath, handleId: 0 };
  try {
    checkCreatable(
      native,
      side,
      side === 'consumer'
        ? consumerProperties(identity, {
            clientId: 'n',
            cluster,
            groupId: 'g',
            commitIntervalMs: 1_000,
            statisticsIntervalMs: 0,
          })
        : producerProperties(identity, { clientId: 'n', cluster, queueBytesMax: 1_048_576 }),
    );
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
