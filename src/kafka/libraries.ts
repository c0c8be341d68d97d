import { createRequire } from 'node:module';
import type rdkafka from 'node-rdkafka';
import { loadBuilt } from '../core/built.js';

let loadedRdkafka: typeof rdkafka | undefined;

/** node-rdkafka with its librdkafka. Loaded on first use, so that help and validation work without it. */
export function loadRdkafka(): typeof rdkafka {
  loadedRdkafka ??= loadBuilt(
    'node-rdkafka',
    () => createRequire(import.meta.url)('node-rdkafka') as typeof rdkafka,
  );
  return loadedRdkafka;
}
