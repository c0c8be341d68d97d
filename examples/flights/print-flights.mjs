// Prints the demo's input as JSON lines for `kd produce`: base64 keeps the planted broken records as broken
// as they are.
import { once } from 'node:events';
import { flightRecords } from '../../build/src/app/demo-data.js';

process.stdout.on('error', () => process.exit(0));
for await (const { key, value } of flightRecords()) {
  const line = JSON.stringify({ key: key?.toString() ?? null, value: value.toString('utf8') });
  if (!process.stdout.write(`${line}\n`)) await once(process.stdout, 'drain');
}
