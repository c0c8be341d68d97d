/** Checks names of topics and brokers before any connection is made. */
import { isIP } from 'node:net';
import { quote, ValueFault } from './value-fault.js';

export function topicName(name: string): string {
  if (/^[A-Za-z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..') return name;
  throw new ValueFault(
    `${quote(name)} is not a topic name`,
    'letters, digits, ".", "_" and "-", at most 249 of them',
  );
}

/** The listener names that may precede an address, as brokers advertise them. */
const LISTENER = /^(PLAINTEXT|SSL|SASL_PLAINTEXT|SASL_SSL):\/\//i;

/** `::1:9092` is an address too, but four digits at the end are more likely a port. */
function bracketed(address: string): string {
  const [, host = '', port = ''] = /^(.*):(\d{4})$/.exec(address) ?? [];
  return isIP(host) === 6 ? `[${host}]:${port}` : `[${address}]:9092`;
}

/** Accepts `host:port`, also `[::1]:9092` and `SSL://host:9094`. Undefined when valid. */
export function serverFault(server: string): ValueFault | undefined {
  const bare = server.replace(LISTENER, '');
  const [scheme, address] = /^([A-Za-z][\w+.-]*):\/\/(.*)$/.exec(bare)?.slice(1) ?? [];
  if (bare.includes('@'))
    return new ValueFault(
      'contains a user name or password before the host (user:password@host)',
      'write host:port only; user and password are the properties sasl.username and sasl.password',
    );
  if (scheme !== undefined)
    return new ValueFault(
      `${quote(server)} is not host:port: Kafka has no ${scheme}:// addresses`,
      `write ${address?.replace(/\/.*$/, '') ?? 'host:9092'}, and set security.protocol for TLS`,
    );
  const match = /^(\[[0-9A-Fa-f:.%]+\]|[^\s:[\]/,]+):(\d{1,5})$/.exec(bare);
  const host = match?.[1];
  if (host === undefined) {
    if (isIP(bare) === 6)
      return new ValueFault(
        `${quote(server)} is an IPv6 address without brackets`,
        `write ${bracketed(bare)}`,
      );
    if (/^[^\s:/]+$/.test(bare))
      return new ValueFault(
        `${quote(server)} has no port`,
        `write ${bare}:9092 (plaintext) or ${bare}:9094 (TLS), as your cluster has it`,
      );
    return new ValueFault(`${quote(server)} is not host:port`, 'write for example b-1.example:9092');
  }
  const port = Number(match?.[2]);
  return port >= 1 && port <= 65_535
    ? undefined
    : new ValueFault(`${quote(server)} has an invalid port`, 'use a port from 1 to 65535');
}
