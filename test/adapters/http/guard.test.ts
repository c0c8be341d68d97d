import assert from 'node:assert/strict';
import { request } from 'node:http';
import { hostname } from 'node:os';
import { test } from 'node:test';
import { createGuard } from '../../../src/adapters/http/guard.js';
import { json, probeRoutes, type Route } from '../../../src/adapters/http/routes.js';
import { startHttpServer } from '../../../src/adapters/http/server.js';

const DATA: Route = { path: '/status', answer: () => json({}) };
const SHELL: Route = { path: '/', access: 'shell', answer: () => json({}) };
const TOKEN = '0123456789abcdef0123456789abcdef';

interface Headers {
  readonly [name: string]: string;
}

function statusOf(
  headers: Headers,
  {
    route = DATA,
    address = '127.0.0.1',
    token,
    allowedHosts = [],
  }: Partial<Parameters<typeof createGuard>[0]> & {
    readonly route?: Route;
  } = {},
): number {
  const guard = createGuard({ address, token, allowedHosts });
  return guard({ method: 'GET', headers: { host: 'localhost:8080', ...headers } }, route)?.status ?? 200;
}

test('bound to loopback it answers under the names of loopback only, whatever the port is', () => {
  for (const host of ['localhost', 'LOCALHOST:1', '127.0.0.1:8080', '127.1.2.3', '[::1]:9', 'localhost.'])
    assert.equal(statusOf({ host }), 200, host);
  const others = ['evil.example', 'localhost.evil.example', '10.0.0.1', '[fe80::1]', hostname(), ''];
  for (const host of [...others, 'localhost:99999999', 'localhost/..', '[::1', 'a b', 'user@localhost'])
    assert.equal(statusOf({ host }), 403, host);
});

test('bound elsewhere it also answers under addresses, its own names and the allowed ones', () => {
  const address = '0.0.0.0';
  const allowedHosts = ['kd.example.com', '*.monitoring.svc'];
  const fine = ['10.1.2.3:8080', '[2001:db8::1]:80', hostname(), 'kd.example.com', 'a.monitoring.svc:1'];
  for (const host of fine) assert.equal(statusOf({ host }, { address, allowedHosts }), 200, host);
  for (const host of ['evil.example', 'x.kd.example.com', 'monitoring.svc', '10.1.2.3.evil.example', '1'])
    assert.equal(statusOf({ host }, { address, allowedHosts }), 403, host);
});

test('pages of other sites are refused, links to here are not, and other programs need no headers', () => {
  const cross = { 'sec-fetch-site': 'cross-site', 'sec-fetch-mode': 'cors', 'sec-fetch-dest': 'empty' };
  assert.equal(statusOf({}), 200);
  assert.equal(statusOf({ origin: 'http://localhost:8080', 'sec-fetch-site': 'same-origin' }), 200);
  assert.equal(statusOf({ 'sec-fetch-site': 'none' }), 200);
  assert.equal(statusOf(cross), 403);
  assert.equal(statusOf({ ...cross, 'sec-fetch-site': 'same-site' }), 403);
  assert.equal(statusOf({ ...cross, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'document' }), 200);
  assert.equal(statusOf({ ...cross, 'sec-fetch-mode': 'navigate', 'sec-fetch-dest': 'iframe' }), 403);
  for (const origin of [
    'null',
    'http://localhost:9999',
    'https://evil.example',
    'http://localhost:8080@evil',
  ])
    assert.equal(statusOf({ origin }), 403, origin);
  assert.equal(statusOf({ origin: 'https://kd.example' }, { allowedHosts: ['kd.example'] }), 200);
});

test('with a token data needs it, in full; the probes and the page without data do not', () => {
  const asks = (authorization: string, route?: Route): number =>
    statusOf({ authorization }, { token: TOKEN, ...(route === undefined ? {} : { route }) });
  assert.equal(asks(`Bearer ${TOKEN}`), 200);
  assert.equal(asks(`bearer  ${TOKEN}`), 200);
  const wrong = [
    '',
    'Bearer',
    'Bearer ',
    `Basic ${TOKEN}`,
    TOKEN,
    `Bearer ${TOKEN.slice(1)}`,
    `Bearer ${TOKEN}0`,
  ];
  for (const authorization of wrong) assert.equal(asks(authorization), 401, authorization);
  assert.equal(asks('', SHELL), 200);
  assert.equal(statusOf({ host: 'evil.example' }, { token: TOKEN, route: SHELL }), 403);
  for (const probe of probeRoutes(() => null))
    assert.equal(statusOf({ host: 'evil.example' }, { token: TOKEN, route: probe }), 200, probe.path);
  // A path that does not exist tells nothing to those without a token.
  const unknown = createGuard({ address: '127.0.0.1', token: TOKEN, allowedHosts: [] });
  assert.equal(unknown({ method: 'GET', headers: { host: 'localhost' } }, undefined)?.status, 401);
});

test('every answer, also a refusal, says that nothing may keep, frame, sniff or run it', async () => {
  const server = await startHttpServer({
    port: 0,
    address: '127.0.0.1',
    token: TOKEN,
    allowedHosts: [],
    routes: [DATA],
  });
  const answer = await fetch(`http://127.0.0.1:${server.port}/status`);
  assert.equal(answer.status, 401);
  assert.match(answer.headers.get('www-authenticate') ?? '', /^Bearer /);
  assert.equal(answer.headers.get('x-content-type-options'), 'nosniff');
  assert.match(answer.headers.get('content-security-policy') ?? '', /frame-ancestors 'none'/);
  assert.equal(answer.headers.get('referrer-policy'), 'no-referrer');
  assert.equal(answer.headers.get('access-control-allow-origin'), null);
  await answer.body?.cancel();
  await server.close();
});

test('who asks in a loop is told to wait; probes are answered all the same', async () => {
  const routes = [DATA, ...probeRoutes(() => null)];
  const server = await startHttpServer({
    port: 0,
    address: '127.0.0.1',
    token: undefined,
    allowedHosts: [],
    routes,
  });
  const ask = (path: string): Promise<number> =>
    new Promise((resolve, reject) => {
      request({ port: server.port, path, host: '127.0.0.1' }, (answer) => {
        answer.resume();
        resolve(answer.statusCode ?? 0);
      })
        .on('error', reject)
        .end();
    });
  const statuses = new Set<number>();
  for (let asked = 0; asked < 2000 && !statuses.has(429); asked += 1) statuses.add(await ask('/status'));
  assert.deepEqual([...statuses], [200, 429]);
  assert.equal(await ask('/livez'), 200);
  await server.close();
});
