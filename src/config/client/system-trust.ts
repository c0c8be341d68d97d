/** Refuses clients that would trust the system's CA certificates on a system that has none. */
import type { ClientSide } from '../../core/client-side.js';
import { holdsCertificates, NO_SYSTEM_TRUST, systemTrust } from '../../stores/index.js';
import type { PropertyEntry } from '../keys/side.js';
import type { Environment } from '../text/interpolate.js';
import type { Problems } from '../text/problem.js';
import { PROBE } from './translate.js';

/** OpenSSL's own variables: librdkafka uses them where the system has no list. */
const OPENSSL_NAMES = ['SSL_CERT_FILE', 'SSL_CERT_DIR'];

interface Client {
  readonly properties: ReadonlyMap<string, Pick<PropertyEntry, 'value' | 'key' | 'origin'>>;
}

/** Checked while the configuration is read, so that validate, run and doctor report the same. */
export function checkSystemTrust(
  clients: Readonly<Record<ClientSide, Client>>,
  request: { readonly environment: Environment; readonly systemTrust?: () => string | undefined },
  problems: Problems,
): void {
  const trusting = [clients.consumer, clients.producer].flatMap(({ properties }) => {
    const location = properties.get('ssl.ca.location');
    return location?.value === PROBE && isVerified(properties) ? [location] : [];
  });
  const named = OPENSSL_NAMES.flatMap((name) => (request.environment[name] ?? '').split(':'));
  if (trusting.length === 0 || named.some(holdsCertificates)) return;
  if ((request.systemTrust ?? systemTrust)() !== undefined) return;
  for (const { origin, key } of trusting)
    problems.error(origin, key, NO_SYSTEM_TRUST.what, NO_SYSTEM_TRUST.remedy);
}

function isVerified(properties: Client['properties']): boolean {
  const encrypted = /ssl$/i.test(properties.get('security.protocol')?.value ?? '');
  return encrypted && properties.get('enable.ssl.certificate.verification')?.value !== 'false';
}
