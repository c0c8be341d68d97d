/** TLS of one client: stores and PEM texts become `ssl.*.pem`, Java's words librdkafka's. */

import type { X509Certificate } from 'node:crypto';
import { statSync } from 'node:fs';
import {
  checkPair,
  keyMaterial,
  keyToPem,
  readStore,
  readStoreFile,
  type Store,
  StoreError,
  toPem,
  trustAnchors,
} from '../../stores/index.js';
import {
  absolutePath,
  type PropertyEntry,
  type SideState,
  type TranslationContext,
  take,
  type WrittenEntry,
} from '../keys/side.js';
import { quote, ValueFault } from '../keys/value-fault.js';
import { noteCertificates } from './certificate-notes.js';
import { cipherList } from './cipher-names.js';
import { PROBE } from './translate.js';

const NATIVE_TRUST = ['ssl.ca.location', 'ssl.ca.pem', 'ssl.ca.certificate.stores'] as const;
const NATIVE_KEYS = [
  'ssl.certificate.location',
  'ssl.certificate.pem',
  'ssl.key.location',
  'ssl.key.pem',
] as const;
/** Short lines of a PEM text say nothing by themselves, and would blot out ordinary words. */
const SECRET_LINE_LENGTH_MIN = 16;

export function applyTls(state: SideState, context: TranslationContext): void {
  new Tls(state, context).apply();
}

class Tls {
  readonly #state: SideState;
  readonly #context: TranslationContext;

  constructor(state: SideState, context: TranslationContext) {
    this.#state = state;
    this.#context = context;
  }

  apply(): void {
    const protocol = this.#state.properties.get('security.protocol');
    const encrypted = /ssl$/i.test(protocol?.value ?? '');
    if (!encrypted && this.#warnUnencrypted(protocol)) {
      for (const name of this.#state.pending.keys())
        if (name.startsWith('ssl.')) this.#state.pending.delete(name);
      return;
    }
    this.#trust(encrypted);
    this.#keys();
    this.#versions();
    this.#hostname(encrypted);
  }

  /** True when there were settings that nobody reads. */
  #warnUnencrypted(protocol: PropertyEntry | undefined): boolean {
    const all: (readonly [string, { readonly key: string; readonly origin: WrittenEntry['origin'] }])[] = [
      ...this.#state.pending,
      ...this.#state.properties,
    ];
    const first = all.find(([name]) => /^ssl\.(truststore|keystore|key|ca|certificate)\./.test(name));
    if (first === undefined) return false;
    const { origin, key } = protocol ?? first[1];
    const how =
      protocol === undefined
        ? 'security.protocol is not set, which means PLAINTEXT'
        : `security.protocol is ${protocol.value}`;
    this.#context.problems.warning(
      origin,
      key,
      `there are settings for TLS, but ${how}: nothing is encrypted, and they have no effect`,
      `set security.protocol: ` +
        `${/^sasl/i.test(protocol?.value ?? '') ? 'SASL_SSL' : 'SSL (or SASL_SSL)'}, or remove the ssl.* ` +
        `settings`,
    );
    return true;
  }

  #trust(encrypted: boolean): void {
    const location = take(this.#state, 'ssl.truststore.location');
    const password = take(this.#state, 'ssl.truststore.password');
    const text = take(this.#state, 'ssl.truststore.certificates');
    take(this.#state, 'ssl.truststore.type');
    const native = NATIVE_TRUST.map((name) => this.#state.properties.get(name)).find(
      (entry) => entry !== undefined,
    );
    if (!this.#single([location, text, native], 'which certificates are trusted')) return;
    const written = location ?? text;
    if (written !== undefined) {
      this.#truststore(written, written === location, password?.value.trim());
    } else if (native !== undefined) {
      this.#nativeTrust();
    } else if (encrypted) {
      const key = 'kafka.properties.ssl.ca.location';
      const note = 'no truststore is given: the authorities that this system trusts';
      this.#state.properties.set('ssl.ca.location', {
        value: PROBE,
        origin: { kind: 'default' },
        secret: false,
        key,
        note,
      });
    }
  }

  #truststore(entry: WrittenEntry, isFile: boolean, password: string | undefined): void {
    this.#reporting(entry, () => {
      const store = isFile ? this.#file(entry, { password }) : this.#text(entry, entry.value, {});
      const { certificates, warnings } = trustAnchors(store);
      const what = { use: 'truststore', file: store.file, entry } as const;
      this.#warn(entry, warnings);
      noteCertificates(certificates, what, this.#state, this.#context);
      this.#put('ssl.ca.pem', toPem(certificates), {
        entry,
        note: `${nameOfKind(store)}, ${counted(certificates)}`,
      });
    });
  }

  #nativeTrust(): void {
    const pem = this.#state.properties.get('ssl.ca.pem');
    const location = this.#state.properties.get('ssl.ca.location');
    if (pem !== undefined)
      this.#nativeCertificates(pem, 'truststore', (entry) => this.#text(entry, entry.value, {}));
    if (location !== undefined && location.value !== PROBE && isFile(location.value))
      this.#nativeCertificates(location, 'truststore', (entry) => this.#file(entry, {}));
  }

  /** librdkafka reads these itself, and has the last word on them: here they are only looked at. */
  #nativeCertificates(
    entry: PropertyEntry,
    use: 'truststore' | 'keystore',
    read: (entry: WrittenEntry) => Store,
  ): Store | undefined {
    return this.#lookedAt(entry, (written) => {
      const store = read(written);
      if (
        !this.#isPem(store, entry, use === 'truststore' ? 'ssl.truststore.location' : 'ssl.keystore.location')
      )
        return undefined;
      const certificates = store.entries.flatMap((item) => item.certificates);
      noteCertificates(certificates, { use, file: store.file, entry: written }, this.#state, this.#context);
      return store;
    });
  }

  #isPem(store: Store, entry: PropertyEntry, instead: string): boolean {
    if (store.kind === 'pem') return true;
    const what = `${store.file} is ${nameOfKind(store)}, not PEM`;
    this.#context.problems.error(entry.origin, entry.key, what, `use ${instead}, which reads it`);
    return false;
  }

  #lookedAt(entry: PropertyEntry, look: (written: WrittenEntry) => Store | undefined): Store | undefined {
    try {
      return look({ ...entry, map: 'kafka.properties' });
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      const { problems } = this.#context;
      if (error.fault === 'key-mismatch')
        problems.error(entry.origin, entry.key, error.message, error.remedy);
      else problems.warning(entry.origin, entry.key, error.message, error.remedy);
      return undefined;
    }
  }

  #keys(): void {
    const location = take(this.#state, 'ssl.keystore.location');
    const password = take(this.#state, 'ssl.keystore.password');
    const keyText = take(this.#state, 'ssl.keystore.key');
    const chainText = take(this.#state, 'ssl.keystore.certificate.chain');
    const keyPassword = take(this.#state, 'ssl.key.password');
    take(this.#state, 'ssl.keystore.type');
    const native = NATIVE_KEYS.map((name) => this.#state.properties.get(name)).find(
      (entry) => entry !== undefined,
    );
    if (!this.#single([location, keyText ?? chainText, native], 'which key this client has')) return;
    if (location !== undefined) {
      this.#keystore(location, () =>
        this.#file(location, { password: password?.value.trim(), keyPassword: keyPassword?.value.trim() }),
      );
    } else if (keyText !== undefined && chainText !== undefined) {
      this.#keystore(keyText, () =>
        this.#text(keyText, `${chainText.value}\n${keyText.value}`, {
          keyPassword: keyPassword?.value.trim(),
        }),
      );
    } else if (keyText !== undefined || chainText !== undefined) {
      const entry = keyText ?? chainText;
      const missing = keyText === undefined ? 'ssl.keystore.key' : 'ssl.keystore.certificate.chain';
      if (entry !== undefined)
        this.#context.problems.error(entry.origin, entry.key, `needs ${missing} beside it`, `add ${missing}`);
    } else {
      if (keyPassword !== undefined)
        this.#put('ssl.key.password', keyPassword.value, { entry: keyPassword, note: '' });
      this.#nativeKeys();
    }
  }

  #keystore(entry: WrittenEntry, read: () => Store): void {
    this.#reporting(entry, () => {
      const store = read();
      const { chain, key, warnings } = keyMaterial(store);
      const keyPem = keyToPem(key);
      for (const secret of secretsOfPem(keyPem)) this.#context.secrets.add(secret);
      this.#warn(entry, warnings);
      noteCertificates(chain, { use: 'keystore', file: store.file, entry }, this.#state, this.#context);
      this.#put('ssl.certificate.pem', toPem(chain), {
        entry,
        note: `${nameOfKind(store)}, ${counted(chain)}`,
      });
      this.#put('ssl.key.pem', keyPem, {
        entry,
        note: `${nameOfKind(store)}, ${String(key.asymmetricKeyType)} key`,
        secret: true,
      });
    });
  }

  #nativeKeys(): void {
    const key = this.#state.properties.get('ssl.key.pem');
    if (key !== undefined) for (const secret of secretsOfPem(key.value)) this.#context.secrets.add(secret);
    const certificate = this.#nativeStore('ssl.certificate', (entry, read) =>
      this.#nativeCertificates(entry, 'keystore', read),
    );
    if (certificate === undefined) return;
    const keyPassword = this.#state.properties.get('ssl.key.password')?.value;
    const pair = (entry: PropertyEntry, read: (entry: WrittenEntry) => Store): Store | undefined =>
      this.#lookedAt(entry, (written) => {
        const store = read(written);
        if (this.#isPem(store, entry, 'ssl.keystore.location')) checkPair(certificate, store);
        return store;
      });
    this.#nativeStore('ssl.key', pair, keyPassword);
  }

  /** In place or in a file; what is missing is left to librdkafka. */
  #nativeStore(
    name: 'ssl.certificate' | 'ssl.key',
    look: (entry: PropertyEntry, read: (entry: WrittenEntry) => Store) => Store | undefined,
    keyPassword?: string,
  ): Store | undefined {
    const pem = this.#state.properties.get(`${name}.pem`);
    const location = this.#state.properties.get(`${name}.location`);
    if (pem !== undefined) return look(pem, (entry) => this.#text(entry, entry.value, { keyPassword }));
    if (location === undefined || !isFile(location.value)) return undefined;
    return look(location, (entry) => this.#file(entry, { keyPassword }));
  }

  #versions(): void {
    const protocols = take(this.#state, 'ssl.enabled.protocols');
    const version = take(this.#state, 'ssl.protocol');
    const suites = take(this.#state, 'ssl.cipher.suites');
    try {
      const tls13Only = protocols !== undefined && onlyTls13(protocols, this.#context);
      if (version !== undefined) checkVersion(version, this.#context);
      const entry = suites ?? protocols;
      if (entry === undefined) return;
      const { value, notes } = cipherList(suites?.value, tls13Only);
      for (const note of notes) this.#context.notes.add(entry, note);
      const note = [
        ...(value === suites?.value
          ? []
          : [`from ${suites === undefined ? 'ssl.enabled.protocols' : 'names of IANA'}`]),
        ...notes,
      ].join('; ');
      if (value !== undefined) this.#put('ssl.cipher.suites', value, { entry, note });
    } catch (fault) {
      const entry = suites ?? protocols ?? version;
      if (!(fault instanceof ValueFault) || entry === undefined) throw fault;
      this.#context.problems.error(entry.origin, entry.key, fault.message, fault.remedy);
    }
  }

  #hostname(encrypted: boolean): void {
    const entry = take(this.#state, 'ssl.endpoint.identification.algorithm');
    const verification = this.#state.properties.get('enable.ssl.certificate.verification');
    if (verification !== undefined && encrypted && /^(false|f|0)$/i.test(verification.value))
      this.#context.problems.warning(
        verification.origin,
        verification.key,
        'CERTIFICATES ARE NOT CHECKED: whoever answers is taken for the broker, and gets the credentials',
        'give the authority of the brokers (ssl.truststore.location) and remove it',
      );
    if (entry === undefined) return;
    const value = entry.value.trim().toLowerCase();
    if (value !== '' && value !== 'none' && value !== 'https') {
      this.#context.problems.error(
        entry.origin,
        entry.key,
        `${quote(entry.value)}: must be one of https, none`,
      );
      return;
    }
    const off = value !== 'https';
    this.#put('ssl.endpoint.identification.algorithm', off ? 'none' : value, {
      entry,
      note: entry.value.trim() === '' ? 'the empty text is none' : '',
    });
    if (off && encrypted)
      this.#context.problems.warning(
        entry.origin,
        entry.key,
        'THE NAME OF THE BROKER IS NOT CHECKED: whoever has any ' +
          'certificate of a trusted authority can pose as it',
        'remove it, and let the brokers have certificates with the names that clients use',
      );
  }

  /** At most one of them; else each after the first is an error. */
  #single(entries: readonly (WrittenEntry | PropertyEntry | undefined)[], what: string): boolean {
    const [first, ...others] = entries.filter((entry) => entry !== undefined);
    for (const other of others)
      this.#context.problems.error(
        other.origin,
        other.key,
        `${first?.key ?? ''} says already ${what}`,
        'keep one of them',
      );
    return others.length === 0;
  }

  #file(entry: WrittenEntry, passwords: Passwords): Store {
    const path = absolutePath(entry, this.#context.workingDirectory);
    this.#state.files.add(path);
    return this.#once(['file', path, passwords.password ?? '', passwords.keyPassword ?? ''], () =>
      readStoreFile(path, given(passwords)),
    );
  }

  #text(entry: WrittenEntry, text: string, passwords: Passwords): Store {
    return this.#once(['text', text, passwords.keyPassword ?? ''], () =>
      readStore(Buffer.from(text), { file: entry.key, ...given(passwords) }),
    );
  }

  /** Both clients mostly name the same stores, and opening one takes its time. */
  #once(identity: readonly string[], read: () => Store): Store {
    const name = identity.join('\0');
    const known = this.#context.stores.get(name);
    if (known instanceof StoreError) throw known;
    if (known !== undefined) return known;
    try {
      const store = read();
      this.#context.stores.set(name, store);
      return store;
    } catch (error) {
      if (error instanceof StoreError) this.#context.stores.set(name, error);
      throw error;
    }
  }

  #reporting(entry: WrittenEntry, work: () => void): void {
    try {
      work();
    } catch (error) {
      if (!(error instanceof StoreError)) throw error;
      this.#context.problems.error(entry.origin, entry.key, error.message, error.remedy);
    }
  }

  #warn(entry: WrittenEntry, warnings: readonly string[]): void {
    for (const warning of warnings) this.#context.problems.warning(entry.origin, entry.key, warning);
  }

  #put(name: string, value: string, from: { entry: WrittenEntry; note: string; secret?: boolean }): void {
    const { origin, key, secret } = from.entry;
    this.#state.properties.set(name, {
      value,
      origin,
      key,
      secret: from.secret ?? (secret && !name.endsWith('.pem')),
      note: from.note,
    });
  }
}

interface Passwords {
  readonly password?: string | undefined;
  readonly keyPassword?: string | undefined;
}

/** An empty password is what an unset variable leaves behind. */
function given({ password, keyPassword }: Passwords): { password?: string; keyPassword?: string } {
  return {
    ...(password === undefined || password === '' ? {} : { password }),
    ...(keyPassword === undefined || keyPassword === '' ? {} : { keyPassword }),
  };
}

function onlyTls13(entry: WrittenEntry, context: TranslationContext): boolean {
  const versions = entry.value
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  const unknown = versions.find((name) => !/^(TLSv1(\.[123])?|SSLv[23](Hello)?)$/.test(name));
  if (unknown !== undefined)
    throw new ValueFault(`${quote(unknown)} is not a version of TLS`, 'write TLSv1.3, TLSv1.2');
  if (versions.length > 0 && !versions.includes('TLSv1.3') && !versions.includes('TLSv1.2'))
    throw new ValueFault('asks for versions of TLS that are no longer offered', 'use TLSv1.2 or TLSv1.3');
  if (versions.some((name) => name !== 'TLSv1.3' && name !== 'TLSv1.2'))
    context.notes.add(entry, 'versions below TLS 1.2 are not offered');
  if (!versions.includes('TLSv1.3') && versions.length > 0)
    context.notes.add(entry, 'TLS 1.3 is offered as well: librdkafka can not be kept from it');
  return versions.includes('TLSv1.3') && !versions.includes('TLSv1.2');
}

function checkVersion(entry: WrittenEntry, context: TranslationContext): void {
  const name = entry.value.trim();
  if (/^TLSv1(\.1)?$|^SSLv/.test(name))
    throw new ValueFault(`${quote(name)} is no longer offered`, 'use TLSv1.2 or TLSv1.3, or remove it');
  const note =
    name === 'TLSv1.2'
      ? 'TLS 1.3 is offered as well: librdkafka can not be kept from it'
      : 'ssl.protocol is left out: it holds anyway';
  context.notes.add(entry, note);
}

/** The text, its lines, and the lines as one: any of them may turn up in what others print. */
function secretsOfPem(pem: string): string[] {
  const lines = pem
    .split(/\r?\n/)
    .filter((line) => line.length >= SECRET_LINE_LENGTH_MIN && !line.startsWith('-----'));
  return [pem, pem.trim(), lines.join(''), ...lines];
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function nameOfKind(store: Store): string {
  return { jks: 'JKS', pkcs12: 'PKCS12', pem: 'PEM' }[store.kind];
}

function counted(certificates: readonly X509Certificate[]): string {
  return `${certificates.length} ${certificates.length === 1 ? 'certificate' : 'certificates'}`;
}
