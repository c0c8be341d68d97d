/** Reads stores of certificates and keys as Java keeps them. Knows nothing of Kafka. */
export { StoreError, type StoreFault } from './faults.js';
export { checkPair, keyMaterial } from './key-material.js';
export { issuerOf, printable, subjectOf } from './names.js';
export { keyToPem, sha256Of, toPem } from './pem/pem-text.js';
export { readStore } from './read-store.js';
export type { Store } from './store.js';
export { readStoreFile } from './store-file.js';
export { holdsCertificates, NO_SYSTEM_TRUST, systemTrust } from './system-trust.js';
export { trustAnchors } from './trust.js';
