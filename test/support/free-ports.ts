import { randomInt } from 'node:crypto';
import { createServer, type Server } from 'node:net';

/**
 * Below the range the kernel takes outgoing ports from, so that a stopped broker's port is still free when it
 * comes back.
 */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
/**
 * A process takes ports from ranges of its own, so that two that start brokers at once do not choose the
 * same; who listens on the first of a range owns it.
 */
const RANGE_PORTS = 50;
const TRIES_MAX = 200;

const unused: number[] = [];

/**
 * Distinct ports on 127.0.0.1 that nobody listened on a moment ago, and that no other test process is given
 * while this one lives.
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

/** All but the first of a range that nobody owned; nothing when it had an owner. */
async function ownRange(): Promise<number[]> {
  const first = PORT_MIN + RANGE_PORTS * randomInt((PORT_MAX - PORT_MIN) / RANGE_PORTS);
  const owner = await listen(first);
  // Held until this process ends, which it does not hinder.
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
