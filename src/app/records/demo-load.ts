import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import type { Logger } from '../../ports/logger.js';
import { copying, withWriter } from '../compose/writer.js';
import { FLIGHT_TOTALS, flightRecords } from '../demo-data.js';

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
