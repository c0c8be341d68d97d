/** Words for faults: what happened, the likely cause, and the properties to change. */

import { ProbeLimits } from './limits.js';
import { mskHint } from './msk-ports.js';
import { Property, type Said } from './said.js';
import type { CertificateFacts } from './types.js';

export const say = {
  badAddress: (text: string): Said => ({
    what: `"${text}" is not of the form host:port`,
    remedy: 'write for example b-1.example:9094',
    properties: Property.servers,
  }),
  unresolvable: (host: string, code: string): Said => ({
    what: `the host name ${host} can't be resolved (${code === 'TIMEOUT' ? 'no answer from DNS' : code})`,
    remedy:
      'correct the name, or check DNS here (a private zone is seen ' +
      'from inside its network only; resolv.conf, VPN)',
    properties: Property.servers,
  }),
  refused: (address: string): Said => ({
    what: `connection refused at ${address}: the host is up, but nothing listens on this port`,
    remedy: 'check the port, and that the broker runs and listens on this address',
    properties: Property.servers,
  }),
  unreachable: (addresses: string, code: string): Said => ({
    what:
      `can't connect to ${addresses} ` +
      `(${code === 'TIMEOUT' ? 'timed out: packets are probably dropped' : code})`,
    remedy:
      'check the network path: security group, firewall, route, VPN, and ' +
      'whether this address is reachable from here',
    properties: Property.servers,
  }),
  noAnswer: (): Said => ({
    what:
      'the connection is open, but the broker does not answer: it hangs or is starting, or ' +
      'a proxy or load balancer drops the traffic',
    remedy: 'check the state of the broker and of proxies or load balancers in between',
    properties: Property.servers,
  }),
  closed: (detail: string): Said => ({
    what: `the broker closes the connection at once (${detail})`,
    remedy: 'check that security.protocol matches the port, the connection limits of the broker, and its log',
    properties: Property.protocol,
  }),
  notKafka: (): Said => ({
    what: 'the server that answers is not Kafka',
    remedy: `check host and port; ${mskHint(0)}`,
    properties: Property.servers,
  }),
  tlsToPlaintext: (port: number, sasl: boolean): Said => ({
    what: `security.protocol asks for TLS, but this port speaks plaintext; ${mskHint(port)}`,
    remedy: `use the TLS port, or set security.protocol: ${sasl ? 'SASL_PLAINTEXT' : 'PLAINTEXT'}`,
    properties: Property.protocol,
  }),
  plaintextToTls: (port: number, sasl: boolean): Said => ({
    what: `security.protocol asks for plaintext, but this port speaks TLS; ${mskHint(port)}`,
    remedy:
      `set security.protocol: ` +
      `${sasl ? 'SASL_SSL' : 'SSL (SASL_SSL if the listener requires a login)'}, or use the plaintext port`,
    properties: Property.protocol,
  }),
  tlsHandshake: (text: string): Said => ({
    what: `the TLS handshake fails: ${text}`,
    remedy:
      'compare TLS versions and ciphers of both sides (ssl.cipher.suites here; ssl.enabled.protocols and ' +
      'ssl.cipher.suites of the broker)',
    properties: ['ssl.cipher.suites', 'security.protocol'],
  }),
  wrongCa: (certificate: CertificateFacts | undefined): Said => ({
    what:
      `its certificate (${subjectOf(certificate)}) is issued by ${certificate?.issuer ?? 'a CA'}, ` +
      `which is not among the CA certificates trusted here`,
    remedy:
      'use a truststore that holds this CA (kd truststore show lists what it holds); the brokers of ' +
      'Amazon MSK carry public certificates of Amazon and need no truststore',
    properties: Property.ca,
  }),
  selfSigned: (certificate: CertificateFacts | undefined): Said => ({
    what:
      `its certificate (${subjectOf(certificate)}) is self-signed ` +
      `and not among the certificates trusted here`,
    remedy:
      `if this is your broker, put its certificate (SHA-256 ` +
      `${certificate?.sha256 ?? '?'}) into the truststore`,
    properties: Property.ca,
  }),
  expired: (certificate: CertificateFacts | undefined, depth: number): Said => ({
    what:
      `${ofChain(depth)} (${subjectOf(certificate)}) expired on ${dateOf(certificate?.notAfter)}; ` +
      `the clock here says ${dateOf(new Date())}`,
    remedy:
      depth === 0
        ? "renew the broker's certificate, or set the clock of this machine"
        : 'renew the CA in the truststore, or set the clock of this machine',
    properties: depth === 0 ? [] : Property.ca,
  }),
  notYetValid: (certificate: CertificateFacts | undefined, depth: number): Said => ({
    what:
      `${ofChain(depth)} (${subjectOf(certificate)}) is not valid before ` +
      `${dateOf(certificate?.notBefore)}; the clock here says ${dateOf(new Date())}`,
    remedy:
      'set the clock of this machine (a clock that is behind is the usual cause), or give the broker a ' +
      'certificate that is valid already',
    properties: [],
  }),
  certificateRefused: (code: string, certificate: CertificateFacts | undefined): Said => ({
    what: `its certificate (${subjectOf(certificate)}) is not accepted: ${code}`,
    remedy: 'compare the certificate of the broker with the CA certificates trusted here',
    properties: Property.ca,
  }),
  hostname: (host: string, certificate: CertificateFacts | undefined): Said => ({
    what: `its certificate is not valid for ${host}, but for ${namesOf(certificate)}`,
    remedy:
      "connect by one of these names, or add this name to the broker's certificate; for a test only: " +
      'ssl.endpoint.identification.algorithm: none turns off the check of names',
    properties: Property.servers,
  }),
  clientCertificateMissing: (): Said => ({
    what: 'it asks for a client certificate, and none is configured here',
    remedy:
      'set ssl.keystore.location (Java) or ssl.certificate.location and ssl.key.location; on Amazon MSK ' +
      'this is mutual TLS, with a certificate from AWS Private CA',
    properties: Property.certificate,
  }),
  clientCertificateRefused: (own: CertificateFacts | undefined, alert: string): Said => ({
    what: `it refuses our client certificate (${subjectOf(own)}, issued by ${own?.issuer ?? '?'}): ${alert}`,
    remedy:
      "use a certificate from a CA in the broker's truststore (for Amazon MSK: the AWS Private " +
      'CA associated with the cluster)',
    properties: Property.certificate,
  }),
  clientCertificateExpired: (own: CertificateFacts, nowMs: number): Said => ({
    what:
      own.notAfter.getTime() < nowMs
        ? `our client certificate (${own.subject}) expired on ${dateOf(own.notAfter)}; the clock here ` +
          `says ${dateOf(new Date(nowMs))}`
        : `our client certificate (${own.subject}) is not valid before ${dateOf(own.notBefore)}; the ` +
          `clock here says ${dateOf(new Date(nowMs))}`,
    remedy: 'renew it (and its key), or set the clock of this machine',
    properties: Property.certificate,
  }),
  material: (what: string, property: string): Said => ({
    what: `not tried, because ${what}`,
    remedy:
      property === 'ssl.ca.pem' || property === 'ssl.ca.location'
        ? 'provide a PEM file or a store with CA certificates'
        : 'provide a certificate and its private key',
    properties: [property],
  }),
  saslRequired: (port: number, mechanisms: readonly string[], tls: boolean): Said => ({
    what:
      `this listener requires a login (SASL${mechanismsOf(mechanisms)}), and security.protocol has ` +
      `none; ${mskHint(port)}`,
    remedy:
      `set security.protocol: ${tls ? 'SASL_SSL' : 'SASL_PLAINTEXT'}, sasl.mechanism and the ` +
      `credentials, or use the port without SASL`,
    properties: Property.protocol,
  }),
  saslNotSpoken: (port: number, tls: boolean): Said => ({
    what: `security.protocol asks for a login, but this listener does not use SASL; ${mskHint(port)}`,
    remedy: `set security.protocol: ${tls ? 'SSL' : 'PLAINTEXT'}, or use the port of the SASL listener`,
    properties: Property.protocol,
  }),
  mechanism: (mechanism: string, offered: readonly string[]): Said => ({
    what:
      `it does not support sasl.mechanism ${mechanism}` +
      (offered.length === 0 ? '' : `; it offers ${offered.slice(0, ProbeLimits.namesMax).join(', ')}`),
    remedy:
      offered.length === 0
        ? "set one of the broker's mechanisms"
        : `set sasl.mechanism to ${offered.length === 1 ? offered[0] : 'one of these'}`,
    properties: Property.mechanism,
  }),
  credentials: (mechanism: string, username: string, text: string): Said => ({
    what:
      `it refuses the ${mechanism} login${username === '' ? '' : ` of user ${username}`}: ` +
      `${text === '' ? 'wrong credentials' : text}`,
    remedy:
      mechanism === 'OAUTHBEARER'
        ? 'check the token: issuer, audience, expiry, and the rights of the role it represents'
        : 'check user and password, and that the broker knows this user for this mechanism (on Amazon ' +
          'MSK: that the secret is associated with the cluster)',
    properties: Property.credentials,
  }),
  advertised: (bootstrap: string, reason: string): Said => ({
    what:
      `${bootstrap} answers and sends clients to this address, which ` +
      `it advertises, but which can't be reached: ${reason}`,
    remedy:
      "correct advertised.listeners of the broker's listener, or make the advertised names and ports " +
      'reachable from here (DNS, port forwarding, VPN)',
    properties: Property.servers,
  }),
} as const;

function subjectOf(certificate: CertificateFacts | undefined): string {
  return certificate === undefined || certificate.subject === '' ? 'without a subject' : certificate.subject;
}

function ofChain(depth: number): string {
  return depth === 0 ? 'its certificate' : 'the CA certificate that issued it';
}

function namesOf(certificate: CertificateFacts | undefined): string {
  const names = certificate?.names ?? [];
  if (names.length === 0) return 'no name at all';
  const more = names.length - ProbeLimits.namesMax;
  return `${names.slice(0, ProbeLimits.namesMax).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function mechanismsOf(mechanisms: readonly string[]): string {
  return mechanisms.length === 0 ? '' : `: ${mechanisms.slice(0, ProbeLimits.namesMax).join(', ')}`;
}

function dateOf(date: Date | undefined): string {
  return date === undefined || Number.isNaN(date.getTime())
    ? 'an unknown date'
    : date.toISOString().replace(/\.\d+Z$/, 'Z');
}
