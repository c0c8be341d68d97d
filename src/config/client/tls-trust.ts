/** The certificates that a client trusts: from a truststore, librdkafka's own properties, or the system. */
import { toPem, trustAnchors } from '../../stores/index.js';
import { take, type WrittenEntry } from '../keys/side.js';
import { noteCertificates } from './certificate-notes.js';
import { counted, isFile, nameOfKind, TlsPart } from './tls-part.js';
import { PROBE } from './translate.js';

const NATIVE_TRUST = ['ssl.ca.location', 'ssl.ca.pem', 'ssl.ca.certificate.stores'] as const;

export class Trust extends TlsPart {
  apply(encrypted: boolean): void {
    const location = take(this.state, 'ssl.truststore.location');
    const password = take(this.state, 'ssl.truststore.password');
    const text = take(this.state, 'ssl.truststore.certificates');
    take(this.state, 'ssl.truststore.type');
    const native = NATIVE_TRUST.map((name) => this.state.properties.get(name)).find(
      (entry) => entry !== undefined,
    );
    if (!this.single([location, text, native], 'which certificates are trusted')) return;
    const written = location ?? text;
    if (written !== undefined) {
      this.truststore(written, written === location, password?.value.trim());
    } else if (native !== undefined) {
      this.nativeTrust();
    } else if (encrypted) {
      const key = 'kafka.properties.ssl.ca.location';
      const note = "no truststore is set: the system's authorities are trusted";
      this.state.properties.set('ssl.ca.location', {
        value: PROBE,
        origin: { kind: 'default' },
        secret: false,
        key,
        note,
      });
    }
  }

  private truststore(entry: WrittenEntry, isFile: boolean, password: string | undefined): void {
    this.reporting(entry, () => {
      const store = isFile ? this.file(entry, { password }) : this.text(entry, entry.value, {});
      const { certificates, warnings } = trustAnchors(store);
      const what = { use: 'truststore', file: store.file, entry } as const;
      this.warn(entry, warnings);
      noteCertificates(certificates, what, this.state, this.context);
      this.put('ssl.ca.pem', toPem(certificates), {
        entry,
        note: `${nameOfKind(store)}, ${counted(certificates)}`,
      });
    });
  }

  private nativeTrust(): void {
    const pem = this.state.properties.get('ssl.ca.pem');
    const location = this.state.properties.get('ssl.ca.location');
    if (pem !== undefined)
      this.nativeCertificates(pem, 'truststore', (entry) => this.text(entry, entry.value, {}));
    if (location !== undefined && location.value !== PROBE && isFile(location.value))
      this.nativeCertificates(location, 'truststore', (entry) => this.file(entry, {}));
  }
}
