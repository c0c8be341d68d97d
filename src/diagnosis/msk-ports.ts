/**
 * Which listener uses which port on an Amazon MSK broker. Outside of MSK the numbers mean nothing: they are
 * only a hint.
 */
interface MskListener {
  readonly what: string;
  readonly protocol: string;
}

const TLS: MskListener = { what: 'TLS', protocol: 'SSL' };
const PLAINTEXT: MskListener = { what: 'plaintext', protocol: 'PLAINTEXT' };
const SCRAM: MskListener = { what: 'SASL/SCRAM (SCRAM-SHA-512)', protocol: 'SASL_SSL' };
const IAM: MskListener = { what: 'IAM', protocol: 'SASL_SSL' };

const LISTENERS: ReadonlyMap<number, MskListener> = new Map([
  [9092, PLAINTEXT],
  [9094, TLS],
  [9096, SCRAM],
  [9098, IAM],
  [9194, { ...TLS, what: 'public TLS' }],
  [9196, { ...SCRAM, what: 'public SASL/SCRAM (SCRAM-SHA-512)' }],
  [9198, { ...IAM, what: 'public IAM' }],
  [20_092, { ...PLAINTEXT, what: 'plaintext (IPv6)' }],
  [20_094, { ...TLS, what: 'TLS (IPv6)' }],
  [20_096, { ...SCRAM, what: 'SASL/SCRAM (SCRAM-SHA-512, IPv6)' }],
  [20_098, { ...IAM, what: 'IAM (IPv6)' }],
]);

/** One sentence for a message about a protocol that does not match its port. */
export function mskHint(port: number): string {
  const listener = LISTENERS.get(port);
  const table =
    'Amazon MSK listens on 9092 plaintext, 9094 TLS, 9096 SASL/SCRAM, 9098 IAM (public 9194, 9196, 9198; ' +
    'IPv6 20092 to 20098)';
  return listener === undefined
    ? table
    : `on Amazon MSK port ${port} is the ${listener.what} listener, security.protocol: ` +
        `${listener.protocol}; ${table}`;
}
