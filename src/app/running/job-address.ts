/** Where a running job answers: from its configuration, or as the user says. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';

export interface JobAddress {
  /** Without a path, such as http://127.0.0.1:8080. */
  readonly url: string;
  /** A secret. */
  readonly token: string | undefined;
  /** The one of several that is meant; undefined: all. */
  readonly pipeline?: string;
}

type Server = ResolvedConfig['server'];

/** `url`: what the user named; it wins over the address, and the token of the configuration is still used. */
export function addressOf(server: Server, url: string | undefined): JobAddress {
  const token = server?.token;
  if (url !== undefined) return { url: originOf(url), token };
  if (server === undefined)
    throw new DispatcherError('USAGE', "the configuration has no server.port, so its job can't be asked", {
      remedy: 'set server.port (such as 8080) and restart the job, or name one with --url http://host:port',
    });
  if (server.port === 0)
    throw new DispatcherError('USAGE', 'server.port is 0: the job chooses a free port at its start', {
      remedy: 'take the url from the line "endpoints" of its log: --url http://host:port',
    });
  return { url: `http://${hostOf(server.address)}:${server.port}`, token };
}

/** A server that listens on all addresses is asked on this host. */
function hostOf(address: string): string {
  if (address === '0.0.0.0') return '127.0.0.1';
  if (address === '::' || address === '[::]') return '[::1]';
  return address.includes(':') && !address.startsWith('[') ? `[${address}]` : address;
}

function originOf(text: string): string {
  const given = /^https?:\/\//i.test(text) ? text : `http://${text}`;
  const isHttp = !given.slice('https://'.length).includes('://');
  const url = isHttp && URL.canParse(given) ? new URL(given) : undefined;
  if (url === undefined || url.hostname === '')
    throw new DispatcherError('USAGE', '--url is not the address of a job', {
      remedy: 'write it like --url http://127.0.0.1:8080',
    });
  if (url.username !== '' || url.password !== '')
    throw new DispatcherError('USAGE', '--url holds a user or a password, which the job does not know', {
      remedy: 'leave them out; the token is server.token of the configuration, or KD_SERVER_TOKEN',
    });
  return url.origin;
}
