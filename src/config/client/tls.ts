/** TLS of one client: turns stores and PEM texts into `ssl.*.pem`, and Java's names into librdkafka's. */
import {
  type PropertyEntry,
  type SideState,
  type TranslationContext,
  take,
  type WrittenEntry,
} from '../keys/side.js';
import { quote } from '../keys/value-fault.js';

import { Keys } from './tls-keys.js';
import { TlsPart } from './tls-part.js';
import { Trust } from './tls-trust.js';
import { Versions } from './tls-versions.js';

export function applyTls(state: SideState, context: TranslationContext): void {
  const protocol = state.properties.get('security.protocol');
  const encrypted = /ssl$/i.test(protocol?.value ?? '');
  const names = new Names(state, context);
  if (!encrypted && names.warnUnencrypted(protocol)) {
    for (const name of state.pending.keys()) if (name.startsWith('ssl.')) state.pending.delete(name);
    return;
  }
  new Trust(state, context).apply(encrypted);
  new Keys(state, context).apply();
  new Versions(state, context).apply();
  names.apply(encrypted);
}

/** Whether the connection is encrypted, and whether the broker's name is checked. */
class Names extends TlsPart {
  /** True when TLS settings are present but have no effect. */
  warnUnencrypted(protocol: PropertyEntry | undefined): boolean {
    const all: (readonly [string, { readonly key: string; readonly origin: WrittenEntry['origin'] }])[] = [
      ...this.state.pending,
      ...this.state.properties,
    ];
    const first = all.find(([name]) => /^ssl\.(truststore|keystore|key|ca|certificate)\./.test(name));
    if (first === undefined) return false;
    const { origin, key } = protocol ?? first[1];
    const how =
      protocol === undefined
        ? 'security.protocol is not set, which means PLAINTEXT'
        : `security.protocol is ${protocol.value}`;
    this.context.problems.warning(
      origin,
      key,
      `TLS settings have no effect, because ${how}: nothing is encrypted`,
      `set security.protocol: ` +
        `${/^sasl/i.test(protocol?.value ?? '') ? 'SASL_SSL' : 'SSL (or SASL_SSL)'}, or remove the ssl.* ` +
        `settings`,
    );
    return true;
  }

  apply(encrypted: boolean): void {
    const entry = take(this.state, 'ssl.endpoint.identification.algorithm');
    const verification = this.state.properties.get('enable.ssl.certificate.verification');
    if (verification !== undefined && encrypted && /^(false|f|0)$/i.test(verification.value))
      this.context.problems.warning(
        verification.origin,
        verification.key,
        'CERTIFICATES ARE NOT CHECKED: any server can pose as the broker and get the credentials',
        'set ssl.truststore.location to the CA certificate of the brokers, and remove this property',
      );
    if (entry === undefined) return;
    const value = entry.value.trim().toLowerCase();
    if (value !== '' && value !== 'none' && value !== 'https') {
      this.context.problems.error(
        entry.origin,
        entry.key,
        `${quote(entry.value)}: must be one of https, none`,
        'write https, or remove it: https is the default',
      );
      return;
    }
    const off = value !== 'https';
    this.put('ssl.endpoint.identification.algorithm', off ? 'none' : value, {
      entry,
      note: entry.value.trim() === '' ? 'empty means none' : '',
    });
    if (off && encrypted)
      this.context.problems.warning(
        entry.origin,
        entry.key,
        'THE NAME OF THE BROKER IS NOT CHECKED: anyone with a certificate from a trusted ' +
          'authority can pose as it',
        'remove it, and give the brokers certificates with the host names that clients use',
      );
  }
}
