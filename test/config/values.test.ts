import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Loaded } from '../../src/config/load.js';
import { shownValues } from '../../src/config/show/show.js';
import { parseGroupLag } from '../../src/config/text/group-lag.js';
import { parseDuration, parseRate, parseSize } from '../../src/config/text/units.js';
import { load, MINIMAL, problemOf, resolved } from './support.js';

const dispatcher = (yaml: string): string => `${MINIMAL}dispatcher: { ${yaml} }\n`;

test('sizes and durations carry units', () => {
  const size = (text: string): unknown => {
    const parsed = parseSize(text);
    return parsed.ok ? parsed.value : parsed.reason;
  };
  const duration = (text: string): unknown => {
    const parsed = parseDuration(text);
    return parsed.ok ? parsed.value : parsed.reason;
  };
  assert.deepEqual(
    ['1MiB', '64MB', '512KiB', '1.5 kb', '10B', '2GiB'].map(size),
    [1_048_576, 64_000_000, 524_288, 1_500, 10, 2_147_483_648],
  );
  assert.deepEqual(
    ['30s', '5m', '250ms', '0ms', '1.5h', '1d'].map(duration),
    [30_000, 300_000, 250, 0, 5_400_000, 86_400_000],
  );
  assert.match(
    problemOf(load(dispatcher('timeout: 30')), 'dispatcher.timeout').remedy ?? '',
    /add the unit: 30s or 30ms/,
  );
  assert.match(
    problemOf(load(dispatcher('batch: { bytes-max: 1048576 }')), 'dispatcher.batch.bytes-max').message,
    /no unit/,
  );
  for (const bad of ['', 'x', '1XB', '-1s', '1s2', '9'.repeat(30), 'NaNs', '1e3s'])
    assert.equal(parseSize(bad).ok || parseDuration(bad).ok, false, bad);
});

test('bounds are reported with their unit', () => {
  assert.match(
    problemOf(load(dispatcher('batch: { bytes-max: 1B }')), 'dispatcher.batch.bytes-max').remedy ?? '',
    /at least 16KiB/,
  );
  assert.match(
    problemOf(load(dispatcher('concurrency: 0')), 'dispatcher.concurrency').message,
    /0 is too small/,
  );
  assert.match(
    problemOf(load(dispatcher('threads: -1')), 'dispatcher.threads').message,
    /-1 is too small; or auto/,
  );
  assert.match(problemOf(load(dispatcher('threads: 1.5')), 'dispatcher.threads').message, /whole number/);
  assert.match(problemOf(load(dispatcher('threads: [1]')), 'dispatcher.threads').message, /not a list/);
});

test('a share is a percentage with its sign, from 0% to 100%', () => {
  const share = (text: string): string => dispatcher(`dead-letter: { topic: d, stop-above: ${text} }`);
  const key = 'dispatcher.dead-letter.stop-above';
  assert.equal(resolved(MINIMAL).dispatcher.deadLetter.stopAbovePercent, 10);
  for (const [text, percent] of [
    ['0%', 0],
    ['0.5 %', 0.5],
    ['100%', 100],
  ] as const)
    assert.equal(resolved(share(text)).dispatcher.deadLetter.stopAbovePercent, percent);
  assert.match(problemOf(load(share('10')), key).remedy ?? '', /add the unit: 10%/);
  assert.match(problemOf(load(share('0.1')), key).remedy ?? '', /add the unit: 0.1%/);
  assert.match(problemOf(load(share('101%')), key).message, /101% is out of range/);
  assert.match(problemOf(load(share('-1%')), key).message, /not a percentage/);
  assert.match(problemOf(load(share('[1]')), key).message, /not a list/);
  const shown = shownValues(resolved(share('2.5%')), load(share('2.5%')));
  assert.equal(shown.find(({ path }) => path.join('.') === key)?.value, '2.5%');
});

test('a rate is records or bytes per second', () => {
  const key = 'dispatcher.rate';
  assert.equal(resolved(MINIMAL).dispatcher.rate, undefined);
  assert.deepEqual(parseRate('50000/s'), { ok: true, unit: 'records', perSecond: 50_000 });
  assert.deepEqual(parseRate('20MB/s'), { ok: true, unit: 'bytes', perSecond: 20_000_000 });
  assert.deepEqual(parseRate('1.5 MiB / s'), { ok: true, unit: 'bytes', perSecond: 1_572_864 });
  assert.equal(resolved(dispatcher('rate: 50000/s')).dispatcher.rate, '50000/s');
  for (const text of ['50000', 'fast', '10/h', '20MX/s', '-1/s', '1.5/s'])
    assert.match(problemOf(load(dispatcher(`rate: ${text}`)), key).message, /is not a rate/, text);
  assert.match(
    problemOf(load(dispatcher('rate: 50000')), key).remedy ?? '',
    /50000\/s for records, or 20MB\/s/,
  );
  assert.match(problemOf(load(dispatcher('rate: 0/s')), key).message, /out of range/);
});

test('groups that must not lag behind are named with a number of records each', () => {
  const key = 'dispatcher.throttle-lag';
  const lags = (text: string) => resolved(dispatcher(`throttle-lag: ${text}`)).dispatcher.throttleLag;
  assert.equal(resolved(MINIMAL).dispatcher.throttleLag, undefined);
  assert.deepEqual(lags('live:10000'), ['live:10000']);
  assert.deepEqual(lags('[live:10000, "a:b : 5"]'), ['live:10000', 'a:b : 5']);
  assert.deepEqual(parseGroupLag('a:b : 5'), { ok: true, group: 'a:b', boundRecords: 5 });
  for (const text of ['live', 'live:', 'live:10k', ':10', 'live:-1']) {
    const problem = problemOf(load(dispatcher(`throttle-lag: "${text}"`)), key);
    assert.match(problem.message, /is not a group with its largest lag/, text);
    assert.match(problem.remedy ?? '', /for example live:10000/);
  }
  assert.match(problemOf(load(dispatcher('throttle-lag: live:0')), key).message, /out of range/);
  assert.match(problemOf(load(dispatcher('throttle-lag: "a:1,a:2"')), key).message, /names .*a.* twice/);
});

test('threads: auto is at least one, and 0 stays 0', () => {
  assert.ok(resolved(MINIMAL).dispatcher.threads >= 1);
  assert.equal(resolved(dispatcher('threads: 0')).dispatcher.threads, 0);
});

test('placeholders insert variables, files and defaults as in shell and Spring; $$ is a dollar sign', () => {
  const name = (value: string, environment: Record<string, string> = {}): string =>
    resolved(`name: ${value}\n${MINIMAL}`, { environment }).name;
  assert.equal(name('${A}', { A: 'x' }), 'x');
  assert.equal(name('a-${A}-${B:-b}', { A: 'x' }), 'a-x-b');
  assert.equal(name('${A:-d}', { A: '' }), 'd');
  assert.equal(name('${A:d:e}'), 'd:e');
  assert.equal(name('${A:-${B:-c}}'), 'c');
  assert.equal(name('"${A:-a b, {c}}"'), 'a b, {c}');
  assert.equal(name('$$x$${A}'), '$x${A}');
  assert.equal(name('5$'), '5$');
  assert.equal(name('${A}', { A: '${B}' }), '${B}');
});

test('placeholders work inside YAML braces without quotes, and positions stay right', () => {
  const config = resolved(
    `${MINIMAL}server: { port: \${PORT:-8081}, address: \${ADDRESS:0.0.0.0} } # \${COMMENT}\n`,
  );
  assert.deepEqual(config.server, {
    port: 8081,
    address: '0.0.0.0',
    token: undefined,
    allowedHosts: [],
  });
  const { problems } = load(`${MINIMAL}server: { port: \${PORT}, address: 1 }\n`);
  assert.deepEqual(
    problems.map(({ line, column }) => [line, column]),
    [[5, 17]],
  );
});

test('numbers that are names keep their zeros', () => {
  assert.deepEqual(resolved(MINIMAL.replace('[in]', '[0123, 1e3]')).consumer.topics, {
    names: ['0123', '1e3'],
  });
});

test('topics may be a list of names, comma-separated text or one regular expression', () => {
  const topics = (yaml: string) => resolved(MINIMAL.replace('[in]', yaml)).consumer.topics;
  assert.deepEqual(topics('"a, b,a"'), { names: ['a', 'b'] });
  assert.deepEqual(topics('"/fl.{1,2}x/"'), { pattern: 'fl.{1,2}x' });
  assert.deepEqual(topics('["/fl.+/"]'), { pattern: 'fl.+' });
  for (const bad of ['/open', '"/(/"', '[a, /b/]', '[a b]', '["."]', '[]', '{ a: 1 }', '""']) {
    assert.equal(load(MINIMAL.replace('[in]', bad)).config, undefined, bad);
  }
});

test('bootstrap servers may be text, a list, or the JSON of get-bootstrap-brokers', () => {
  const servers = (yaml: string, properties = ''): readonly string[] =>
    resolved(
      `kafka:\n  bootstrap-servers: ${yaml}\n  properties: { ${properties} }\n  consumer: { group-id: g, ` +
        `topics: [in] }\n  producer: { topic: out }\n`,
    ).consumer.bootstrapServers;
  const json =
    '{"BootstrapBrokerString": "a:9092,b:9092", "BootstrapBrokerStringTls": "a:9094,b:9094", ' +
    '"BootstrapBrokerStringSaslScram": "a:9096", "BootstrapBrokerStringSaslIam": "a:9098"}';
  assert.deepEqual(servers('"a:1, b:2"'), ['a:1', 'b:2']);
  assert.deepEqual(servers('[a:1, "[::1]:2"]'), ['a:1', '[::1]:2']);
  assert.deepEqual(servers(json, 'security.protocol: SSL'), ['a:9094', 'b:9094']);
  assert.deepEqual(servers(`'${json}'`, 'security.protocol: plaintext'), ['a:9092', 'b:9092']);
  assert.deepEqual(servers(json, 'security.protocol: SASL_SSL, sasl.mechanism: SCRAM-SHA-512'), ['a:9096']);
  assert.deepEqual(servers('{"BootstrapBrokerStringTls": "a:9094"}'), ['a:9094']);
  assert.throws(() => servers(json), /several listeners/);
  for (const bad of ['a', 'a:b', 'a:0', 'a:99999', '"::1"', '{}', '"{"', '"a:1 /b"'])
    assert.throws(() => servers(bad), Error, bad);
});

test('consumer and producer may have clusters of their own', () => {
  const config = resolved(`kafka:
  bootstrap-servers: shared:1
  properties: { security.protocol: SSL, linger.ms: 1, fetch.min.bytes: 2 }
  consumer:
    { bootstrap-servers: source:1, group-id: g, topics: [in], properties: { security.protocol: PLAINTEXT } }
  producer: { topic: out, properties: { linger.ms: 3 } }
`);
  assert.deepEqual(config.consumer.bootstrapServers, ['source:1']);
  assert.deepEqual(config.producer.bootstrapServers, ['shared:1']);
  const given = (side: 'consumer' | 'producer') =>
    ['security.protocol', 'fetch.min.bytes', 'linger.ms'].map((name) => config[side].properties.get(name));
  assert.deepEqual(given('consumer'), ['PLAINTEXT', '2', undefined]);
  assert.deepEqual(given('producer'), ['SSL', undefined, '3']);
});

test("the older project's layout loads: Spring's log levels, lists, its own names", () => {
  const loaded = load(`kafka:
  bootstrap-servers: [b-1:9092, b-2:9092]
  consumer: { group-id: g, topics: [in], auto-offset-reset: latest, missing-topics-fatal: false }
  producer: { topic: out }
server: { port: 8080 }
logging: { level: { root: WARN, org.apache.kafka: ERROR } }
`);
  assert.equal(loaded.config?.logging.level.root, 'warn');
  assert.equal(loaded.config.consumer.missingTopicsFatal, false);
  assert.deepEqual(
    loaded.problems.map((problem) => problem.severity),
    ['warning'],
  );
  assert.equal(resolved(`${MINIMAL}logging: { level: TRACE }\n`).logging.level.root, 'debug');
});

test('keys that must fit each other are checked together', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['batch: { bytes-max: 1MiB }, in-flight: { bytes-max: 3MiB }', 'dispatcher.in-flight.bytes-max'],
    ['batch: { records-max: 11 }, in-flight: { records-max: 10 }', 'dispatcher.in-flight.records-max'],
    ['input: { format: avro }', 'dispatcher.input.schema'],
    ['input: { format: json }', 'dispatcher.input.format'],
    ['dead-letter: in', 'dispatcher.dead-letter.topic'],
  ];
  for (const [yaml, key] of cases)
    assert.equal(problemOf(load(dispatcher(yaml)), key).severity, 'error', yaml);
  assert.equal(
    problemOf(load(MINIMAL.replace('topic: out', 'topic: in')), 'kafka.producer.topic').severity,
    'error',
  );
  const allowed = load(
    MINIMAL.replace('topic: out', 'topic: in').replace('topics: [in]', 'topics: [in], own-output: allow'),
  );
  assert.equal(allowed.problems.length, 0);
  assert.equal(problemOf(load(`${MINIMAL}server: { address: x }\n`), 'server.port').severity, 'error');
});

test('"none" leaves a value unset, and a short form sets the first key of its section', () => {
  assert.equal(
    resolved(dispatcher('dead-letter: none, transform: none')).dispatcher.deadLetterTopic,
    undefined,
  );
  assert.equal(resolved(dispatcher('dead-letter: d')).dispatcher.deadLetterTopic, 'd');
  assert.equal(
    resolved(MINIMAL, { environment: { KD_DISPATCHER_DEAD_LETTER: 'e' } }).dispatcher.deadLetterTopic,
    'e',
  );
  assert.equal(resolved(MINIMAL, { set: ['dispatcher.dead-letter=f'] }).dispatcher.deadLetterTopic, 'f');
});

test('batches are sized by what may be in flight, unless their size is given', () => {
  const batch = (body: string) => resolved(dispatcher(`threads: 1, ${body}`)).dispatcher.batch;
  assert.deepEqual([batch('').recordsMax, batch('').bytesMax], [16_000, 1_048_576]);
  assert.equal(batch('batch: { bytes-max: auto }').bytesMax, 1_048_576);
  assert.equal(batch('batch: { bytes-max: 64KiB }').bytesMax, 65_536);
  const few = batch('in-flight: { records-max: 900, bytes-max: 6MiB }');
  assert.deepEqual([few.recordsMax, few.bytesMax], [225, 295 * 1024]);
  const both = dispatcher('batch: { records-max: 1000 }, in-flight: { records-max: 900 }');
  assert.match(problemOf(load(both), 'dispatcher.in-flight.records-max').message, /less than one batch/);
});

test('a resolved default is shown with its reason, a set value with its place', () => {
  const shown = (body: string): string[] => {
    const loaded = load(dispatcher(`threads: 1, in-flight: { records-max: 900 }, ${body}`));
    const rows = shownValues(loaded.config ?? assert.fail('loaded'), loaded).filter(
      ({ path }) => path[1] === 'batch',
    );
    return rows
      .slice(0, 2)
      .map(({ path, value, origin }) => `${path.at(-1) ?? ''} ${String(value)}, ${origin}`);
  };
  assert.deepEqual(shown(''), [
    'records-max 225, default, at most a quarter of in-flight.records-max',
    'bytes-max 1MiB, default: auto, by in-flight.bytes-max and threads',
  ]);
  const set = shown('batch: { records-max: 300, bytes-max: 64KiB }');
  assert.match(set[0] ?? '', /^records-max 300, .*kd\.yml:\d+/);
  assert.match(set[1] ?? '', /^bytes-max 64KiB, .*kd\.yml:\d+/);
});

test('the configuration is frozen, all the way down', () => {
  const config = resolved(dispatcher('options: { a: { b: [1] } }'));
  assert.ok(
    Object.isFrozen(config) &&
      Object.isFrozen(config.dispatcher.batch) &&
      Object.isFrozen(config.consumer.bootstrapServers),
  );
  assert.ok(Object.isFrozen(config.dispatcher.options['a']));
});

test('a server that others can reach without a token is a warning; a weak token is an error', () => {
  const server = (yaml: string): Loaded => load(`${MINIMAL}server: { port: 1, ${yaml} }\n`);
  const long = '0123456789abcdef';
  for (const address of ['127.0.0.1', '127.8.8.8', 'localhost', '"::1"'])
    assert.deepEqual(server(`address: ${address}`).problems, [], address);
  const open = problemOf(server('address: 0.0.0.0'), 'server.address');
  assert.deepEqual([open.severity, open.line], ['warning', 5]);
  assert.match(open.remedy ?? '', /set server\.token/);
  assert.deepEqual(server(`address: 0.0.0.0, token: ${long}`).problems, []);
  const weak = problemOf(server('token: weakling'), 'server.token');
  assert.match(weak.remedy ?? '', /at least 16 letters/);
  assert.ok(!`${weak.message}${weak.remedy ?? ''}`.includes('weakling'));
  assert.equal(problemOf(server('token: "0123456789 abcdef"'), 'server.token').severity, 'error');
  assert.ok(server(`token: ${long}`).secrets.includes(long));
  const host = problemOf(server('allowed-hosts: ["https://kd.example:1"]'), 'server.allowed-hosts');
  assert.match(host.remedy ?? '', /without scheme and port/);
});
