/** The HTTP server's settings, and who can reach it. */
import { isLoopback } from '../../core/network/loopback.js';
import type { ServerConfig } from '../keys/resolved.js';
import type { Notes } from '../keys/side.js';
import type { Environment } from '../text/interpolate.js';
import type { Problems } from '../text/problem.js';
import type { ResolveInput } from './resolve-input.js';
import type { Settings } from './settings.js';

/** These have no effect without a port. */
const WITH_PORT = ['server.address', 'server.token', 'server.allowed-hosts'] as const;

export function serverConfig(
  { settings }: Pick<ResolveInput, 'settings'>,
  problems: Problems,
): ServerConfig | undefined {
  const port = settings.get('server.port');
  if (port === undefined) {
    const alone = WITH_PORT.find((path) => settings.isSet(path));
    if (alone !== undefined && !settings.isSet('server.port') && !problems.hasErrorAbout('server.port'))
      problems.error(
        settings.origin(alone),
        'server.port',
        `is missing: ${alone} is set without a port`,
        'add port: 8080',
      );
    return undefined;
  }
  const [address, token] = [settings.get('server.address'), settings.get('server.token')];
  if (token === undefined && !isLoopback(address))
    problems.warning(
      settings.origin('server.address'),
      'server.address',
      `whoever can reach ${address}:${port} can read the status, the configuration and the log`,
      'set server.token (make one: openssl rand -hex 32), or server.address: 127.0.0.1',
    );
  return { port, address, token, allowedHosts: settings.get('server.allowed-hosts') ?? [] };
}

/** Kubernetes sets this in every container. */
const KUBERNETES = 'KUBERNETES_SERVICE_HOST';

/** The kubelet's probes come from outside the pod. */
export function noteProbes(
  server: ServerConfig | undefined,
  settings: Settings,
  environment: Environment,
  notes: Notes,
): void {
  const isLocal = server !== undefined && isLoopback(server.address);
  if (!isLocal || (environment[KUBERNETES] ?? '') === '') return;
  const origin = settings.origin(settings.isSet('server.address') ? 'server.address' : 'server.port');
  notes.add(
    { key: 'server.address', origin },
    `${server.address} can't be reached by Kubernetes probes: set server.address: 0.0.0.0`,
  );
}
