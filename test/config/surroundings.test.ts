import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, MINIMAL, resolved } from './support.js';

test('a KD_ variable that sets no key is a warning, even when no key has a similar name', () => {
  const { problems, config } = load(MINIMAL, {
    environment: { KD_DISPATCHR_THREADS: '4', KD_WHATEVER_ELSE: 'x', KD_CONFIG: 'kd.yml', KDX: '1' },
  });
  assert.ok(config);
  assert.deepEqual(
    problems.map(({ severity, message, remedy }) => [severity, message.split(' (')[0], remedy]),
    [
      [
        'warning',
        'the environment variable KD_DISPATCHR_THREADS sets no key',
        'did you mean KD_DISPATCHER_THREADS?',
      ],
      [
        'warning',
        'the environment variable KD_WHATEVER_ELSE sets no key',
        'unset it; docs/CONFIG.md lists the keys',
      ],
    ],
  );
  const own = load(MINIMAL.replace('group-id: g', 'group-id: "${KD_MY_GROUP}"'), {
    environment: { KD_MY_GROUP: 'mine' },
  });
  assert.deepEqual(own.problems, []);
});

test('variables of a Kubernetes service are ignored, with one note that says how to remove them', () => {
  const { problems, config, notes } = load(`${MINIMAL}server: { port: 8080 }\n`, {
    environment: {
      KD_SERVER_SERVICE_HOST: '10.0.0.7',
      KD_SERVER_SERVICE_PORT: '80',
      KD_SERVER_SERVICE_PORT_HTTP: '80',
      KD_SERVER_PORT: 'tcp://10.0.0.7:80',
      KD_SERVER_PORT_80_TCP: 'tcp://10.0.0.7:80',
      KD_SERVER_PORT_80_TCP_PROTO: 'tcp',
      KD_SERVER_PORT_80_TCP_ADDR: '10.0.0.7',
    },
  });
  assert.deepEqual(problems, []);
  assert.equal(config?.server?.port, 8_080);
  assert.equal(notes.length, 1);
  assert.match(notes[0]?.message ?? '', /these 7 variables .*enableServiceLinks: false/);
  assert.equal(resolved(MINIMAL, { environment: { KD_SERVER_PORT: '9000' } }).server?.port, 9_000);
});

test('in Kubernetes a server that listens on 127.0.0.1 only is noted, since probes come from outside', () => {
  const noted = (yaml: string, environment: Record<string, string>): readonly string[] =>
    load(MINIMAL + yaml, { environment }).notes.map(({ key, message }) => `${key}: ${message}`);
  const kubernetes = { KUBERNETES_SERVICE_HOST: '10.0.0.1' };
  assert.match(noted('server: { port: 8080 }\n', kubernetes).join(), /server\.address: .*probes.*0\.0\.0\.0/);
  assert.deepEqual(noted('server: { port: 8080, address: 0.0.0.0 }\n', kubernetes), []);
  assert.deepEqual(noted('server: { port: 8080 }\n', {}), []);
  assert.deepEqual(noted('', kubernetes), []);
});

test('a secret with two dollar signs gets a note that they are read as one', () => {
  const login = (password: string): string =>
    MINIMAL.replace(
      'kafka:\n',
      () =>
        'kafka:\n  properties: { security.protocol: SASL_SSL, sasl.mechanism: PLAIN, sasl.username: u,\n' +
        `    sasl.password: '${password}' }\n`,
    );
  const { notes, config, problems } = load(login('pa$$word'));
  assert.deepEqual(problems, []);
  assert.equal(config?.consumer.properties.get('sasl.password'), 'pa$word');
  assert.equal(notes.length, 1);
  assert.equal(notes[0]?.key, 'kafka.properties.sasl.password');
  assert.match(notes[0].message, /"\$\$" .* one "\$"/);
  assert.deepEqual(load(login('pa$word')).notes, []);
  const jaas = load(
    MINIMAL.replace(
      'kafka:\n',
      () =>
        'kafka:\n  properties: { security.protocol: SASL_SSL, sasl.mechanism: PLAIN, sasl.jaas.config:\n' +
        `    'org.apache.kafka.common.security.plain.PlainLoginModule required ` +
        `username="u" password="a$$b";' }\n`,
    ),
  );
  assert.match(jaas.notes.map(({ message }) => message).join(), /"\$\$"/);
});

test('merge keys and top-level x- keys work as in compose files, in options, too', () => {
  const config = resolved(`x-limits: &limits { records-max: 10, linger: 5ms }
x-more: &more { deep: { a: 1 }, own: theirs }
${MINIMAL}dispatcher:
  batch: { <<: *limits, records-max: 20 }
  options: { <<: [*more], own: mine }
`);
  assert.equal(config.dispatcher.batch.recordsMax, 20);
  assert.equal(config.dispatcher.batch.lingerMs, 5);
  assert.deepEqual(config.dispatcher.options, { own: 'mine', deep: { a: 1 } });
  const wrong = load(`${MINIMAL}dispatcher:\n  batch:\n    <<: 5\n`);
  assert.equal(wrong.problems[0]?.line, 7);
  assert.match(wrong.problems[0].message, /merge key/);
});
