/** Java's .properties format, as Kafka's own tools take it with `--command-config`. */
import { resolve } from 'node:path';
import type { Problems } from '../text/problem.js';
import { readJavaText } from '../text/text-file.js';
import { emptyLayer, type Layer } from './layers.js';

export interface JavaProperty {
  readonly name: string;
  readonly value: string;
  /** Counts from 1. */
  readonly line: number;
}

/**
 * Reads every property of the file as one of `kafka.properties`. `file` is its name in problems, relative to
 * the working directory.
 */
export function propertiesFileLayer(file: string, workingDirectory: string, problems: Problems): Layer {
  const layer = emptyLayer();
  const text = readJavaText(
    file,
    resolve(workingDirectory, file),
    problems,
    'check the path of the properties file',
  );
  for (const { name, value, line } of parseJavaProperties(text ?? '')) {
    // As in Java, the last entry of a name wins.
    layer.properties['kafka.properties'].set(name, {
      value,
      origin: { kind: 'file', at: { file, line, column: 1 } },
      secret: false,
      key: name,
    });
  }
  return layer;
}

/**
 * Handles comments, `=` `:` or a blank as separator, continued lines and escapes. Never throws: every text is
 * a valid file of this format.
 */
export function parseJavaProperties(text: string): readonly JavaProperty[] {
  const properties: JavaProperty[] = [];
  const lines = text.split(/\r\n|\r|\n/);
  for (let index = 0; index < lines.length; index += 1) {
    const line = index + 1;
    let logical = (lines[index] ?? '').trimStart();
    if (logical === '' || logical.startsWith('#') || logical.startsWith('!')) continue;
    while (/(^|[^\\])(\\\\)*\\$/.test(logical) && index + 1 < lines.length) {
      index += 1;
      logical = logical.slice(0, -1) + (lines[index] ?? '').trimStart();
    }
    properties.push({ ...split(logical), line });
  }
  return properties;
}

function split(logical: string): { name: string; value: string } {
  const match = /^((?:\\.|[^\\\s=:])*)(?:\s*[=:]\s*|\s+|$)([\s\S]*)$/.exec(logical);
  return { name: unescape(match?.[1] ?? logical), value: unescape(match?.[2] ?? '') };
}

const ESCAPES: Readonly<Record<string, string>> = { t: '\t', n: '\n', r: '\r', f: '\f' };

function unescape(text: string): string {
  return text.replaceAll(
    /\\(?:u([0-9A-Fa-f]{4})|([\s\S])|$)/g,
    (_, code: string | undefined, char: string | undefined) => {
      if (code !== undefined) return String.fromCharCode(Number.parseInt(code, 16));
      return char === undefined ? '' : (ESCAPES[char] ?? char);
    },
  );
}
