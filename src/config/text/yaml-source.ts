/** Parses the configuration file; every syntax error becomes a problem with its line. */
import { type Document, isMap, isScalar, LineCounter, parseDocument, type YAMLMap } from 'yaml';
import type { Notes } from '../keys/side.js';
import type { Interpolator } from './interpolate.js';
import type { Position, Problems } from './problem.js';
import { pruneSpring } from './spring-prune.js';
import { Mask } from './yaml-mask.js';
import { BAD_ALIAS, Converter, DEPTH_MAX, type MapTree } from './yaml-tree.js';

/** Our own words for yaml's error codes: its messages quote the file, and the file may hold secrets. */
const SYNTAX: Readonly<Record<string, readonly [string, string]>> = {
  BAD_ALIAS,
  TAG_RESOLVE_FAILED: ['has an unknown tag ("!…")', 'put the value in quotes if it begins with "!"'],
  DUPLICATE_KEY: ['the same key is given twice', 'keep one of them'],
  BAD_SCALAR_START: ['begins with a reserved character', 'put the value in quotes'],
  TAB_AS_INDENT: ['tabs are not allowed as indentation', 'indent with spaces'],
  BAD_INDENT: ['the indentation is inconsistent', 'indent all keys of a section by the same width'],
  MULTIPLE_DOCS: ['holds more than one document', 'keep one document, without further "---" lines'],
  BAD_DQ_ESCAPE: ['has an invalid escape in double quotes', 'use single quotes, or double the backslash'],
  MISSING_CHAR: [
    'a closing quote, bracket or brace, or a space after ":" or a comma is missing',
    'look at this line and the one above',
  ],
  MULTILINE_IMPLICIT_KEY: ['a key spans several lines', 'look for a missing ":" or quote above'],
  BLOCK_AS_IMPLICIT_KEY: [
    'found a mapping where a value is expected',
    'put a value that contains ": " in quotes, or begin a new line',
  ],
  RESOURCE_EXHAUSTION: ['is nested too deeply to be read', 'use fewer levels'],
  UNEXPECTED_TOKEN: [
    'has something after the end of a value',
    'put the whole value in quotes, for example "[::1]:9092"',
  ],
  BLOCK_IN_FLOW: [
    'a list of "- " lines or an indented mapping is within brackets or braces',
    'write it with brackets or braces too, for example [a, b]',
  ],
  KEY_OVER_1024_CHARS: ['a key is longer than 1024 characters', 'look for a missing ":" or quote above'],
  NON_STRING_KEY: ['a key is not plain text', 'write the key as text'],
};

interface ParseParts {
  readonly interpolator: Interpolator;
  readonly problems: Problems;
  readonly notes: Notes;
}

/** Undefined after a reported problem; an empty file is an empty map. */
export function parseYaml(
  file: string,
  text: string,
  { interpolator, problems, notes }: ParseParts,
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
  const reported = new Set<number>();
  for (const fault of faults) {
    const { line, col } = lineCounter.linePos(fault.pos[0]);
    // Further faults on the same line usually result from the first.
    if (reported.has(line)) continue;
    reported.add(line);
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
  const tree = new Converter({ file, document, lineCounter, mask, interpolator, problems, notes }).convert(
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
