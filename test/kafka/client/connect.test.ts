// @slow: waits for addresses that do not answer
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:net';
import { test } from 'node:test';
import { Worker } from 'node:worker_threads';
import { DispatcherError } from '../../../src/core/errors.js';
import { consumerProperties, producerProperties } from '../../../src/kafka/client/client-config.js';
import { connect } from '../../../src/kafka/client/connect.js';
import { connectFailure } from '../../../src/kafka/client/connect-failure.js';
import type { ConnectOptions } from '../../../src/kafka/client/connect-once.js';
import { loadNative } from '../../../src/kafka/native.js';
import {
  type KafkaClient,
  type KafkaConsumer,
  newConsumer,
  newProducer,
} from '../../../src/kafka/rdkafka.js';
import { RecordingLogger } from '../support.js';

const native = loadNative();

function options(
  servers: string,
  extra: Record<string, string> = {},
): ConnectOptions<KafkaConsumer> & { logger: RecordingLogger } {
  return {
    role: 'consumer',
    servers,
    cluster: { bootstrapServers: servers.split(','), properties: new Map(Object.entries(extra)) },
    timeoutMs: 1_500,
    native,
    logger: new RecordingLogger(),
    nowMs: () => performance.now(),
    create: () => ({
      client: newConsumer({ 'bootstrap.servers': servers, 'group.id': 'g', ...extra }),
      handleId: 1,
    }),
  };
}

async function failure(attempt: Promise<unknown>): Promise<DispatcherError> {
  try {
    await attempt;
  } catch (error) {
    assert.ok(error instanceof DispatcherError);
    return error;
  }
  return assert.fail('it connected');
}

async function closedPort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  await new Promise((resolve) => server.close(resolve));
  return typeof address === 'object' && address !== null ? address.port : 1;
}

test(
  'an address where nothing listens is reported as unreachable, with the reason and a remedy, ' +
    'soon after the limit',
  async () => {
    const port = await closedPort();
    const startedMs = performance.now();
    const error = await failure(connect(options(`127.0.0.1:${port}`)));
    assert.equal(error.code, 'KAFKA_UNREACHABLE');
    assert.equal(error.exitCode, 3);
    assert.match(error.message, new RegExp(`127\\.0\\.0\\.1:${port}: connection refused at`));
    assert.match(error.remedy ?? '', /check the port, and that the broker runs.*kafka\.bootstrap-servers/);
    assert.ok(performance.now() - startedMs < 10_000);
  },
);

test(
  "the reason of a failed connection is logged once while attempts continue; librdkafka's own " +
    'lines stay at debug',
  async () => {
    const given = { ...options(`127.0.0.1:${await closedPort()}`), timeoutMs: 4_000 };
    await failure(connect(given));
    const told = given.logger.entries.filter(
      ({ level, message }) => level === 'warn' && /connection refused at/.test(message),
    );
    assert.equal(told.length, 1);
    assert.match(told[0]?.message ?? '', /; trying again$/);
    const raw = given.logger.entries.filter(({ message }) => /failed: Connection refused/.test(message));
    assert.ok(raw.length > 0 && raw.every(({ level }) => level === 'debug'));
  },
);

test('an unknown host name is named', async () => {
  const error = await failure(connect(options('no-such-host.invalid:9092')));
  assert.equal(error.code, 'KAFKA_UNREACHABLE');
  assert.match(
    error.message,
    /broker no-such-host\.invalid:9092: the host name no-such-host\.invalid can't be resolved/,
  );
});

test(
  'no thread of librdkafka calls into node-rdkafka with a log ' + 'line: lines wait until they are fetched',
  async () => {
    const servers = `127.0.0.1:${await closedPort()}`;
    const cluster = { bootstrapServers: [servers], properties: new Map([['debug', 'all']]) };
    const withQueue = (asked: boolean): ReturnType<typeof options> => ({
      ...options(servers),
      native: asked ? native : { serveLog: () => true },
      create: () => {
        const handleId = native.newHandleId();
        const identity = { pluginPath: native.pluginPath, handleId };
        const own = { clientId: 'c', groupId: 'g', commitIntervalMs: 5_000, statisticsIntervalMs: 0 };
        return { client: newConsumer(consumerProperties(identity, { cluster, ...own })), handleId };
      },
    });
    const [unasked, asked] = [withQueue(false), withQueue(true)];
    await Promise.all([failure(connect(unasked)), failure(connect(asked))]);
    const refusals = ({ logger }: typeof asked): number =>
      logger.entries.filter(({ message }) => /Connection refused/.test(message)).length;
    assert.equal(refusals(unasked), 0);
    assert.ok(refusals(asked) > 0);
    assert.equal(native.liveCounts().handles, 0);
  },
);

test('a server that accepts and stays silent does not delay the start beyond the limit', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  try {
    const error = await failure(connect(options(`127.0.0.1:${port}`)));
    assert.equal(error.code, 'KAFKA_UNREACHABLE');
  } finally {
    server.close();
  }
});

/** Client credentials that an issuer refuses quickly, on its own thread. */
const ISSUER = `const { parentPort } = require('node:worker_threads');
const refuse = (response) => () => response.writeHead(401).end('{}');
const listen = (request, response) => request.resume().on('end', refuse(response));
const server = require('node:http').createServer(listen);
server.listen(0, '127.0.0.1', () => parentPort.postMessage(server.address().port));`;

test('a token refused before node-rdkafka begins to listen is still reported', async () => {
  const issuer = new Worker(ISSUER, { eval: true });
  const [issuerPort] = (await once(issuer, 'message')) as [number];
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const servers = `127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}`;
  const properties = {
    'security.protocol': 'sasl_plaintext',
    'sasl.mechanism': 'OAUTHBEARER',
    'sasl.oauthbearer.method': 'oidc',
    'sasl.oauthbearer.client.id': 'a',
    'sasl.oauthbearer.client.secret': 'b',
    'sasl.oauthbearer.token.endpoint.url': `http://127.0.0.1:${issuerPort}/token`,
  };
  const handle = { pluginPath: native.pluginPath, handleId: native.newHandleId() };
  const create = (): { client: KafkaClient; handleId: number } => {
    // The client's threads run and the answer arrives while the main thread is blocked.
    setImmediate(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 500));
    const cluster = { bootstrapServers: [servers], properties: new Map(Object.entries(properties)) };
    const given = producerProperties(handle, { clientId: 'c', cluster, queueBytesMax: 1_048_576 });
    return { client: newProducer(given), handleId: handle.handleId };
  };
  try {
    const error = await failure(
      connect<KafkaClient>({ ...options(servers, properties), role: 'producer', create }),
    );
    assert.equal(error.code, 'KAFKA_REFUSED', error.message);
    assert.match(error.message, /no token for the producer: Failed to .*\(401\)/);
  } finally {
    server.close();
    await issuer.terminate();
  }
});

test('a property that librdkafka does not know is a configuration error, without waiting', async () => {
  const error = await failure(connect(options('127.0.0.1:1', { 'no.such.property': '1' })));
  assert.equal(error.code, 'CONFIGURATION');
  assert.equal(error.exitCode, 2);
  assert.match(error.message, /no\.such\.property/);
});

test('properties that contradict each other are a configuration error, without waiting', async () => {
  const startedMs = performance.now();
  const error = await failure(
    connect(options('127.0.0.1:1', { 'session.timeout.ms': '30000', 'max.poll.interval.ms': '20000' })),
  );
  assert.equal(error.code, 'CONFIGURATION');
  assert.ok(performance.now() - startedMs < 1_000);
});

test('TLS to a server that is not a broker is refused after the first attempt, and not retried', async () => {
  const server = createServer((socket) =>
    socket.on('error', () => undefined).on('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  const startedMs = performance.now();
  try {
    const error = await failure(
      connect({ ...options(`127.0.0.1:${port}`, { 'security.protocol': 'ssl' }), timeoutMs: 30_000 }),
    );
    assert.equal(error.code, 'KAFKA_REFUSED');
    assert.match(error.message, /not Kafka/);
    assert.ok(performance.now() - startedMs < 6_000);
  } finally {
    server.close();
  }
});

test('a CA that is not a certificate is refused with exit 8', async () => {
  const error = await failure(
    connect(options('127.0.0.1:1', { 'security.protocol': 'ssl', 'ssl.ca.pem': 'garbage' })),
  );
  assert.equal(error.code, 'KAFKA_REFUSED');
  assert.equal(error.exitCode, 8);
});

const LINES: readonly (readonly [line: string, code: string, remedy: RegExp])[] = [
  [
    'sasl_ssl://b:1/boot: SASL authentication error: Authentication failed during authentication due to ' +
      'invalid credentials',
    'KAFKA_REFUSED',
    /password/,
  ],
  [
    'ssl://b:1/boot: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: ' +
      'broker certificate could not',
    'KAFKA_REFUSED',
    /CA/,
  ],
  [
    'ssl://b:1/boot: SSL handshake failed: Disconnected: connecting ' +
      'to a PLAINTEXT broker listener? (after 2ms)',
    'KAFKA_REFUSED',
    /no TLS/,
  ],
  [
    'ssl://b:1/boot: Receive failed: error:0A000412:SSL ' +
      'routines::sslv3 alert bad certificate: SSL alert number 42',
    'KAFKA_REFUSED',
    /client certificate/,
  ],
  [
    'b:1/boot: Disconnected: connection closed by peer: receive 0 after ' +
      'POLLIN (after 14ms in state APIVERSION_QUERY)',
    'KAFKA_REFUSED',
    /security\.protocol/,
  ],
  [
    'b:1/boot: SASL SCRAM-SHA-256 mechanism handshake failed: Broker: Unsupported SASL mechanism',
    'KAFKA_REFUSED',
    /mechanism/,
  ],
  ['b:1/boot: Connect to ipv4#127.0.0.1:1 failed: Connection refused', 'KAFKA_UNREACHABLE', /broker runs/],
];

for (const [line, code, remedy] of LINES) {
  test(`the log line "${line.slice(0, 70)}…" is ${code} with a fitting remedy`, () => {
    const error = connectFailure('consumer', 'b:1', 1_000, { lines: [line], cause: undefined });
    assert.equal(error.code, code);
    assert.match(error.remedy ?? '', remedy);
  });
}

test('a broker that refuses us next to one that is down is unreachable: trying again may help', () => {
  const error = connectFailure('consumer', 'a:1,b:1', 1_000, {
    lines: [
      'a:1/boot: SASL authentication error: x',
      'b:1/boot: Connect to ipv4#127.0.0.1:1 failed: Connection refused',
    ],
    cause: undefined,
  });
  assert.equal(error.code, 'KAFKA_UNREACHABLE');
});
