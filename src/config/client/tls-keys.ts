/** The key and certificates that a client identifies itself with. */
import { checkPair, keyMaterial, keyToPem, type Store, toPem } from '../../stores/index.js';
import { type PropertyEntry, take, type WrittenEntry } from '../keys/side.js';
import { noteCertificates } from './certificate-notes.js';

import { counted, isFile, nameOfKind, TlsPart } from './tls-part.js';

const NATIVE_KEYS = [
  'ssl.certificate.location',
  'ssl.certificate.pem',
  'ssl.key.location',
  'ssl.key.pem',
] as const;
/** Short lines of a PEM text are harmless, and redacting them would blank out ordinary words. */
const SECRET_LINE_LENGTH_MIN = 16;

export class Keys extends TlsPart {
  apply(): void {
    const location = take(this.state, 'ssl.keystore.location');
    const password = take(this.state, 'ssl.keystore.password');
    const keyText = take(this.state, 'ssl.keystore.key');
    const chainText = take(this.state, 'ssl.keystore.certificate.chain');
    const keyPassword = take(this.state, 'ssl.key.password');
    take(this.state, 'ssl.keystore.type');
    const native = NATIVE_KEYS.map((name) => this.state.properties.get(name)).find(
      (entry) => entry !== undefined,
    );
    if (!this.single([location, keyText ?? chainText, native], 'which key this client has')) return;
    if (location !== undefined) {
      this.keystore(location, () =>
        this.file(location, { password: password?.value.trim(), keyPassword: keyPassword?.value.trim() }),
      );
    } else if (keyText !== undefined && chainText !== undefined) {
      this.keystore(keyText, () =>
        this.text(keyText, `${chainText.value}\n${keyText.value}`, {
          keyPassword: keyPassword?.value.trim(),
        }),
      );
    } else if (keyText !== undefined || chainText !== undefined) {
      const entry = keyText ?? chainText;
      const missing = keyText === undefined ? 'ssl.keystore.key' : 'ssl.keystore.certificate.chain';
      if (entry !== undefined)
        this.context.problems.error(entry.origin, entry.key, `needs ${missing} as well`, `add ${missing}`);
    } else {
      if (keyPassword !== undefined)
        this.put('ssl.key.password', keyPassword.value, { entry: keyPassword, note: '' });
      this.nativeKeys();
    }
  }

  private keystore(entry: WrittenEntry, read: () => Store): void {
    this.reporting(entry, () => {
      const store = read();
      const { chain, key, warnings } = keyMaterial(store);
      const keyPem = keyToPem(key);
      for (const secret of secretsOfPem(keyPem)) this.context.secrets.add(secret);
      this.warn(entry, warnings);
      noteCertificates(chain, { use: 'keystore', file: store.file, entry }, this.state, this.context);
      this.put('ssl.certificate.pem', toPem(chain), {
        entry,
        note: `${nameOfKind(store)}, ${counted(chain)}`,
      });
      this.put('ssl.key.pem', keyPem, {
        entry,
        note: `${nameOfKind(store)}, ${String(key.asymmetricKeyType)} key`,
        secret: true,
      });
    });
  }

  private nativeKeys(): void {
    const key = this.state.properties.get('ssl.key.pem');
    if (key !== undefined) for (const secret of secretsOfPem(key.value)) this.context.secrets.add(secret);
    const certificate = this.nativeStore('ssl.certificate', (entry, read) =>
      this.nativeCertificates(entry, 'keystore', read),
    );
    if (certificate === undefined) return;
    const keyPassword = this.state.properties.get('ssl.key.password')?.value;
    const pair = (entry: PropertyEntry, read: (entry: WrittenEntry) => Store): Store | undefined =>
      this.lookedAt(entry, (written) => {
        const store = read(written);
        if (this.isPem(store, entry, 'ssl.keystore.location')) checkPair(certificate, store);
        return store;
      });
    this.nativeStore('ssl.key', pair, keyPassword);
  }

  /** PEM, inline or in a file. librdkafka reports what is missing. */
  private nativeStore(
    name: 'ssl.certificate' | 'ssl.key',
    look: (entry: PropertyEntry, read: (entry: WrittenEntry) => Store) => Store | undefined,
    keyPassword?: string,
  ): Store | undefined {
    const pem = this.state.properties.get(`${name}.pem`);
    const location = this.state.properties.get(`${name}.location`);
    if (pem !== undefined) return look(pem, (entry) => this.text(entry, entry.value, { keyPassword }));
    if (location === undefined || !isFile(location.value)) return undefined;
    return look(location, (entry) => this.file(entry, { keyPassword }));
  }
}

/** The text, each of its lines, and the lines joined into one: other programs may print any of them. */
function secretsOfPem(pem: string): string[] {
  const lines = pem
    .split(/\r?\n/)
    .filter((line) => line.length >= SECRET_LINE_LENGTH_MIN && !line.startsWith('-----'));
  return [pem, pem.trim(), lines.join(''), ...lines];
}
