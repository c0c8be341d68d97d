import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import { type MockCluster, startMockCluster } from '../../kafka/tools/mock-cluster.js';
import type { Logger } from '../../ports/logger.js';
import { FLIGHT_TOTALS, flightRecords } from '../demo-data.js';
import { copying, withWriter } from './open-writer.js';

/** The embedded broker, with these topics. The caller closes it. */
export function startDemoBroker(topics: readonly string[], partitions: number): MockCluster {
  return startMockCluster({ topics: topics.map((name) => ({ name, partitions })) });
}

/** Loads all flights into a topic. */
export async function loadFlights(config: ResolvedConfig, topic: string, logger: Logger): Promise<void> {
  const request = { config, clientId: `${config.name}-loader`, topic, partition: 'key', logger } as const;
  const acknowledged = await withWriter(request, async (records) => {
    let line = 0;
    for await (const { key, value } of flightRecords()) {
      line += 1;
      const record = { key, headers: [], partition: undefined, timestampMs: undefined };
      await records.add({ ...record, encode: copying(value) }, line);
    }
    await records.drain();
    return records.acknowledged;
  });
  if (acknowledged === FLIGHT_TOTALS.records) return;
  throw new DispatcherError(
    'DEFECT',
    `the embedded broker accepted ${acknowledged} of ${FLIGHT_TOTALS.records} records`,
  );
}
