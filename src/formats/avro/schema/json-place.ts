/**
 * Finds where a text stops being JSON, as "line:column". JSON.parse names a position only in some of its
 * messages, and differently in each version of Node, so the place is found separately, once an error is
 * known.
 */
export function placeOfJsonFault(text: string): string {
  const at = faultPosition(text);
  const before = text.slice(0, at);
  return `${String(before.split('\n').length)}:${String(at - before.lastIndexOf('\n'))}`;
}

type Expected = 'value' | 'value or ]' | 'key' | 'key or }' | 'colon' | 'end of item';

const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/;
const SCALAR = new RegExp(`${STRING.source}|${NUMBER.source}|true|false|null`, 'y');
const SPACE = /[ \t\r\n]*/y;

function faultPosition(text: string): number {
  const open: string[] = [];
  let expected: Expected = 'value';
  let at = 0;
  for (;;) {
    at = behind(SPACE, text, at) ?? at;
    const c = text[at];
    if (c === undefined) return at;
    const closes = c === open.at(-1) && (expected === 'end of item' || expected.endsWith(` ${c}`));
    if (closes) {
      open.pop();
      expected = 'end of item';
      at += 1;
    } else if (expected === 'end of item') {
      if (c !== ',' || open.length === 0) return at;
      expected = open.at(-1) === '}' ? 'key' : 'value';
      at += 1;
    } else if (expected === 'colon') {
      if (c !== ':') return at;
      expected = 'value';
      at += 1;
    } else if (expected.startsWith('value') && (c === '{' || c === '[')) {
      open.push(c === '{' ? '}' : ']');
      expected = c === '{' ? 'key or }' : 'value or ]';
      at += 1;
    } else {
      const end = behind(SCALAR, text, at);
      const isKey = expected.startsWith('key');
      if (end === undefined || (isKey && c !== '"')) return at;
      expected = isKey ? 'colon' : 'end of item';
      at = end;
    }
  }
}

function behind(pattern: RegExp, text: string, at: number): number | undefined {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : undefined;
}
