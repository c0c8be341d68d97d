import assert from 'node:assert/strict';
import { test } from 'node:test';
import { LOG_AREA_NAMES, levelOf, quieter } from '../../../src/core/log/areas.js';
import { load, MINIMAL, problemOf, resolved } from '../support.js';

test('levels by area, in every place where a level can be given', () => {
  const levels = resolved(`${MINIMAL}logging: { level: { root: info, kafka: DEBUG, transform: warn } }\n`)
    .logging.level;
  assert.deepEqual(
    (['kafka', 'transform', 'group', undefined] as const).map((area) => levelOf(levels, area)),
    ['debug', 'warn', 'info', 'info'],
  );
  const overridden = load(`${MINIMAL}logging: { level: { kafka: debug, group: debug } }\n`, {
    environment: { KD_LOGGING_LEVEL: 'warn', KD_LOGGING_LEVEL_KAFKA: 'error' },
    set: ['logging.level.http=debug'],
  }).config?.logging.level;
  assert.deepEqual(
    (['kafka', 'group', 'http', 'jobs'] as const).map((area) => overridden && levelOf(overridden, area)),
    ['error', 'debug', 'debug', 'warn'],
  );
  const dotted = resolved(`${MINIMAL}logging.level.root: WARN\nlogging.level.reload: debug\n`).logging.level;
  assert.deepEqual([dotted.root, dotted.reload], ['warn', 'debug']);
});

test("areas of a Spring file are read; levels of Java's packages are not", () => {
  const loaded = load(`${MINIMAL}spring: { kafka: { client-id: x } }
logging: { level: { root: WARN, kafka: DEBUG, org.apache.kafka: TRACE, com: { acme: DEBUG } } }
`);
  assert.deepEqual(loaded.problems, []);
  assert.deepEqual(
    [loaded.config?.logging.level.root, loaded.config?.logging.level.kafka],
    ['warn', 'debug'],
  );
});

test('an unknown area is an error that names the nearest one', () => {
  for (const [given, meant] of [
    ['kafk', 'kafka'],
    ['worker', 'transform'],
    ['client', 'librdkafka'],
    ['dispatch', 'dispatcher'],
    ['consumer', 'group'],
    ['node', 'process'],
  ] as const) {
    const { severity, remedy } = problemOf(
      load(`${MINIMAL}logging: { level: { ${given}: debug } }\n`),
      `logging.level.${given}`,
    );
    assert.deepEqual([severity, remedy], ['error', `did you mean logging.level.${meant}?`]);
  }
  const packages = load(`${MINIMAL}logging: { level: { org.acme: debug } }\n`);
  assert.equal(problemOf(packages, 'logging.level.org.acme').severity, 'warning');
});

test('-q makes every area at least as quiet as warnings, and leaves quieter ones as they are', () => {
  const levels = quieter({ root: 'info', kafka: 'debug', http: 'error' }, 'warn');
  for (const area of LOG_AREA_NAMES) assert.equal(levelOf(levels, area), area === 'http' ? 'error' : 'warn');
});
