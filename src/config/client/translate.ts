/**
 * Translates single property names of both worlds to librdkafka's. Properties that only make sense together
 * (TLS, SASL) are left for tls.ts and sasl.ts.
 */

import { existsSync } from 'node:fs';
import type { ClientSide } from '../../core/client-side.js';
import { nearestName } from '../../core/nearest-name.js';
import { LIBRDKAFKA_VERSION } from '../../kafka/properties/librdkafka-properties.js';
import { LIBRDKAFKA_NAMES, librdkafkaRow, valueFault } from '../../kafka/properties/names.js';
import { ownedProperties } from '../../kafka/properties/owned.js';
import { isSecretName } from '../../secrets/names.js';
import type { JavaOutcome } from '../java/java-outcomes.js';
import { JAVA_NAMES, javaRow, propertyIdentity } from '../java/java-table.js';
import { absolutePath, type SideState, type TranslationContext, type WrittenEntry } from '../keys/side.js';
import { quote, ValueFault } from '../keys/value-fault.js';
import { isPathProperty, putInOrder, textFault } from './value-rules.js';

/** Not a path: it makes librdkafka look for the system's certificates. */
export const PROBE = 'probe';

type PropertyOutcome = Extract<JavaOutcome, { kind: 'property' }>;

export function translate(
  written: ReadonlyMap<string, WrittenEntry>,
  side: ClientSide,
  context: TranslationContext,
): SideState {
  const state: SideState = {
    side,
    properties: new Map(),
    pending: new Map(),
    certificates: [],
    files: new Set(),
  };
  const translator = new Translator(written, state, context);
  for (const [name, entry] of written) translator.property(name, entry);
  translator.finish();
  return state;
}

class Translator {
  readonly #written: ReadonlyMap<string, WrittenEntry>;
  readonly #state: SideState;
  readonly #context: TranslationContext;
  /** Identity → the name that was written. */
  readonly #seen = new Map<string, string>();
  /** Applied at the end, where nothing else sets them. */
  readonly #weak: (readonly [name: string, value: string, entry: WrittenEntry])[] = [];

  constructor(written: ReadonlyMap<string, WrittenEntry>, state: SideState, context: TranslationContext) {
    this.#written = written;
    this.#state = state;
    this.#context = context;
  }

  property(name: string, entry: WrittenEntry): void {
    const outcome = javaRow(name)?.[2];
    const fault = textFault(name, entry.value);
    if (fault !== undefined) this.#error(entry, ...fault);
    else if (outcome?.kind === 'ignored')
      this.#context.notes.add(entry, `${name} is left out: ${javaRow(name)?.[3] ?? ''}`);
    else if (outcome?.kind === 'refused' && outcome.harmless?.test(entry.value.trim()) === true)
      this.#context.notes.add(entry, `${name} is left out: the behaviour it asks for already applies`);
    else if (ownedProperties.has(name)) this.#owned(name, entry);
    else if (outcome?.kind === 'refused')
      this.#error(entry, `${name} is not supported: ${javaRow(name)?.[3] ?? ''}`, outcome.remedy);
    else if (!this.#concerns(name, entry)) return;
    else if (outcome?.kind === 'tls' || outcome?.kind === 'sasl' || name === 'sasl.mechanisms')
      this.#pending(name, entry);
    else if (outcome?.kind === 'property') this.#java(name, entry, outcome);
    else this.#native(name, entry);
  }

  finish(): void {
    for (const [name, value, entry] of this.#weak) {
      if (
        ![...this.#state.properties.keys()].some(
          (known) => propertyIdentity(known) === propertyIdentity(name),
        )
      )
        this.#state.properties.set(name, { ...entry, value, note: this.#noteFor(entry, name) });
    }
    putInOrder(this.#state.properties);
  }

  #owned(name: string, entry: WrittenEntry): void {
    const owned = ownedProperties.get(name);
    const remedy = owned?.instead === undefined ? 'remove it' : `use ${owned.instead}`;
    this.#error(entry, `${name} can't be set: ${owned?.reason ?? ''}`, remedy);
  }

  /**
   * False for properties of the other client only: in the shared map they are skipped, in a client's own map
   * they are a mistake.
   */
  #concerns(name: string, entry: WrittenEntry): boolean {
    const scope = javaRow(name)?.[1] ?? librdkafkaRow(name)?.[1] ?? '*';
    if (scope === '*' || scope === (this.#state.side === 'consumer' ? 'C' : 'P')) return true;
    if (entry.map !== 'kafka.properties')
      this.#error(
        entry,
        `${name} has no effect here`,
        `move it to kafka.${scope === 'P' ? 'producer' : 'consumer'}.properties`,
      );
    return false;
  }

  #pending(name: string, entry: WrittenEntry): void {
    const one = name === 'sasl.mechanisms' ? 'sasl.mechanism' : name;
    if (this.#repeats(name, entry)) return;
    this.#state.pending.set(one, entry);
  }

  #java(name: string, entry: WrittenEntry, outcome: PropertyOutcome): void {
    if (/^compression\.\w+\.level$/.test(name) && !this.#isCodec(name.split('.')[1] ?? '')) {
      this.#context.notes.add(entry, `${name} is left out: compression.type is a different codec`);
      return;
    }
    const converted = this.#converted(entry, outcome);
    if (converted === undefined) return;
    const other = this.#state.side === 'consumer' ? outcome.consumerName : undefined;
    if (other !== undefined) {
      this.#weak.push([other, converted, entry]);
      return;
    }
    if (this.#repeats(name, entry) || !this.#fits(outcome.name, converted, entry)) return;
    const kept = outcome.name === name ? name : outcome.name;
    this.#state.properties.set(kept, {
      ...entry,
      value: this.#absolute(kept, { ...entry, value: converted }),
      note: this.#noteFor(entry, kept, converted),
    });
    if (outcome.also !== undefined) this.#weak.push([outcome.also, converted, entry]);
  }

  #converted(entry: WrittenEntry, outcome: PropertyOutcome): string | undefined {
    try {
      const value = outcome.convert === undefined ? entry.value.trim() : outcome.convert(entry.value);
      if (value === undefined)
        this.#context.notes.add(entry, `${entry.key} is left out: the behaviour it asks for already applies`);
      return value;
    } catch (fault) {
      if (!(fault instanceof ValueFault)) throw fault;
      this.#error(entry, entry.secret ? 'has an invalid value' : fault.message, fault.remedy);
      return undefined;
    }
  }

  #isCodec(codec: string): boolean {
    return (
      (this.#written.get('compression.type') ?? this.#written.get('compression.codec'))?.value
        .trim()
        .toLowerCase() === codec
    );
  }

  #native(name: string, entry: WrittenEntry): void {
    const row = librdkafkaRow(name);
    if (row === undefined) {
      const near = nearestName(name, [...LIBRDKAFKA_NAMES, ...JAVA_NAMES]);
      const remedy =
        near === undefined
          ? `see docs/CONFIG.md and the CONFIGURATION.md of librdkafka ${LIBRDKAFKA_VERSION}`
          : `did you mean ${near}?`;
      this.#error(
        entry,
        `${quote(name)} is neither a property of librdkafka nor a name of Kafka's Java clients`,
        remedy,
      );
    } else if (row[2] === 'callback') {
      this.#error(entry, `${name} can't be set: it is a callback of librdkafka's C interface`, 'remove it');
    } else if (!this.#repeats(name, entry)) {
      const value = isSecretName(name) ? entry.value : entry.value.trim();
      if (this.#fits(name, value.trim(), entry))
        this.#state.properties.set(name, {
          ...entry,
          value: this.#absolute(name, { ...entry, value }),
          note: '',
        });
    }
  }

  /** Reports two names of one property in the same place. */
  #repeats(name: string, entry: WrittenEntry): boolean {
    const identity = propertyIdentity(name);
    const first = this.#seen.get(identity);
    this.#seen.set(identity, name);
    if (first === undefined) return false;
    this.#error(entry, `${name} and ${first} are the same property`, 'keep one of them');
    return true;
  }

  #fits(name: string, value: string, entry: WrittenEntry): boolean {
    const fault = valueFault(name, value);
    if (fault === undefined) return true;
    this.#error(
      entry,
      isSecretName(name) || entry.secret ? fault : `${quote(value)}: ${fault}`,
      'correct the value, or remove the property to use its default',
    );
    return false;
  }

  #absolute(name: string, entry: WrittenEntry): string {
    if (!isPathProperty(name) || entry.value === PROBE || entry.value === '') return entry.value;
    const path = absolutePath(entry, this.#context.workingDirectory);
    if (existsSync(path)) this.#state.files.add(path);
    else
      this.#error(
        entry,
        `${path} does not exist`,
        'check the path; a relative one starts at the configuration file',
      );
    return path;
  }

  #noteFor(entry: WrittenEntry, name: string, value = entry.value.trim()): string {
    const written = entry.key.slice(entry.key.startsWith(`${entry.map}.`) ? entry.map.length + 1 : 0);
    if (written === name && value === entry.value.trim()) return '';
    return isSecretName(name) || entry.secret || value === entry.value.trim()
      ? `from ${written}`
      : `from ${written}: ${entry.value.trim()}`;
  }

  #error(entry: WrittenEntry, message: string, remedy?: string): void {
    this.#context.problems.error(entry.origin, entry.key, message, remedy);
  }
}
