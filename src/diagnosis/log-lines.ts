/** librdkafka's log lines about a connection that say more than a probe can: about its own logins. */
import { printable } from './certificates.js';
import { diagnosis } from './said.js';
import type { ConnectionSettings } from './settings.js';
import type { DiagnosedCluster, Diagnosis } from './types.js';
import { say } from './words.js';

export interface BrokerLine {
  /** host:port. */
  readonly broker: string;
  /** True for configured servers; false for brokers learned from metadata. */
  readonly bootstrap: boolean;
  /** The text of the line without the broker and without the time in each state. */
  readonly text: string;
}

/**
 * `sasl_ssl://host:9096/bootstrap: text (after 3ms in state X)`; undefined if the line is not about a broker.
 */
export function brokerLine(line: string): BrokerLine | undefined {
  const match = /^(?:[a-z_]+:\/\/)?(\S+:\d+)\/(bootstrap|\d+): ([\s\S]*)$/.exec(line);
  if (match === null) return undefined;
  const text = (match[3] ?? '').replace(
    / \(after \d+ms in state \w+(?:, \d+ identical error\(s\) suppressed)?\)$/,
    '',
  );
  return { broker: match[1] ?? '', bootstrap: match[2] === 'bootstrap', text };
}

/** The diagnosis if a line is unambiguous; undefined for all others. */
export function faultOfLine(
  cluster: DiagnosedCluster,
  settings: ConnectionSettings,
  line: BrokerLine,
): Diagnosis | undefined {
  const mechanism = /SASL \S+ mechanism handshake failed: [\s\S]*?(?:supported mechanisms: (.*))?$/.exec(
    line.text,
  );
  if (mechanism !== null) {
    const offered = (mechanism[1] ?? '')
      .split(',')
      .map((name) => printable(name))
      .filter((name) => name !== '');
    return diagnosis(
      cluster,
      line.broker,
      'unsupported-mechanism',
      say.mechanism(settings.mechanism, offered),
    );
  }
  const login = /SASL authentication error: ([\s\S]*)$|(SASL [\s\S]*authentication failed[\s\S]*)$/i.exec(
    line.text,
  );
  if (login === null) return undefined;
  const text = printable((login[1] ?? login[2] ?? '').replace(/^SaslAuthenticateRequest failed: /, ''));
  return diagnosis(
    cluster,
    line.broker,
    'wrong-credentials',
    say.credentials(settings.mechanism, settings.username, text),
  );
}
