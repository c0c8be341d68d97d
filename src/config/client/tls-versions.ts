/** Translates TLS versions and cipher suites from Java's names. */
import { type TranslationContext, take, type WrittenEntry } from '../keys/side.js';
import { quote, ValueFault } from '../keys/value-fault.js';
import { cipherList } from './cipher-names.js';

import { TlsPart } from './tls-part.js';

export class Versions extends TlsPart {
  apply(): void {
    const protocols = take(this.state, 'ssl.enabled.protocols');
    const version = take(this.state, 'ssl.protocol');
    const suites = take(this.state, 'ssl.cipher.suites');
    try {
      const tls13Only = protocols !== undefined && onlyTls13(protocols, this.context);
      if (version !== undefined) checkVersion(version, this.context);
      const entry = suites ?? protocols;
      if (entry === undefined) return;
      const { value, notes } = cipherList(suites?.value, tls13Only);
      for (const note of notes) this.context.notes.add(entry, note);
      const note = [
        ...(value === suites?.value
          ? []
          : [`from ${suites === undefined ? 'ssl.enabled.protocols' : 'IANA names'}`]),
        ...notes,
      ].join('; ');
      if (value !== undefined) this.put('ssl.cipher.suites', value, { entry, note });
    } catch (fault) {
      const entry = suites ?? protocols ?? version;
      if (!(fault instanceof ValueFault) || entry === undefined) throw fault;
      this.context.problems.error(entry.origin, entry.key, fault.message, fault.remedy);
    }
  }
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
    throw new ValueFault('asks for TLS versions that are no longer supported', 'use TLSv1.2 or TLSv1.3');
  if (versions.some((name) => name !== 'TLSv1.3' && name !== 'TLSv1.2'))
    context.notes.add(entry, 'versions below TLS 1.2 are not offered');
  if (!versions.includes('TLSv1.3') && versions.length > 0)
    context.notes.add(entry, "TLS 1.3 is offered as well: librdkafka can't turn it off");
  return versions.includes('TLSv1.3') && !versions.includes('TLSv1.2');
}

function checkVersion(entry: WrittenEntry, context: TranslationContext): void {
  const name = entry.value.trim();
  if (/^TLSv1(\.1)?$|^SSLv/.test(name))
    throw new ValueFault(`${quote(name)} is no longer supported`, 'use TLSv1.2 or TLSv1.3, or remove it');
  const note =
    name === 'TLSv1.2'
      ? "TLS 1.3 is offered as well: librdkafka can't turn it off"
      : 'ssl.protocol is left out: this is the default';
  context.notes.add(entry, note);
}
