/** Shared by the parts of a client's TLS: reads each store once, records it, and adds properties from it. */
import type { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import { readStore, readStoreFile, type Store, StoreError } from '../../stores/index.js';
import {
  absolutePath,
  type PropertyEntry,
  type SideState,
  type TranslationContext,
  type WrittenEntry,
} from '../keys/side.js';
import { noteCertificates } from './certificate-notes.js';

interface Passwords {
  readonly password?: string | undefined;
  readonly keyPassword?: string | undefined;
}

export class TlsPart {
  protected readonly state: SideState;
  protected readonly context: TranslationContext;

  constructor(state: SideState, context: TranslationContext) {
    this.state = state;
    this.context = context;
  }

  /** librdkafka reads these files itself and decides whether they are valid; kd only checks them early. */
  protected nativeCertificates(
    entry: PropertyEntry,
    use: 'truststore' | 'keystore',
    read: (entry: WrittenEntry) => Store,
  ): Store | undefined {
    return this.lookedAt(entry, (written) => {
      const store = read(written);
      if (
        !this.isPem(store, entry, use === 'truststore' ? 'ssl.truststore.location' : 'ssl.keystore.location')
      )
        return undefined;
      const certificates = store.entries.flatMap((item) => item.certificates);
      noteCertificates(certificates, { use, file: store.file, entry: written }, this.state, this.context);
      return store;
    });
  }

  protected isPem(store: Store, entry: PropertyEntry, instead: string): boolean {
    if (store.kind === 'pem') return true;
    const what = `${store.file} is ${nameOfKind(store)}, not PEM`;
    this.context.problems.error(entry.origin, entry.key, what, `use ${instead}, which reads it`);
    return false;
  }

  protected lookedAt(
    entry: PropertyEntry,
    look: (written: WrittenEntry) => Store | undefined,
  ): Store | undefined {
    try {
      return look({ ...entry, map: 'kafka.properties' });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const { problems } = this.context;
      if (error.fault === 'key-mismatch')
        problems.error(entry.origin, entry.key, error.message, error.remedy);
      else problems.warning(entry.origin, entry.key, error.message, error.remedy);
      return undefined;
    }
  }

  /** Allows at most one of them; each after the first is an error. */
  protected single(entries: readonly (WrittenEntry | PropertyEntry | undefined)[], what: string): boolean {
    const [first, ...others] = entries.filter((entry) => entry !== undefined);
    for (const other of others)
      this.context.problems.error(
        other.origin,
        other.key,
        `${first?.key ?? ''} already says ${what}`,
        'keep one of them',
      );
    return others.length === 0;
  }

  protected file(entry: WrittenEntry, passwords: Passwords): Store {
    const path = absolutePath(entry, this.context.workingDirectory);
    this.state.files.add(path);
    return this.once(['file', path, passwords.password ?? '', passwords.keyPassword ?? ''], () =>
      readStoreFile(path, given(passwords)),
    );
  }

  protected text(entry: WrittenEntry, text: string, passwords: Passwords): Store {
    return this.once(['text', text, passwords.keyPassword ?? ''], () =>
      readStore(Buffer.from(text), { file: entry.key, ...given(passwords) }),
    );
  }

  /** Both clients usually name the same stores, and opening one is slow. */
  private once(identity: readonly string[], read: () => Store): Store {
    const name = identity.join('\0');
    const known = this.context.stores.get(name);
    if (known instanceof StoreError) throw known;
    if (known !== undefined) return known;
    try {
      const store = read();
      this.context.stores.set(name, store);
      return store;
    } catch (error) {
      if (error instanceof StoreError) this.context.stores.set(name, error);
      throw error;
    }
  }

  protected reporting(entry: WrittenEntry, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.context.problems.error(entry.origin, entry.key, error.message, error.remedy);
    }
  }

  protected warn(entry: WrittenEntry, warnings: readonly string[]): void {
    for (const warning of warnings)
      this.context.problems.warning(entry.origin, entry.key, warning, undefined);
  }

  protected put(
    name: string,
    value: string,
    from: { entry: WrittenEntry; note: string; secret?: boolean },
  ): void {
    const { origin, key, secret } = from.entry;
    this.state.properties.set(name, {
      value,
      origin,
      key,
      secret: from.secret ?? (secret && !name.endsWith('.pem')),
      note: from.note,
    });
  }
}

/** An unset variable leaves an empty password behind. */
function given({ password, keyPassword }: Passwords): { password?: string; keyPassword?: string } {
  return {
    ...(password === undefined || password === '' ? {} : { password }),
    ...(keyPassword === undefined || keyPassword === '' ? {} : { keyPassword }),
  };
}

export function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

export function nameOfKind(store: Store): string {
  return { jks: 'JKS', pkcs12: 'PKCS12', pem: 'PEM' }[store.kind];
}

export function counted(certificates: readonly X509Certificate[]): string {
  return `${certificates.length} ${certificates.length === 1 ? 'certificate' : 'certificates'}`;
}
