/** Which groups a run must not hold up, and the client that asks how far they lag behind. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { parseGroupLag } from '../../config/text/group-lag.js';
import { DispatcherError } from '../../core/errors.js';
import type { Logger } from '../../ports/logger.js';
import type { Watching } from '../throttle/lag-throttle.js';
import type { LagBound } from '../throttle/watched-group.js';
import { openSide } from './admins.js';

/** Short: the end of a run waits for an attempt to connect. */
const CONNECT_TIMEOUT_MS = 3_000;

/** A run's own group lags behind as long as there is something to read. */
export function refuseOwnGroup(config: ResolvedConfig): void {
  const { groupId } = config.consumer;
  if (!boundsOf(config).some(({ group }) => group === groupId)) return;
  throw new DispatcherError(
    'USAGE',
    `dispatcher.throttle-lag names ${groupId}, the group of this run itself`,
    {
      remedy: 'name the group of another program, for example --throttle-lag live:10000',
    },
  );
}

export function watchingOf(config: ResolvedConfig, logger: Logger): Watching {
  const { groupId } = config.consumer;
  return {
    // A reload may have named it; a start refuses it.
    bounds: boundsOf(config).filter(({ group }) => group !== groupId),
    open: () => openSide('consumer', { config, logger, connectTimeoutMs: CONNECT_TIMEOUT_MS }),
  };
}

/** Checked when the configuration was read. */
function boundsOf({ dispatcher }: ResolvedConfig): readonly LagBound[] {
  return (dispatcher.throttleLag ?? []).flatMap((text) => {
    const parsed = parseGroupLag(text);
    return parsed.ok ? [{ group: parsed.group, boundRecords: parsed.boundRecords }] : [];
  });
}
