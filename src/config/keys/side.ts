/** The context in which the properties of one client are built. */

import { dirname, resolve } from 'node:path';
import type { ClientSide } from '../../core/client-side.js';
import type { Store, StoreError } from '../../stores/index.js';
import type { Entry } from '../text/entry.js';
import { formatOrigin, type Origin, type Problems } from '../text/problem.js';
import type { CertificateNote } from './resolved.js';
import type { PropertyMap } from './schema.js';

/** A property as written in the configuration. */
export interface WrittenEntry extends Entry<string> {
  readonly map: PropertyMap;
  /** `kafka.properties.ssl.truststore.location`, or the path under which it was written. */
  readonly key: string;
}

/** A property as librdkafka receives it. */
export interface PropertyEntry extends Entry<string> {
  readonly key: string;
  /** How the written value was translated; '' if it was taken over unchanged. */
  readonly note: string;
}

export type PropertyEntries = ReadonlyMap<string, PropertyEntry>;

/** For information only: nothing is wrong, a name was left out on purpose. */
export interface Note {
  readonly key: string;
  /** `kd.yml:12:5`, or the source. */
  readonly place: string;
  readonly message: string;
}

export class Notes {
  readonly #notes = new Map<string, Note>();

  add(entry: { readonly key: string; readonly origin: Origin }, message: string): void {
    const place = formatOrigin(entry.origin);
    const name = `${place}\n${entry.key}`;
    const before = this.#notes.get(name)?.message;
    // Both clients report the same for the properties that they share.
    if (before?.includes(message) === true) return;
    this.#notes.set(name, {
      key: entry.key,
      place,
      message: before === undefined ? message : `${before}; ${message}`,
    });
  }

  list(): readonly Note[] {
    return [...this.#notes.values()];
  }
}

/** Shared by both sides: a store that both name is read once. */
export interface TranslationContext {
  readonly workingDirectory: string;
  readonly problems: Problems;
  readonly notes: Notes;
  /** Secrets found in the written values or in the files they name. */
  readonly secrets: Set<string>;
  /** For reports of certificate expiry. */
  readonly now: Date;
  readonly stores: Map<string, Store | StoreError>;
}

/** One client's properties while they are being built. */
export interface SideState {
  readonly side: ClientSide;
  /** librdkafka's names, final. */
  readonly properties: Map<string, PropertyEntry>;
  /** TLS and SASL properties that only make sense together, as written. */
  readonly pending: Map<string, WrittenEntry>;
  readonly certificates: CertificateNote[];
  readonly files: Set<string>;
}

/** The folder that a relative path of this origin starts from. */
export function baseDirectory(origin: Origin, workingDirectory: string): string {
  return origin.kind === 'file' ? resolve(workingDirectory, dirname(origin.at.file)) : workingDirectory;
}

/**
 * `file:` and `classpath:` as Spring writes them; a class path resource is looked up beside the configuration
 * file.
 */
export function absolutePath(
  entry: { readonly value: string; readonly origin: Origin },
  workingDirectory: string,
): string {
  const bare = entry.value
    .trim()
    .replace(/^file:(\/\/(?=\/))?/, '')
    .replace(/^classpath:\/?/, '');
  return resolve(baseDirectory(entry.origin, workingDirectory), bare);
}

/** Removes and returns a pending property. */
export function take(state: SideState, name: string): WrittenEntry | undefined {
  const entry = state.pending.get(name);
  state.pending.delete(name);
  return entry;
}
