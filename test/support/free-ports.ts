import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Below the range from which the kernel takes outgoing ports, so that a stopped broker's port is still free
 * when it restarts.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
/**
 * Each process takes ports from its own ranges, so that two processes that start brokers at the same time do
 * not choose the same port. Listening on the first port of a range marks it as taken.
 */
const RANGE_PORTS = 50;
const TRIES_MAX = 200;

const unused: number[] = [];

/**
 * Distinct ports on 127.0.0.1 that were free a moment ago, and that no other test process gets while this one
 * lives.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports: number[] = [];
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > TRIES_MAX) {
      throw new Error(`no ${count} free ports between ${PORT_MIN} and ${PORT_MAX}`);
    }
    const port = unused.pop();
    if (port === undefined) {
      const range = await ownRange();
      unused.push(...range);
    } else if (await isFree(port)) {
      ports.push(port);
    }
  }
  return ports;
}

/** All ports but the first of an unused range; nothing if the range was taken. */
async function ownRange(): Promise<number[]> {
  const first = PORT_MIN + RANGE_PORTS * randomInt((PORT_MAX - PORT_MIN) / RANGE_PORTS);
  const owner = await listen(first);
  // Held until this process ends, without keeping it alive.
  owner?.unref();
  return owner === undefined ? [] : Array.from({ length: RANGE_PORTS - 1 }, (_, n) => first + 1 + n);
}

async function isFree(port: number): Promise<boolean> {
  const server = await listen(port);
  await new Promise((resolve) => (server === undefined ? resolve(undefined) : server.close(resolve)));
  return server !== undefined;
}

function listen(port: number): Promise<Server | undefined> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(undefined);
    });
    server.listen(port, '127.0.0.1', () => {
      resolve(server);
    });
  });
}
