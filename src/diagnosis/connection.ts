/**
 * One connection of a probe: resolve, connect, TLS if needed, then single requests with single answers.
 * Everything is bounded in time and bytes.
 */
import { lookup } from 'node:dns/promises';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { type ConnectionOptions, connect as connectTls, type TLSSocket } from 'node:tls';
import { BadAnswer, frame, type WireRequest } from './kafka-wire.js';
import { ProbeLimits } from './limits.js';

/** Why a step failed: an error code of Node, or one of this module. */
export class StepError extends Error {
  /**
   * ECONNREFUSED …; OpenSSL's codes for TLS; TIMEOUT, CLOSED (closed by the other side without an answer),
   * TLS_BYTES (a TLS answer to a Kafka request).
   */
  readonly code: string;
  /** TLS: the other side had sent its certificate, so versions and ciphers were negotiated. */
  readonly agreed: boolean;
  constructor(code: string, message: string, agreed = false) {
    super(message);
    this.code = code;
    this.agreed = agreed;
  }
}

export async function resolve(host: string, family: 0 | 4 | 6): Promise<readonly string[]> {
  if (isIP(host) !== 0) return [host];
  const answers = await inTime(
    lookup(host, { all: true, family }),
    ProbeLimits.resolveTimeoutMs,
    'no answer from DNS',
  );
  const addresses = answers.map(({ address }) => address).slice(0, ProbeLimits.addressesMax);
  if (addresses.length === 0) throw new StepError('ENOTFOUND', `${host} has no address`);
  return addresses;
}

export interface Opened {
  readonly socket: Socket;
  readonly address: string;
}

/** The first address that answers; librdkafka also tries them one after another. */
export async function openTcp(addresses: readonly string[], port: number): Promise<Opened> {
  let failure: StepError | undefined;
  for (const address of addresses) {
    try {
      return { socket: await openOne(address, port), address };
    } catch (error) {
      // A refusal says more than a timeout.
      const now = stepError(error);
      if (failure === undefined || now.code === 'ECONNREFUSED') failure = now;
    }
  }
  throw failure ?? new StepError('ENOTFOUND', 'no address');
}

function openOne(address: string, port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connectTcp({ host: address, port });
    const timer = setTimeout(
      () => fail(new StepError('TIMEOUT', `no answer within ${ProbeLimits.tcpTimeoutMs} ms`)),
      ProbeLimits.tcpTimeoutMs,
    );
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      socket.destroy();
      reject(stepError(error));
    };
    socket.once('error', fail);
    socket.once('connect', () => {
      clearTimeout(timer);
      socket.removeListener('error', fail);
      resolve(socket);
    });
  });
}

/**
 * The TLS handshake over an open connection. It does not judge the certificate: an unwanted one is inspected,
 * and nothing is sent to it.
 */
export function startTls(socket: Socket, options: ConnectionOptions): Promise<TLSSocket> {
  return new Promise((resolve, reject) => {
    let tls: TLSSocket | undefined;
    const timer = setTimeout(
      () => fail(new StepError('TIMEOUT', `no TLS answer within ${ProbeLimits.tlsTimeoutMs} ms`)),
      ProbeLimits.tlsTimeoutMs,
    );
    const onClose = (): void =>
      fail(new StepError('CLOSED', 'the connection was closed during the TLS handshake'));
    const fail = (error: unknown): void => {
      clearTimeout(timer);
      const { code, message } = stepError(error);
      const agreed = tls !== undefined && hasShownCertificate(tls);
      socket.destroy();
      reject(new StepError(code, message, agreed));
    };
    socket.once('error', fail);
    try {
      tls = greet(socket, options);
    } catch (error) {
      fail(error);
      return;
    }
    const secure = tls;
    secure.once('error', fail);
    secure.once('close', onClose);
    secure.once('secureConnect', () => {
      clearTimeout(timer);
      secure.removeListener('error', fail);
      secure.removeListener('close', onClose);
      resolve(secure);
    });
  });
}

/** Without a certificate, node returns an empty object, or null when the connection is gone. */
function hasShownCertificate(tls: TLSSocket): boolean {
  const certificate: unknown = tls.getPeerCertificate();
  return typeof certificate === 'object' && certificate !== null && Object.keys(certificate).length > 0;
}

/** The caller checks chain and name, one after the other. */
function greet(socket: Socket, options: ConnectionOptions): TLSSocket {
  return connectTls({ ...options, socket, rejectUnauthorized: false, checkServerIdentity: () => undefined });
}

/** Sends requests over one connection, one after another. */
export class Exchange {
  readonly #socket: Socket;
  #buffered: Buffer = Buffer.alloc(0);
  #failure: StepError | undefined;
  #wake: () => void = () => undefined;
  #correlation = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    socket.on('data', (bytes: Buffer) => this.#onData(bytes));
    socket.on('error', (error) => this.#fail(stepError(error)));
    socket.on('close', () => this.#fail(new StepError('CLOSED', 'the broker closed the connection')));
  }

  /** The answer without length and header. */
  async ask(request: WireRequest): Promise<Buffer> {
    const correlation = ++this.#correlation;
    if (this.#failure === undefined) this.#socket.write(frame(request, correlation));
    const deadlineMs = performance.now() + ProbeLimits.answerTimeoutMs;
    for (;;) {
      const answer = this.#take();
      if (answer !== undefined) {
        if (answer.length < 4 || answer.readInt32BE(0) !== correlation)
          throw new BadAnswer('the answer matches no request');
        return answer.subarray(4);
      }
      if (this.#failure !== undefined) throw this.#failure;
      await this.#more(deadlineMs);
    }
  }

  close(): void {
    this.#socket.destroy();
  }

  #take(): Buffer | undefined {
    const bytes = this.#buffered;
    if (bytes.length < 4) return undefined;
    // A TLS alert or handshake record: 20 to 24, then version 3.x. As a length it would exceed 300 MB.
    const first = bytes.readUInt8(0);
    if (first >= 20 && first <= 24 && bytes.readUInt8(1) === 3)
      throw new StepError('TLS_BYTES', 'the answer is TLS');
    const length = bytes.readInt32BE(0);
    if (length < 4 || length > ProbeLimits.frameBytesMax)
      throw new BadAnswer("an answer that is not Kafka's protocol");
    if (bytes.length < 4 + length) return undefined;
    this.#buffered = bytes.subarray(4 + length);
    return bytes.subarray(4, 4 + length);
  }

  async #more(deadlineMs: number): Promise<void> {
    const leftMs = deadlineMs - performance.now();
    if (leftMs <= 0) throw new StepError('TIMEOUT', `no answer within ${ProbeLimits.answerTimeoutMs} ms`);
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, leftMs);
      this.#wake = (): void => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  #onData(bytes: Buffer): void {
    this.#buffered = Buffer.concat([this.#buffered, bytes]);
    if (this.#buffered.length > ProbeLimits.frameBytesMax + 4) {
      this.#socket.destroy();
      this.#fail(new StepError('NOT_KAFKA', 'more bytes than any valid answer has'));
    }
    this.#wake();
  }

  #fail(error: StepError): void {
    this.#failure ??= error;
    this.#wake();
  }
}

export async function inTime<T>(work: Promise<T>, timeoutMs: number, text: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new StepError('TIMEOUT', `${text} within ${timeoutMs} ms`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

export function stepError(error: unknown): StepError {
  if (error instanceof StepError) return error;
  const code =
    error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : 'UNKNOWN';
  return new StepError(code, error instanceof Error ? error.message : String(error));
}
