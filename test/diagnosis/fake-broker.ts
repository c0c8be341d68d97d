/** Servers that answer a probe as Kafka would, or wrongly on purpose. */
import { createServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export interface FakeOptions {
  /** Listens with TLS; plaintext by default. */
  readonly tls?: TlsOptions;
  /** A listener that requires a login, with these mechanisms. */
  readonly mechanisms?: readonly string[];
  /** PLAIN: the password that is accepted. */
  readonly password?: string;
  /** The brokers in its metadata answers; [itself]. */
  readonly advertised?: readonly { readonly host: string; readonly port: number }[];
  /** Topic → error code. */
  readonly topics?: Readonly<Record<string, number>>;
  /** Answers every connection with these bytes and nothing else. */
  readonly babble?: Buffer;
  /** Accepts connections and never answers. */
  readonly silent?: boolean;
}

export interface FakeBroker {
  readonly port: number;
  /** localhost:port. */
  readonly address: string;
  readonly connections: () => number;
  close(): Promise<void>;
}

export async function fakeBroker(options: FakeOptions = {}): Promise<FakeBroker> {
  const sockets = new Set<Socket>();
  let connections = 0;
  let port = 0;
  const onSocket = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
    if (options.silent === true) {
      socket.resume();
      return;
    }
    if (options.babble !== undefined) {
      socket.resume();
      socket.end(options.babble);
      return;
    }
    serve(socket, options, () => port);
  };
  const server: Server =
    options.tls === undefined ? createServer(onSocket) : createTlsServer(options.tls, onSocket);
  server.on('connection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.on('tlsClientError', () => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    port,
    address: `localhost:${port}`,
    connections: () => connections,
    close: () =>
      new Promise((resolve) => {
        for (const socket of sockets) socket.destroy();
        server.close(() => resolve());
      }),
  };
}

function serve(socket: Socket, options: FakeOptions, ownPort: () => number): void {
  let buffered = Buffer.alloc(0);
  let loggedIn = options.mechanisms === undefined;
  socket.on('data', (bytes: Buffer) => {
    buffered = Buffer.concat([buffered, bytes]);
    while (buffered.length >= 4) {
      const length = buffered.readInt32BE(0);
      // As Kafka does with anything that is not a request: a TLS ClientHello, read as a length, is far too
      // long.
      if (length < 8 || length > 1_000_000) {
        socket.destroy();
        return;
      }
      if (buffered.length < 4 + length) return;
      const request = buffered.subarray(4, 4 + length);
      buffered = buffered.subarray(4 + length);
      const body = request.subarray(10 + request.readInt16BE(8));
      const answer = answerTo(request.readInt16BE(0), body);
      if (answer === undefined) {
        socket.destroy();
        return;
      }
      socket.write(Buffer.concat([int32(answer.length + 4), request.subarray(4, 8), answer]));
    }
  });

  function answerTo(api: number, body: Buffer): Buffer | undefined {
    if (api === 18)
      return Buffer.concat([
        int16(0),
        int32(2),
        int16(18),
        int16(0),
        int16(3),
        int16(3),
        int16(0),
        int16(12),
      ]);
    if (api === 17) return handshake(body.toString('utf8', 2));
    if (api === 36) {
      const given = body.subarray(4).toString('utf8').split('\0')[2];
      loggedIn = given === options.password;
      return loggedIn
        ? Buffer.concat([int16(0), int16(-1), int32(0)])
        : Buffer.concat([int16(58), text('Authentication failed: Invalid username or password'), int32(0)]);
    }
    return api === 3 && loggedIn ? metadata() : undefined;
  }

  function handshake(wanted: string): Buffer {
    const { mechanisms } = options;
    if (mechanisms === undefined) return Buffer.concat([int16(34), int32(0)]);
    return Buffer.concat([
      int16(mechanisms.includes(wanted) ? 0 : 33),
      int32(mechanisms.length),
      ...mechanisms.map(text),
    ]);
  }

  function metadata(): Buffer {
    const brokers = options.advertised ?? [{ host: 'localhost', port: ownPort() }];
    const topics = Object.entries(options.topics ?? {});
    return Buffer.concat([
      int32(0),
      int32(brokers.length),
      ...brokers.flatMap(({ host, port }, id) => [int32(id), text(host), int32(port), int16(-1)]),
      text('cluster'),
      int32(0),
      int32(topics.length),
      ...topics.flatMap(([name, code]) => [int16(code), text(name), Buffer.from([0]), int32(0)]),
    ]);
  }
}

function int16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  bytes.writeInt16BE(value);
  return bytes;
}

function int32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeInt32BE(value);
  return bytes;
}

function text(value: string): Buffer {
  return Buffer.concat([int16(Buffer.byteLength(value)), Buffer.from(value)]);
}
