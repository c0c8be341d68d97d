/** Any store by its content: what it is called, and what the configuration says it is, do not matter (nor do they to Java). */
import { StoreError } from './faults.js';
import type { Store, StoreOptions } from './store.js';

export function readStore(bytes: Buffer, options: StoreOptions): Store {
  if (bytes.length === 0) throw new StoreError('empty', options.file, 'is empty', { remedy: 'make it again, or copy it again' });
  throw new StoreError('not-a-store', options.file, 'is not a store of certificates', { remedy: 'name a JKS, PKCS#12 or PEM file' });
}
