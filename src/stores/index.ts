/** Stores of certificates and keys as Java keeps them. Knows nothing of Kafka. */
export { StoreError, type StoreFault } from './faults.js';
export { type KeyMaterial, keyMaterial } from './key-material.js';
export { isSelfSigned, issuerOf, printable, shortNameOf, subjectOf } from './names.js';
export { keyToPem, sha256Of, toPem } from './pem-text.js';
export { readStore } from './read-store.js';
export type { Store, StoreEntry, StoreEntryType, StoreKind, StoreOptions } from './store.js';
export { readStoreFile } from './store-file.js';
export { type TrustAnchors, trustAnchors } from './trust.js';
