/** The report of a probe while it is written. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { factsOf } from '../certificates.js';
import type { ProbeReport, TlsFacts } from '../types.js';

export type Mutable<T> = { -readonly [K in keyof T]: T[K] };

export function emptyReport(broker: string): Mutable<ProbeReport> {
  return {
    broker,
    diagnosis: undefined,
    addresses: [],
    address: undefined,
    connectMs: undefined,
    tls: undefined,
    apiVersions: new Map(),
    authenticated: undefined,
    advertised: undefined,
    topics: [],
  };
}

export function tlsFacts(socket: TLSSocket, chain: readonly X509Certificate[]): TlsFacts {
  return {
    protocol: socket.getProtocol() ?? 'unknown',
    cipher: socket.getCipher().standardName,
    chain: chain.map(factsOf),
  };
}
