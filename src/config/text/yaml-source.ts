/** Reads YAML into a plain tree that knows the line and column of every key and value. */
import { closeSync, openSync, readSync } from 'node:fs';
import {
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  parseDocument,
  type Scalar,
  type YAMLMap,
} from 'yaml';
import { type Interpolator, placeholderEnd } from './interpolate.js';
import type { Position, Problems } from './problem.js';
import { pruneSpring } from './spring-prune.js';

export type Tree = ScalarTree | MapTree | ListTree;

export interface ScalarTree {
  readonly kind: 'scalar';
  /** As YAML reads it; a string where something was interpolated. */
  readonly value: string | number | boolean | bigint | null;
  /** As written, after interpolation: keeps `0123` and `1e3` as they are. */
  readonly text: string;
  readonly interpolated: boolean;
  readonly quoted: boolean;
  readonly secret: boolean;
  /** A placeholder could not be replaced; that was reported, and the text means nothing. */
  readonly broken: boolean;
  readonly at: Position;
}

export interface MapTree {
  readonly kind: 'map';
  readonly entries: readonly { readonly key: string; readonly keyAt: Position; readonly node: Tree }[];
  readonly at: Position;
}

export interface ListTree {
  readonly kind: 'list';
  readonly items: readonly Tree[];
  readonly at: Position;
}

const FILE_BYTES_MAX = 1_048_576;
const DEPTH_MAX = 32;
const NODES_MAX = 50_000;

const BAD_ALIAS = [
  'refers with "*" to an anchor that does not exist',
  'put the value in quotes if it begins with "*"',
] as const;

/** Own words for yaml's error codes: its texts quote the file, and the file may hold secrets. */
const SYNTAX: Readonly<Record<string, readonly [string, string]>> = {
  BAD_ALIAS,
  TAG_RESOLVE_FAILED: ['has an unknown tag ("!…")', 'put the value in quotes if it begins with "!"'],
  DUPLICATE_KEY: ['the same key is given twice', 'keep one of them'],
  BAD_SCALAR_START: ['begins with a reserved character', 'put the value in quotes'],
  TAB_AS_INDENT: ['tabs are not allowed as indentation', 'indent with spaces'],
  BAD_INDENT: ['the indentation does not fit', 'indent all keys of a section by the same number of spaces'],
  MULTIPLE_DOCS: ['holds more than one document', 'keep one document, without further "---" lines'],
  BAD_DQ_ESCAPE: ['has an invalid escape in double quotes', 'use single quotes, or double the backslash'],
  MISSING_CHAR: [
    'a closing quote, bracket or brace, or a space behind ":" or a comma is missing',
    'look at this line and the one above',
  ],
  MULTILINE_IMPLICIT_KEY: ['a key runs over several lines', 'look for a missing ":" or quote above'],
  BLOCK_AS_IMPLICIT_KEY: [
    'a mapping stands where a value is expected',
    'put a value that contains ": " in quotes, or begin a new line',
  ],
  RESOURCE_EXHAUSTION: ['is nested too deeply to be read', 'write it flatter'],
  NON_STRING_KEY: ['a key is not plain text', 'write the key as text'],
};

const NAME_A_FILE = 'name the configuration with -c FILE or KD_CONFIG';

/**
 * Reads a file of bounded size as text; undefined after a reported problem. `file` is the name in problems,
 * `path` where it is.
 */
export function readText(
  file: string,
  path: string,
  problems: Problems,
  remedy = NAME_A_FILE,
): string | undefined {
  const bytes = readTextBytes(file, path, problems, remedy);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    problems.error({ file, line: 1, column: 1 }, null, 'is not valid UTF-8', 'save the file as UTF-8');
    return undefined;
  }
}

/** The same where Java reads ISO 8859-1, as with its .properties: whatever is no UTF-8 is that. */
export function readJavaText(
  file: string,
  path: string,
  problems: Problems,
  remedy: string,
): string | undefined {
  const bytes = readTextBytes(file, path, problems, remedy);
  if (bytes === undefined) return undefined;
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return Buffer.from(bytes).toString('latin1');
  }
}

function readTextBytes(
  file: string,
  path: string,
  problems: Problems,
  remedy: string,
): Uint8Array | undefined {
  const bytes = readBytes(file, path, problems, remedy);
  if (bytes === undefined) return undefined;
  const start: Position = { file, line: 1, column: 1 };
  if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
    problems.error(start, null, 'is UTF-16, not UTF-8', 'save the file as UTF-8');
    return undefined;
  }
  if (bytes.includes(0)) {
    problems.error(start, null, 'holds NUL bytes: it is not a text file in UTF-8', 'save the file as UTF-8');
    return undefined;
  }
  return bytes;
}

function readBytes(file: string, path: string, problems: Problems, remedy: string): Uint8Array | undefined {
  let descriptor: number | undefined;
  try {
    descriptor = openSync(path, 'r');
    // Read to a bound instead of asking for the size: a pipe (`-c <(…)`) has none.
    const buffer = Buffer.alloc(FILE_BYTES_MAX + 1);
    let length = 0;
    for (;;) {
      const got = readSync(descriptor, buffer, length, buffer.length - length, null);
      length += got;
      if (got === 0 || length > FILE_BYTES_MAX) break;
    }
    if (length <= FILE_BYTES_MAX) return buffer.subarray(0, length);
    problems.error(
      { file, line: 1, column: 1 },
      null,
      `is larger than ${FILE_BYTES_MAX} bytes`,
      'is this the right file?',
    );
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    const what =
      code === 'ENOENT' ? 'does not exist' : code === 'EISDIR' ? 'is a directory' : `can't be read (${code})`;
    problems.error({ file, line: 1, column: 1 }, null, what, remedy);
  } finally {
    if (descriptor !== undefined) closeSync(descriptor);
  }
  return undefined;
}

/** Undefined after a reported problem; an empty file is an empty map. */
export function parseYaml(
  file: string,
  text: string,
  interpolator: Interpolator,
  problems: Problems,
): MapTree | undefined {
  const start: Position = { file, line: 1, column: 1 };
  const lineCounter = new LineCounter();
  const mask = new Mask(text);
  let document: Document.Parsed;
  try {
    document = parseDocument(mask.masked, { lineCounter, prettyErrors: false, keepSourceTokens: false });
  } catch {
    problems.error(start, null, 'is nested too deeply to be read', `nest at most ${DEPTH_MAX} levels`);
    return undefined;
  }
  const faults = [...document.errors, ...document.warnings];
  const told = new Set<number>();
  for (const fault of faults) {
    const { line, col } = lineCounter.linePos(fault.pos[0]);
    // What follows on the same line is mostly an echo of the first.
    if (told.has(line)) continue;
    told.add(line);
    const [message, remedy] = SYNTAX[fault.code] ?? [
      `is not valid YAML (${fault.code.toLowerCase().replaceAll('_', ' ')})`,
      'look at this line and the one above',
    ];
    problems.error({ file, line, column: col }, null, message, remedy);
  }
  if (faults.length > 0) return undefined;
  if (document.contents === null || (isScalar(document.contents) && document.contents.value === null))
    return { kind: 'map', entries: [], at: start };
  if (isMap(document.contents)) pruneSpring(document.contents as YAMLMap);
  const tree = new Converter({ file, document, lineCounter, mask, interpolator, problems }).convert(
    document.contents,
    0,
  );
  if (tree === undefined || tree.kind === 'map') return tree;
  problems.error(
    tree.at,
    null,
    'the file must be a mapping of keys, such as "kafka:"',
    'see configs/kd.example.yml',
  );
  return undefined;
}

/**
 * `{`, `}`, `,`, `:` and the like inside `${…}` would end a plain value inside YAML's own braces. They are
 * replaced one for one by characters of Unicode's private use area before the parser sees them (so positions
 * stay true), and put back behind it.
 */
class Mask {
  readonly masked: string;
  readonly #active: boolean;
  static readonly #plain = '{}[],:#&*!|>\'"%@` ';
  static readonly #base = 0xe4d0;

  constructor(text: string) {
    this.#active = text.includes('${') && !/[\ue4d0-\ue4ef]/.test(text);
    this.masked = this.#active ? Mask.#maskAll(text) : text;
  }

  unmask(text: string): string {
    if (!this.#active) return text;
    return text.replaceAll(
      /[\ue4d0-\ue4ef]/g,
      (char) => Mask.#plain[char.charCodeAt(0) - Mask.#base] ?? char,
    );
  }

  static #maskAll(text: string): string {
    let out = '';
    let index = 0;
    for (;;) {
      const start = text.indexOf('${', index);
      const end = start < 0 ? -1 : placeholderEnd(text, start);
      if (start < 0) return out + text.slice(index);
      if (end < 0) {
        out += text.slice(index, start + 2);
        index = start + 2;
        continue;
      }
      out += `${text.slice(index, start)}$`;
      for (const char of text.slice(start + 1, end)) {
        const place = Mask.#plain.indexOf(char);
        out += place < 0 ? char : String.fromCharCode(Mask.#base + place);
      }
      index = end;
    }
  }
}

interface ConverterParts {
  readonly file: string;
  readonly document: Document.Parsed;
  readonly lineCounter: LineCounter;
  readonly mask: Mask;
  readonly interpolator: Interpolator;
  readonly problems: Problems;
}

class Converter {
  readonly #parts: ConverterParts;
  /** The keys down to the node in hand. */
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
      // Aliases can multiply a small file into billions of nodes; said once.
      if (!this.#limitReported)
        this.#parts.problems.error(
          at,
          null,
          `is nested deeper than ${DEPTH_MAX} levels or has more than ${NODES_MAX} values`,
          'write it flatter, with fewer aliases',
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
    if (isMap(node)) {
      const entries: { key: string; keyAt: Position; node: Tree }[] = [];
      for (const pair of node.items) {
        if (!isScalar(pair.key)) {
          this.#parts.problems.error(at, null, 'a key is not plain text', 'write the key as text');
          continue;
        }
        const key = this.#parts.mask.unmask(String(pair.key.source ?? pair.key.value));
        this.#path.push(key);
        const child =
          pair.value === null ? this.#empty(this.#at(pair.key)) : this.convert(pair.value as Node, depth + 1);
        this.#path.pop();
        if (child !== undefined) entries.push({ key, keyAt: this.#at(pair.key), node: child });
      }
      return { kind: 'map', entries, at };
    }
    if (isSeq(node)) {
      const items = node.items
        .map((item) => this.convert(item as Node, depth + 1))
        .filter((item) => item !== undefined);
      return { kind: 'list', items, at };
    }
    return isScalar(node) ? this.#scalar(node, at) : undefined;
  }

  #scalar(node: Scalar, at: Position): ScalarTree {
    const quoted = node.type !== undefined && node.type !== 'PLAIN';
    const raw =
      quoted || typeof node.value === 'string' ? String(node.value) : (node.source ?? String(node.value));
    const written = this.#parts.mask.unmask(raw);
    const expanded = this.#parts.interpolator.expand(written);
    const key = this.#path.length === 0 ? null : this.#path.join('.');
    for (const fault of expanded.faults) this.#parts.problems.error(at, key, fault.message, fault.remedy);
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
