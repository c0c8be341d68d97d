/** Asks the server that this page came from. Nothing is asked elsewhere, and nothing is changed. */
import type { ConfigBody } from '../src/app/endpoints.js';
import type { StatusBody } from '../src/app/status-body.js';

/** As it arrives: what is undefined there is missing here. */
export type Status = StatusBody;

export interface LogLine {
  readonly number: number;
  readonly line: Readonly<Record<string, unknown>> & {
    readonly time: string;
    readonly level: string;
    readonly message: string;
  };
}

export interface LogPage {
  readonly oldest: number;
  readonly newest: number;
  readonly lines: readonly LogLine[];
}

export type { ConfigBody };

const TOKEN = 'kd-token';
const TIMEOUT_MS = 8000;

/** The token is missing or wrong. */
export class TokenNeeded extends Error {}

/** Kept for this tab only. */
export function keepToken(token: string): void {
  sessionStorage.setItem(TOKEN, token);
}

export function hasToken(): boolean {
  return sessionStorage.getItem(TOKEN) !== null;
}

async function get(path: string): Promise<unknown> {
  const token = sessionStorage.getItem(TOKEN);
  const answer = await fetch(path, {
    headers: token === null ? {} : { authorization: `Bearer ${token}` },
    signal: AbortSignal.timeout(TIMEOUT_MS),
    credentials: 'omit',
    redirect: 'error',
  });
  if (answer.status === 401) throw new TokenNeeded();
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${answer.statusText}`);
  return answer.json();
}

/** One, or several in one process. */
export async function getStatuses(): Promise<readonly Status[]> {
  const body = (await get('status')) as Status | { readonly pipelines: readonly Status[] };
  return 'pipelines' in body ? body.pipelines : [body];
}

export async function getLogs(after: number): Promise<LogPage> {
  return (await get(`logs?after=${after}`)) as LogPage;
}

export async function getConfig(): Promise<ConfigBody> {
  return (await get('config')) as ConfigBody;
}
