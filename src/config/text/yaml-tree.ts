/** YAML's nodes as a plain tree with the line and column of every key and value. */
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  type LineCounter,
  type Node,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { isSecretName } from '../../secrets/names.js';
import type { Notes } from '../keys/side.js';
import type { Interpolator } from './interpolate.js';
import type { Position, Problems } from './problem.js';
import type { Mask } from './yaml-mask.js';

export type Tree = ScalarTree | MapTree | ListTree;

export interface ScalarTree {
  readonly kind: 'scalar';
  /** The value as YAML reads it; a string if something was interpolated. */
  readonly value: string | number | boolean | bigint | null;
  /** The text as written, after interpolation; keeps `0123` and `1e3` as they are. */
  readonly text: string;
  readonly interpolated: boolean;
  readonly quoted: boolean;
  readonly secret: boolean;
  /** A placeholder could not be replaced; that was reported, and the text has no meaning. */
  readonly broken: boolean;
  readonly at: Position;
}

export interface MapTree {
  readonly kind: 'map';
  readonly entries: readonly MapEntry[];
  readonly at: Position;
}

export interface MapEntry {
  readonly key: string;
  readonly keyAt: Position;
  readonly node: Tree;
}

export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly at: Position;
}

export const DEPTH_MAX = 32;
const NODES_MAX = 50_000;
const MERGE_KEY = '<<';

export const BAD_ALIAS = [
  'refers to an anchor ("*name") that does not exist',
  'put the value in quotes if it begins with "*"',
] as const;

export interface ConverterParts {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lineCounter: LineCounter;
  readonly mask: Mask;
  readonly interpolator: Interpolator;
  readonly problems: Problems;
  readonly notes: Notes;
}

export class Converter {
  readonly #parts: ConverterParts;
  /** The keys on the path to the current node. */
  readonly #path: string[] = [];
  #nodes = 0;
  #limitReported = false;

  constructor(parts: ConverterParts) {
    this.#parts = parts;
  }

  convert(node: Node, depth: number): Tree | undefined {
    const at = this.#at(node);
    this.#nodes += 1;
    if (depth > DEPTH_MAX || this.#nodes > NODES_MAX) {
      // Aliases can multiply a small file into billions of nodes; reported once.
      if (!this.#limitReported)
        this.#parts.problems.error(
          at,
          null,
          `is nested deeper than ${DEPTH_MAX} levels or has more than ${NODES_MAX} values`,
          'use fewer levels and fewer aliases',
        );
      this.#limitReported = true;
      return undefined;
    }
    if (isAlias(node)) {
      const target = node.resolve(this.#parts.document);
      if (target !== undefined) return this.convert(target, depth + 1);
      this.#parts.problems.error(at, null, ...BAD_ALIAS);
      return undefined;
    }
    if (isMap(node)) return this.#map(node as YAMLMap, depth, at);
    if (isSeq(node)) {
      const items = node.items
        .map((item) => this.convert(item as Node, depth + 1))
        .filter((item) => item !== undefined);
      return { kind: 'list', items, at };
    }
    return isScalar(node) ? this.#scalar(node, at) : undefined;
  }

  #map(node: YAMLMap, depth: number, at: Position): MapTree {
    const own: MapEntry[] = [];
    const merged: MapEntry[] = [];
    for (const pair of node.items) {
      if (!isScalar(pair.key)) {
        this.#parts.problems.error(at, null, 'a key is not plain text', 'write the key as text');
        continue;
      }
      const keyAt = this.#at(pair.key);
      const key = this.#parts.mask.unmask(String(pair.key.source ?? pair.key.value));
      if (key === MERGE_KEY) {
        merged.push(...this.#merged(pair.value as Node | null, depth, keyAt));
        continue;
      }
      this.#path.push(key);
      const child = pair.value === null ? this.#empty(keyAt) : this.convert(pair.value as Node, depth + 1);
      this.#path.pop();
      if (child !== undefined) own.push({ key, keyAt, node: child });
    }
    const known = new Set(own.map(({ key }) => key));
    // As in YAML 1.1: the mapping's own keys win, then the first of the merged mappings.
    for (const entry of merged) {
      if (!known.has(entry.key)) own.push(entry);
      known.add(entry.key);
    }
    return { kind: 'map', entries: own, at };
  }

  /** `<<: *anchor` or `<<: [*first, *second]`. */
  #merged(node: Node | null, depth: number, at: Position): readonly MapEntry[] {
    const tree = node === null ? undefined : this.convert(node, depth + 1);
    const maps = tree?.kind === 'list' ? tree.items : tree === undefined ? [] : [tree];
    return maps.flatMap((map) => {
      if (map.kind === 'map') return map.entries;
      this.#parts.problems.error(
        at,
        null,
        'a merge key ("<<") must refer to a mapping',
        'write <<: *name, where &name precedes a mapping, or remove the key',
      );
      return [];
    });
  }

  #scalar(node: Scalar, at: Position): ScalarTree {
    const quoted = node.type !== undefined && node.type !== 'PLAIN';
    const raw =
      quoted || typeof node.value === 'string' ? String(node.value) : (node.source ?? String(node.value));
    const written = this.#parts.mask.unmask(raw);
    const expanded = this.#parts.interpolator.expand(written);
    const key = this.#path.length === 0 ? null : this.#path.join('.');
    for (const fault of expanded.faults) this.#parts.problems.error(at, key, fault.message, fault.remedy);
    if (key !== null && expanded.dollars > 0 && (expanded.secret || isSecretName(key)))
      this.#parts.notes.add(
        { key, origin: { kind: 'file', at } },
        '"$$" in this value is read as one "$": write "$$$$" to get two',
      );
    const value =
      expanded.changed || typeof node.value === 'string' ? expanded.text : scalarValue(node.value);
    return {
      kind: 'scalar',
      value,
      text: expanded.text,
      interpolated: expanded.changed,
      quoted,
      secret: expanded.secret,
      broken: expanded.faults.length > 0,
      at,
    };
  }

  #empty(at: Position): ScalarTree {
    return {
      kind: 'scalar',
      value: null,
      text: '',
      interpolated: false,
      quoted: false,
      secret: false,
      broken: false,
      at,
    };
  }

  #at(node: Node): Position {
    const { line, col } = this.#parts.lineCounter.linePos(node.range?.[0] ?? 0);
    return { file: this.#parts.file, line, column: col };
  }
}

function scalarValue(value: unknown): string | number | boolean | bigint | null {
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint')
    return value;
  return String(value);
}
