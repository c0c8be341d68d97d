/**
 * Probes one broker step by step, as a client would connect: name, port, TLS, Kafka, login, metadata. Stops
 * at the first fault.
 */
import type { X509Certificate } from 'node:crypto';
import { isIP, type Socket } from 'node:net';
import { checkServerIdentity, type TLSSocket } from 'node:tls';
import { chainFault, chainOf, printable } from '../certificates.js';
import { Exchange, resolve, type StepError, startTls, stepError } from '../connection.js';
import {
  apiVersionsRequest,
  BadAnswer,
  metadataRequest,
  readApiVersions,
  readMetadata,
  readSaslHandshake,
  saslHandshakeRequest,
  WireCode,
} from '../kafka-wire.js';
import { ProbeLimits } from '../limits.js';
import { DESCRIBE_QUORUM, quorumRequest, readQuorumTime } from '../quorum-clock.js';
import { diagnosis } from '../said.js';
import { logIn } from '../sasl.js';
import {
  type BrokerAddress,
  brokerName,
  type ConnectionSettings,
  connectionSettings,
  parseBroker,
} from '../settings.js';
import { type TlsMaterial, tlsMaterial } from '../tls-material.js';
import type { DiagnosedCluster, ProbeReport } from '../types.js';
import { say } from '../words.js';
import {
  chainFound,
  clientCertificateFault,
  errorCode,
  Found,
  factsAt,
  opensslText,
  unexpected,
} from './found.js';
import { ProbeSockets } from './probe-sockets.js';
import { emptyReport, type Mutable, tlsFacts } from './report.js';

export interface ProbeOptions {
  /** Topics to look up in the metadata. */
  readonly topics?: readonly string[];
  /** The token of an OAUTHBEARER login. */
  readonly token?: string | undefined;
  /** Also ask for the controller's time. */
  readonly clock?: boolean;
  /** The last step of the probe; by default `metadata`. */
  readonly until?: 'tcp' | 'kafka' | 'metadata';
}

/** Never rejects: the report holds every fault. `broker`: host:port. */
export async function probeBroker(
  cluster: DiagnosedCluster,
  broker: string,
  options: ProbeOptions = {},
): Promise<ProbeReport> {
  const address = parseBroker(broker);
  if (address === undefined) {
    return {
      ...emptyReport(broker),
      diagnosis: diagnosis(cluster, printable(broker), 'bad-address', say.badAddress(printable(broker))),
    };
  }
  const probe = new Probe(cluster, address, options);
  const timer = setTimeout(() => probe.giveUp(), ProbeLimits.brokerTimeoutMs);
  await Promise.race([probe.run(), probe.givenUp]);
  clearTimeout(timer);
  return probe.report();
}

class Probe {
  readonly #cluster: DiagnosedCluster;
  readonly #settings: ConnectionSettings;
  readonly #address: BrokerAddress;
  readonly #options: ProbeOptions;
  readonly #report: Mutable<ProbeReport>;
  readonly #sockets: ProbeSockets;
  #material: TlsMaterial | undefined;
  readonly givenUp: Promise<void>;
  #endNow: () => void = () => undefined;

  constructor(cluster: DiagnosedCluster, address: BrokerAddress, options: ProbeOptions) {
    this.#cluster = cluster;
    this.#settings = connectionSettings(cluster);
    this.#address = address;
    this.#options = options;
    this.#sockets = new ProbeSockets(address);
    this.#report = emptyReport(brokerName(address));
    this.givenUp = new Promise((done) => {
      this.#endNow = done;
    });
  }

  giveUp(): void {
    this.#report.diagnosis ??= diagnosis(this.#cluster, this.#report.broker, 'no-answer', say.noAnswer());
    this.#sockets.close();
    this.#endNow();
  }

  report(): ProbeReport {
    return { ...this.#report };
  }

  async run(): Promise<void> {
    try {
      await this.#walk();
    } catch (error) {
      if (this.#sockets.closed) return;
      const found = error instanceof Found ? error : unexpected(error);
      this.#report.diagnosis = diagnosis(this.#cluster, this.#report.broker, found.fault, found.said);
    } finally {
      this.#sockets.close();
    }
  }

  async #walk(): Promise<void> {
    const { tls, sasl } = this.#settings;
    const { until } = this.#options;
    if (tls && until !== 'tcp') this.#checkMaterial();
    await this.#resolve();
    const socket = await this.#connect();
    if (until === 'tcp') return;
    const exchange = new Exchange(tls ? await this.#secure(socket) : socket);
    await this.#askVersions(exchange);
    if (until === 'kafka') return;
    if (sasl && !(await this.#authenticate(exchange))) return;
    await this.#askMetadata(exchange);
    if (this.#options.clock === true) await this.#askClock(exchange);
  }

  /** Not every client may send this request; a refusal is not a fault. */
  async #askClock(exchange: Exchange): Promise<void> {
    if ((this.#report.apiVersions.get(DESCRIBE_QUORUM)?.[1] ?? 0) < 1) return;
    try {
      const askedMs = Date.now();
      const timeMs = readQuorumTime(await exchange.ask(quorumRequest()));
      if (timeMs !== undefined) this.#report.clockAheadMs = Math.round(timeMs - (askedMs + Date.now()) / 2);
    } catch {
      // The time stays unknown.
    }
  }

  #checkMaterial(): void {
    this.#material = tlsMaterial(this.#cluster);
    const { fault } = this.#material;
    if (fault !== undefined) throw new Found(fault.fault, say.material(fault.what, fault.property));
  }

  async #resolve(): Promise<void> {
    const { host } = this.#address;
    try {
      this.#report.addresses = await resolve(host, this.#settings.family);
    } catch (error) {
      throw new Found('unresolvable', say.unresolvable(host, stepError(error).code));
    }
  }

  async #connect(): Promise<Socket> {
    const startedMs = performance.now();
    const { socket, address } = await this.#sockets.connect(this.#report.addresses);
    this.#report.address = address;
    this.#report.connectMs = Math.round(performance.now() - startedMs);
    return socket;
  }

  async #secure(plain: Socket): Promise<TLSSocket> {
    const { host } = this.#address;
    let socket: TLSSocket;
    try {
      socket = await startTls(plain, {
        ...this.#material?.options,
        ...(isIP(host) === 0 ? { servername: host } : {}),
      });
    } catch (error) {
      throw await this.#handshakeFault(stepError(error));
    }
    const chain = chainOf(socket);
    this.#report.tls = tlsFacts(socket, chain);
    if (this.#settings.verifyCertificate) this.#judge(socket, chain);
    return socket;
  }

  #judge(socket: TLSSocket, chain: readonly X509Certificate[]): void {
    const { host } = this.#address;
    if (!socket.authorized)
      throw chainFound(chainFault(errorCode(socket.authorizationError), chain, Date.now()), socket);
    if (!this.#settings.verifyName) return;
    const mismatch = checkServerIdentity(host, socket.getPeerCertificate());
    if (mismatch !== undefined) throw new Found('hostname-mismatch', say.hostname(host, factsAt(chain, 0)));
  }

  /** A failed handshake: our certificate was refused, the port speaks plaintext, or TLS itself failed. */
  async #handshakeFault(error: StepError): Promise<Found> {
    const alert = clientCertificateFault(error, this.#material);
    if (alert !== undefined) return alert;
    const { port } = this.#address;
    // Brokers close the connection when they get data they can't parse; a timeout is another fault.
    if (error.code === 'TIMEOUT') return new Found('no-answer', say.noAnswer());
    if (await this.#sockets.speaksKafka())
      return new Found('tls-to-plaintext', say.tlsToPlaintext(port, this.#settings.sasl));
    if (error.code === 'ECONNRESET' || error.code === 'CLOSED' || error.code === 'EPIPE')
      return new Found('closed-by-broker', say.closed('during the TLS handshake'));
    if (error.code === 'ERR_SSL_WRONG_VERSION_NUMBER' || error.code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG')
      return new Found('not-kafka', say.notKafka());
    return new Found('tls-handshake', say.tlsHandshake(opensslText(error)));
  }

  async #askVersions(exchange: Exchange): Promise<void> {
    try {
      const { code, versions } = readApiVersions(await exchange.ask(apiVersionsRequest()));
      if (code !== WireCode.none && versions.size === 0) throw new BadAnswer(`error ${code}`);
      this.#report.apiVersions = versions;
    } catch (error) {
      if (error instanceof BadAnswer) throw new Found('not-kafka', say.notKafka());
      throw await this.#versionsFault(stepError(error));
    }
  }

  async #versionsFault(error: StepError): Promise<Found> {
    const { tls, sasl } = this.#settings;
    if (tls) {
      const alert = clientCertificateFault(error, this.#material);
      if (alert !== undefined) return alert;
    } else if (
      error.code !== 'NOT_KAFKA' &&
      error.code !== 'TIMEOUT' &&
      (error.code === 'TLS_BYTES' || (await this.#sockets.speaksTls()))
    ) {
      return new Found('plaintext-to-tls', say.plaintextToTls(this.#address.port, sasl));
    }
    if (error.code === 'TIMEOUT') return new Found('no-answer', say.noAnswer());
    if (error.code === 'NOT_KAFKA') return new Found('not-kafka', say.notKafka());
    return new Found('closed-by-broker', say.closed(printable(error.message)));
  }

  /** False if this login can't be tried: then no further request is possible. */
  async #authenticate(exchange: Exchange): Promise<boolean> {
    const { mechanism, username, password, tls } = this.#settings;
    const { port } = this.#address;
    const { code, mechanisms } = readSaslHandshake(await exchange.ask(saslHandshakeRequest(mechanism)));
    if (code === WireCode.illegalSaslState) throw new Found('sasl-not-spoken', say.saslNotSpoken(port, tls));
    if (code === WireCode.unsupportedMechanism)
      throw new Found('unsupported-mechanism', say.mechanism(mechanism, mechanisms.map(printable)));
    const { token } = this.#options;
    const result = await logIn(exchange, { mechanism, username, password, token });
    if (result.outcome === 'refused')
      throw new Found('wrong-credentials', say.credentials(mechanism, username, printable(result.text)));
    if (result.outcome === 'accepted') this.#report.authenticated = true;
    return result.outcome === 'accepted';
  }

  async #askMetadata(exchange: Exchange): Promise<void> {
    try {
      const { brokers, topics } = readMetadata(
        await exchange.ask(metadataRequest(this.#options.topics ?? [])),
      );
      this.#report.advertised = brokers;
      this.#report.topics = topics;
    } catch (error) {
      if (error instanceof BadAnswer || this.#settings.sasl || stepError(error).code === 'TIMEOUT')
        throw error;
      const mechanisms = await this.#mechanisms();
      if (mechanisms === undefined) throw error;
      const { port } = this.#address;
      throw new Found('sasl-required', say.saslRequired(port, mechanisms.map(printable), this.#settings.tls));
    }
  }

  /** The mechanisms of a listener that requires a login; undefined if it requires none. */
  async #mechanisms(): Promise<readonly string[] | undefined> {
    try {
      const plain = await this.#sockets.again();
      const socket = this.#settings.tls ? await this.#secure(plain) : plain;
      const { code, mechanisms } = readSaslHandshake(
        await new Exchange(socket).ask(saslHandshakeRequest('KD-PROBE')),
      );
      return code === WireCode.unsupportedMechanism || code === WireCode.none ? mechanisms : undefined;
    } catch {
      return undefined;
    }
  }
}
