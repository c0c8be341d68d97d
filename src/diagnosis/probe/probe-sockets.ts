/** The connections of one probe: the one that the steps use, and further ones to try something else. */
import { isIP, type Socket } from 'node:net';
import { Exchange, openTcp, startTls, stepError } from '../connection.js';
import { apiVersionsRequest, readApiVersions } from '../kafka-wire.js';
import { type BrokerAddress, brokerName } from '../settings.js';
import { say } from '../words.js';
import { Found } from './found.js';

export class ProbeSockets {
  readonly #address: BrokerAddress;
  readonly #open = new Set<Socket>();
  /** The address that answered; until then all of them are tried. */
  #addresses: readonly string[] = [];
  #closed = false;

  constructor(address: BrokerAddress) {
    this.#address = address;
  }

  get closed(): boolean {
    return this.#closed;
  }

  close(): void {
    this.#closed = true;
    for (const socket of this.#open) socket.destroy();
    this.#open.clear();
  }

  async connect(
    addresses: readonly string[],
  ): Promise<{ readonly socket: Socket; readonly address: string }> {
    const { port } = this.#address;
    this.#addresses = addresses;
    try {
      const opened = await openTcp(addresses, port);
      this.#addresses = [opened.address];
      return { socket: this.#kept(opened.socket), address: opened.address };
    } catch (error) {
      const { code } = stepError(error);
      const where = addresses.map((host) => brokerName({ host, port })).join(', ');
      if (code === 'ECONNREFUSED') throw new Found('connection-refused', say.refused(where));
      throw new Found('unreachable', say.unreachable(where, code));
    }
  }

  /** Opens a further connection, to try something else. */
  async again(): Promise<Socket> {
    return this.#kept((await openTcp(this.#addresses, this.#address.port)).socket);
  }

  async speaksKafka(): Promise<boolean> {
    try {
      readApiVersions(await new Exchange(await this.again()).ask(apiVersionsRequest()));
      return true;
    } catch {
      return false;
    }
  }

  /** Any TLS answer to a ClientHello, even an alert, means that the port speaks TLS. */
  async speaksTls(): Promise<boolean> {
    const { host } = this.#address;
    try {
      (await startTls(await this.again(), isIP(host) === 0 ? { servername: host } : {})).destroy();
      return true;
    } catch (error) {
      return /^ERR_SSL_(?!WRONG_VERSION_NUMBER|PACKET_LENGTH_TOO_LONG)/.test(stepError(error).code);
    }
  }

  #kept(socket: Socket): Socket {
    if (this.#closed) socket.destroy();
    else this.#open.add(socket);
    socket.on('error', () => undefined);
    return socket;
  }
}
