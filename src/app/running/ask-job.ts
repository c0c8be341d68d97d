/** Asks a running job over HTTP. Whatever answers at that address is not trusted to be one. */
import { request as askPlainly, type IncomingMessage } from 'node:http';
import { request as askSafely } from 'node:https';
import { DispatcherError } from '../../core/errors.js';
import type { JobAddress } from './job-address.js';

const TIMEOUT_MS = 5_000;
const BODY_BYTES_MAX = 16 << 20;

export interface AskOptions {
  readonly signal?: AbortSignal;
  readonly timeoutMs?: number;
}

interface Heard {
  readonly status: number;
  readonly text: string;
}

/** The JSON that the job answers. Rejects with JOB_UNREACHABLE or JOB_REFUSED. */
export async function askJob(address: JobAddress, path: string, options: AskOptions = {}): Promise<unknown> {
  const { url } = address;
  const { signal, timeoutMs = TIMEOUT_MS } = options;
  const limit = AbortSignal.timeout(timeoutMs);
  let heard: Heard;
  try {
    heard = await hear(address, path, signal === undefined ? limit : AbortSignal.any([signal, limit]));
  } catch (cause) {
    const words = limit.aborted ? `no answer within ${timeoutMs} ms` : wordsOf(cause);
    throw unreachable(url, words, cause);
  }
  const body = jsonOf(heard.text);
  if (heard.status === 200 && body !== undefined) return body;
  throw refused(url, path, heard.status, body);
}

/** Not by fetch: it refuses a list of ports, which a job may have. */
function hear({ url, token }: JobAddress, path: string, signal: AbortSignal): Promise<Heard> {
  const headers = {
    accept: 'application/json',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
  };
  return new Promise((resolve, reject) => {
    const ask = url.startsWith('https:') ? askSafely : askPlainly;
    const request = ask(`${url}${path}`, { headers, signal, agent: false }, (response) => {
      textOf(response).then((text) => resolve({ status: response.statusCode ?? 0, text }), reject);
    });
    request.on('error', reject);
    request.end();
  });
}

async function textOf(response: IncomingMessage): Promise<string> {
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of response) {
    const data = piece as Uint8Array;
    bytes += data.length;
    if (bytes > BODY_BYTES_MAX) throw new Error(`the answer has more than ${BODY_BYTES_MAX} bytes`);
    pieces.push(data);
  }
  return Buffer.concat(pieces).toString('utf8');
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function unreachable(url: string, words: string, cause: unknown): DispatcherError {
  return new DispatcherError('JOB_UNREACHABLE', `no job answers at ${url}: ${words}`, {
    cause,
    remedy:
      'start the job with kd run, or correct server.port and server.address; on another host the job needs ' +
      'server.address: 0.0.0.0, and this command --url http://host:port',
  });
}

function wordsOf(cause: unknown): string {
  // One error for each address that was tried.
  const inner: unknown = cause instanceof AggregateError ? cause.errors[0] : cause;
  if (!(inner instanceof Error)) return String(inner);
  return 'code' in inner && inner.code === 'ECONNREFUSED' ? 'connection refused' : inner.message;
}

const NOT_A_JOB = 'correct --url, or server.port and server.address: something else answers there';

function refused(url: string, path: string, status: number, body: unknown): DispatcherError {
  const said = textIn(body, 'error');
  if (status === 401 || status === 403)
    return new DispatcherError('JOB_REFUSED', `the job at ${url} refuses the question: ${said ?? status}`, {
      remedy:
        textIn(body, 'remedy') ??
        'give this command the server.token of the job: by its configuration (-c) or KD_SERVER_TOKEN',
    });
  const words = said === undefined ? `HTTP ${status} without JSON` : `HTTP ${status}, ${said}`;
  return new DispatcherError('JOB_REFUSED', `${url}${path.split('?')[0] ?? ''} answers ${words}`, {
    remedy: textIn(body, 'remedy') ?? NOT_A_JOB,
  });
}

const WORDS_MAX = 300;

function textIn(body: unknown, name: string): string | undefined {
  if (typeof body !== 'object' || body === null) return undefined;
  const value: unknown = Object.entries(body).find(([key]) => key === name)?.[1];
  return typeof value === 'string' ? value.slice(0, WORDS_MAX) : undefined;
}
