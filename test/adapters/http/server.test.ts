import assert from 'node:assert/strict';
import { connect } from 'node:net';
import { test } from 'node:test';
import { json, probeRoutes, type Route } from '../../../src/adapters/http/routes.js';
import { startHttpServer } from '../../../src/adapters/http/server.js';
import { DispatcherError } from '../../../src/core/errors.js';

interface Source {
  notReady(): string | null;
  status(): unknown;
}

const READY: Source = { notReady: () => null, status: () => ({ state: 'running' }) };

function routesOf(source: Source): readonly Route[] {
  return [
    ...probeRoutes(() => source.notReady()),
    { path: '/status', answer: () => json(source.status()) },
    { path: '/metrics', answer: () => Promise.resolve({ status: 200, type: 'text/plain', text: 'kd_up 1' }) },
  ];
}

function start(port: number, address: string, source: Source): ReturnType<typeof startHttpServer> {
  return startHttpServer({
    port,
    address,
    token: undefined,
    allowedHosts: [],
    routes: routesOf(source),
  });
}

async function withServer(source: Source, use: (base: string, port: number) => Promise<void>): Promise<void> {
  const server = await start(0, '127.0.0.1', source);
  try {
    await use(`http://127.0.0.1:${server.port}`, server.port);
  } finally {
    await server.close();
  }
}

test('readiness is 200 or 503 with the reason; liveness does not depend on it', async () => {
  let why: string | null = 'no partitions assigned yet';
  await withServer({ ...READY, notReady: () => why }, async (base) => {
    const waiting = await fetch(`${base}/readyz`);
    assert.deepEqual([waiting.status, await waiting.json()], [503, { ready: false, why }]);
    assert.equal((await fetch(`${base}/livez`)).status, 200);
    why = null;
    const ready = await fetch(`${base}/readyz?verbose=1`);
    assert.deepEqual([ready.status, await ready.json()], [200, { ready: true }]);
  });
});

test('every answer is JSON that no proxy keeps, also for HEAD and for unknown paths', async () => {
  await withServer(READY, async (base) => {
    for (const [path, status] of [
      ['/livez', 200],
      ['/status', 200],
      ['/nothing', 404],
      ['/', 404],
    ] as const) {
      const answer = await fetch(base + path);
      assert.equal(answer.status, status, path);
      assert.equal(answer.headers.get('cache-control'), 'no-store');
      assert.match(answer.headers.get('content-type') ?? '', /^application\/json/);
      assert.equal(typeof (await answer.json()), 'object');
    }
    const head = await fetch(`${base}/status`, { method: 'HEAD' });
    assert.deepEqual([head.status, await head.text()], [200, '']);
    const unknown = (await (await fetch(`${base}/metric`)).json()) as { paths: string[] };
    assert.deepEqual(unknown.paths, ['/livez', '/readyz', '/status', '/metrics']);
  });
});

test('other methods are refused with the ones that are allowed', async () => {
  await withServer(READY, async (base) => {
    for (const method of ['POST', 'PUT', 'DELETE', 'OPTIONS']) {
      const answer = await fetch(`${base}/livez`, { method });
      assert.equal(answer.status, 405, method);
      assert.equal(answer.headers.get('allow'), 'GET, HEAD', method);
      await answer.body?.cancel();
    }
  });
});

test('a status that fails is an answer of 500, and the process lives on', async () => {
  const source: Source = {
    ...READY,
    status: () => {
      throw new Error('secret detail');
    },
  };
  await withServer(source, async (base) => {
    const answer = await fetch(`${base}/status`);
    assert.equal(answer.status, 500);
    assert.ok(!(await answer.text()).includes('secret detail'));
    assert.equal((await fetch(`${base}/livez`)).status, 200);
  });
});

test('bytes that are not HTTP end their connection only', async () => {
  await withServer(READY, async (base, port) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.end(Buffer.from([0, 0, 0, 26, 0, 18, 0, 0, 0xff, 0x0a, 0x0d]));
    await new Promise((resolve) => socket.once('close', resolve).resume());
    assert.equal((await fetch(`${base}/livez`)).status, 200);
  });
});

test('a port or an address that cannot be used is named, with what to do about each', async () => {
  const refusal = async (port: number, address: string): Promise<DispatcherError> => {
    const error: unknown = await start(port, address, READY).catch((cause: unknown) => cause);
    if (error instanceof DispatcherError) return error;
    throw new Error(`${address}:${port} was accepted`);
  };
  await withServer(READY, async (_base, port) => {
    const taken = await refusal(port, '127.0.0.1');
    assert.equal(taken.code, 'PORT_IN_USE');
    assert.match(taken.message, new RegExp(`127\\.0\\.0\\.1:${port} \\(server\\.address, server\\.port\\)`));
    assert.match(taken.remedy ?? '', /free the port/);
  });
  // Documentation's own block of addresses: no host has one.
  const foreign = await refusal(0, '192.0.2.1');
  assert.match(foreign.message, /server\.address/);
  assert.match(foreign.remedy ?? '', /set server\.address to an address of this host/);
});
