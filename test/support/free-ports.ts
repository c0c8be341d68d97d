import { randomInt } from 'node:crypto';
import { createServer } from 'node:net';

/** Below the range the kernel takes outgoing ports from, so that a stopped broker's port is still free when it comes back. */
const PORT_MIN = 20_000;
const PORT_MAX = 32_000;
const TRIES_MAX = 200;

/** Distinct ports on 127.0.0.1 that nobody listened on a moment ago. */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  for (let tries = 0; ports.size < count; tries++) {
    if (tries > TRIES_MAX) {
      throw new Error(`no ${count} free ports between ${PORT_MIN} and ${PORT_MAX}`);
    }
    const port = randomInt(PORT_MIN, PORT_MAX);
    if (await isFree(port)) {
      ports.add(port);
    }
  }
  return [...ports];
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer();
    server.once('error', () => {
      resolve(false);
    });
    server.listen(port, '127.0.0.1', () => {
      server.close(() => {
        resolve(true);
      });
    });
  });
}
