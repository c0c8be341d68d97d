/** Pieces of generated source for both reading and skipping. They use the names of the prelude. */

export function varint(target: string, tail: 'intTail' | 'longTail' | 'sizeTail', path: string): string {
  return `c = b[p++];
if (c < 128) ${target} = (c >>> 1) ^ -(c & 1); else { ${target} = ${tail}(p, c, \`${path}\`); p = P; }`;
}

/** A branch or symbol number: nearly always one byte. */
export function smallInt(target: string, path: string): string {
  return `c = b[p++];
if (c < 128) ${target} = (c >>> 1) ^ -(c & 1); else { ${target} = intTail(p, c, \`${path}\`); p = P; }`;
}

/** Reads a length into `c`, compared with the remaining bytes. */
export function length(path: string): string {
  const claim = 'claims a length of ${c} bytes, ${e - p} are left';
  return `c = b[p++];
if (c < 128) c = (c >>> 1) ^ -(c & 1); else { c = sizeTail(p, c, \`${path}\`); p = P; }
if (c < 0 || c > e - p) ${fail('INVALID_LENGTH', path, claim)}`;
}

/** Rejects the record. `path` and `text` are insides of a template literal, evaluated only here. */
export function fail(code: string, path: string, text: string): string {
  return `fail('${code}', \`${path}: ${text}\`, p);`;
}

export function shortName(name: string): string {
  return name.slice(name.lastIndexOf('.') + 1);
}
