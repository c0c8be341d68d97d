/** Mistakes that people make with YAML, Spring, Helm, shells and web pages, and what they are told. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LoadRequest } from '../../../src/config/load.js';
import { formatProblem } from '../../../src/config/text/problem.js';
import { load, MINIMAL, problemOf, resolved } from '../support.js';

/** The problems as a person sees them. */
function told(text: string, more: Partial<LoadRequest> = {}): string {
  return load(text, more).problems.map(formatProblem).join('\n');
}

const topics = (yaml: string): string => MINIMAL.replace('[in]', yaml);
const servers = (yaml: string): string => MINIMAL.replace('a:9092', yaml);

test('a file is read the same with a byte order mark, Windows line ends, or as JSON', () => {
  const plain = resolved(MINIMAL);
  const json = JSON.stringify({
    kafka: {
      'bootstrap-servers': 'a:9092',
      consumer: { 'group-id': 'g', topics: ['in'] },
      producer: { topic: 'out' },
    },
  });
  for (const text of [`\ufeff${MINIMAL}`, MINIMAL.replaceAll('\n', '\r\n'), `---\n${MINIMAL}...\n`, json]) {
    const { consumer, producer } = resolved(text);
    assert.deepEqual(consumer.topics, plain.consumer.topics);
    assert.deepEqual(producer.topic, plain.producer.topic);
  }
  const utf16 = Buffer.from(`\ufeff${MINIMAL}`, 'utf16le');
  assert.match(load(utf16).problems.map(formatProblem).join(), /kd\.yml:1:1: error: is UTF-16/);
  assert.match(
    load(Buffer.from('name: M\u00fcnchen\n', 'latin1')).problems.map(formatProblem).join(),
    /is not valid UTF-8\n {4}→ save the file as UTF-8/,
  );
});

test('YAML words that are names stay names: no, on, 1.0, 007, 2024-01-01', () => {
  assert.deepEqual(
    resolved(topics('[no, yes, on, 1.0, 007, 0x1F, 1e3, 2024-01-01, 1_000]')).consumer.topics,
    {
      names: ['no', 'yes', 'on', '1.0', '007', '0x1F', '1e3', '2024-01-01', '1_000'],
    },
  );
  for (const [written, id] of [
    ['true', 'true'],
    ['1', '1'],
    ['0123', '0123'],
    ['~x', '~x'],
  ] as const)
    assert.equal(resolved(MINIMAL.replace('group-id: g', `group-id: ${written}`)).consumer.groupId, id);
});

test('a port may be written as YAML writes numbers, and nothing else is taken for one', () => {
  const port = (yaml: string): string => `${MINIMAL}server: { port: ${yaml} }\n`;
  for (const yaml of ['8080', '"8080"', '08080', '+8080', '0x1F90', '0o17620', '8.08e3'])
    assert.equal(resolved(port(yaml)).server?.port, 8080, yaml);
  for (const yaml of ['8_080', '80:80', '8080;', '8080.5', '-1', '65536', '１２', 'tcp'])
    assert.match(told(port(yaml)), /^kd\.yml:5:17: error: server\.port: .+\n {4}→ /, yaml);
});

test('an entry that is no text is one problem, not a missing key as well', () => {
  for (const yaml of ['[null]', '[a, [b]]', '[{ a: 1 }]', '{ a: 1 }', '[]', '[a, ""]']) {
    const { problems } = load(topics(yaml));
    assert.equal(problems.length, 1, problems.map(formatProblem).join('\n'));
    assert.equal(problems[0]?.line, 3);
    assert.doesNotMatch(problems[0].message, /is missing/);
  }
  assert.equal(load(MINIMAL.replace('group-id: g', 'group-id: []')).problems.length, 1);
  assert.equal(load(MINIMAL.replace('topic: out', 'topic: [a]')).problems.length, 1);
});

test('a pattern of topics in the style of other tools gets the style of this one', () => {
  for (const pattern of ['^flights-.*', '"flights-*"', 'flights-.+', '(a|b)', 'flights$'])
    assert.match(
      told(topics(`[${pattern}]`)),
      /is not a topic name\n {4}→ .*\/regular expression\//,
      pattern,
    );
  assert.match(told(topics('in;out')), /letters, digits/);
  assert.match(told(topics('/a/i')), /close it with "\/"/);
});

test('an address in the style of other tools gets the address to write', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['kafka://a:9092', /Kafka has no kafka:\/\/ addresses\n {4}→ write a:9092,/],
    ['https://a:9092/path', /no https:\/\/ addresses\n {4}→ write a:9092,/],
    ['localhost', /has no port\n {4}→ write localhost:9092/],
    ['me:word@a:9092', /contains a user name or password.*\n {4}→ .*sasl\.username/],
    ['"::1"', /without brackets\n {4}→ write \[::1\]:9092/],
    ['"::1:9093"', /without brackets\n {4}→ write \[::1\]:9093/],
    ['"fe80::1:2"', /→ write \[fe80::1:2\]:9092/],
    ['a:65536', /invalid port/],
    ['a:9092;b:9092', /is not host:port/],
    ['a:9092\u200b', /"a:9092\\u200b" is not host:port/],
  ];
  for (const [yaml, expected] of cases) assert.match(told(servers(yaml)), expected, yaml);
  assert.ok(!told(servers('me:Canary@a:9092')).includes('Canary'));
  assert.match(told(servers('[::1]:9092')), /kd\.yml:2:27: .*\n {4}→ put the whole value in quotes/);
});

test('characters that nobody sees are refused, instead of becoming part of another name', () => {
  for (const [char, code] of [
    ['\u200b', '200B'],
    ['\u2060', '2060'],
    ['\ufeff', 'FEFF'],
    ['\u00ad', '00AD'],
    ['\u202e', '202E'],
  ] as const) {
    const group = problemOf(
      load(MINIMAL.replace('group-id: g', `group-id: g${char}`)),
      'kafka.consumer.group-id',
    );
    assert.match(group.message, new RegExp(`invisible character U\\+${code}`));
    assert.match(group.remedy ?? '', /type the value again/);
  }
  assert.equal(resolved(`name: Zürich 注文 é\n${MINIMAL}`).name, 'Zürich 注文 é');
});

test("what other programs replace in a file is not taken for kd's own placeholders", () => {
  assert.match(told(`${MINIMAL}name: {{ .Values.name }}\n`), /kd\.yml:5:7: error: /);
  assert.match(told(`${MINIMAL}name: @project.name@\n`), /put the value in quotes/);
  assert.match(told(`${MINIMAL}name: %NAME%\n`), /put the value in quotes/);
  for (const text of ['#{env}', '$(NAME)', '$NAME', '{{ name }}'])
    assert.equal(resolved(`name: '${text}'\n${MINIMAL}`).name, text);
});

test('broken YAML is one problem for each line, in words without parser jargon', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    [MINIMAL.replaceAll('  ', '\t'), /kd\.yml:2:1: error: tabs are not allowed/],
    [`${MINIMAL}---\n${MINIMAL}`, /more than one document/],
    [`${MINIMAL}kafka: {}\n`, /kd\.yml:5:1: error: the same key is given twice/],
    [`${MINIMAL}name: "open\n`, /closing quote/],
    [`${MINIMAL}name: *nowhere\n`, /anchor.*does not exist/],
    [`${MINIMAL}name: !vault |\n  x\n`, /unknown tag/],
    [topics('- in'), /within brackets or braces/],
    ['- a\n- b\n', /must be a mapping of keys/],
    ['hello\n', /must be a mapping of keys/],
    [`${MINIMAL}${'x'.repeat(2_000)}: 1\n`, /longer than 1024 characters/],
  ];
  for (const [text, expected] of cases) {
    const shown = told(text);
    assert.match(shown, expected);
    assert.doesNotMatch(shown, /is not valid YAML|token|flow|scalar/);
  }
});
