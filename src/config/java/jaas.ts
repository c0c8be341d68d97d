/**
 * Reads the text of `sasl.jaas.config` by the rules of Java's StreamTokenizer as Kafka configures it. Errors
 * never quote the text: it holds passwords.
 */
import { ValueFault } from '../keys/value-fault.js';

export interface LoginModule {
  /** The class without its package. */
  readonly module: string;
  readonly options: ReadonlyMap<string, string>;
}

const LENGTH_MAX = 100_000;
const EXAMPLE =
  'write for example: ' +
  'org.apache.kafka.common.security.plain.PlainLoginModule required username="me" password="…";';
const FLAGS = new Set(['required', 'requisite', 'sufficient', 'optional']);

type Token =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'char'; readonly char: string }
  /**
   * Java reads a token that begins with a digit, a dot or a minus as a number, which is never a valid value.
   */
  | { readonly kind: 'number' }
  | { readonly kind: 'end' };

/** Reads the one login module. Throws ValueFault. */
export function parseJaas(text: string): LoginModule {
  if (text.length > LENGTH_MAX) throw new ValueFault(`is longer than ${LENGTH_MAX} characters`, EXAMPLE);
  const tokens = new Tokenizer(text);
  const first = tokens.next();
  if (first.kind === 'end') throw new ValueFault('names no login module', EXAMPLE);
  if (first.kind !== 'text') throw new ValueFault('does not begin with the class of a login module', EXAMPLE);
  const flag = tokens.next();
  if (flag.kind !== 'text' || !FLAGS.has(flag.text.toLowerCase()))
    throw new ValueFault('has no "required" after the login module', EXAMPLE);
  const options = readOptions(tokens);
  if (tokens.next().kind !== 'end')
    throw new ValueFault('continues after the ";": a client can have only one login module', EXAMPLE);
  return { module: first.text.slice(first.text.lastIndexOf('.') + 1), options };
}

function readOptions(tokens: Tokenizer): ReadonlyMap<string, string> {
  const options = new Map<string, string>();
  for (let number = 1; ; number += 1) {
    const name = tokens.next();
    if (name.kind === 'char' && name.char === ';') return options;
    if (name.kind === 'end') throw new ValueFault('does not end with ";"', 'add a ";" at the end');
    const equals = tokens.next();
    if (name.kind !== 'text' || equals.kind !== 'char' || equals.char !== '=')
      throw new ValueFault(
        `option number ${number} is not of the form name="value"`,
        'put every value in double quotes, and escape quotes within as \\"',
      );
    const value = tokens.next();
    if (value.kind !== 'text')
      throw new ValueFault(
        `option number ${number} has no value that Java can read`,
        "put the value in double quotes: without them it can't begin with a digit or hold other " +
          'characters than letters, digits, "_", "-", "$" and "."',
      );
    options.set(name.text, value.text);
  }
}

const ESCAPES: Readonly<Record<string, string>> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
};

class Tokenizer {
  readonly #text: string;
  #index = 0;

  constructor(text: string) {
    this.#text = text;
  }

  next(): Token {
    this.#skip();
    const char = this.#text[this.#index];
    if (char === undefined) return { kind: 'end' };
    if (isDigit(char)) return this.#number();
    if (isAlpha(char)) return { kind: 'text', text: this.#word() };
    this.#index += 1;
    if (char === '"' || char === "'") return { kind: 'text', text: this.#quoted(char) };
    return { kind: 'char', char };
  }

  /**
   * Skips blanks and comments. A lone slash begins a comment, too: that is the default of Java's tokenizer.
   */
  #skip(): void {
    for (;;) {
      const char = this.#text[this.#index];
      if (char === undefined) return;
      if (char <= ' ') {
        this.#index += 1;
      } else if (char === '/' && this.#text[this.#index + 1] === '*') {
        const end = this.#text.indexOf('*/', this.#index + 2);
        this.#index = end < 0 ? this.#text.length : end + 2;
      } else if (char === '/') {
        while (this.#index < this.#text.length && !isLineEnd(this.#text[this.#index])) this.#index += 1;
      } else {
        return;
      }
    }
  }

  #number(): Token {
    const char = this.#text[this.#index] ?? '';
    this.#index += 1;
    const next = this.#text[this.#index] ?? '';
    if (char === '-' && next !== '.' && !/^\d$/.test(next)) return { kind: 'char', char };
    while (/^[\d.]$/.test(this.#text[this.#index] ?? '')) this.#index += 1;
    return { kind: 'number' };
  }

  #word(): string {
    const start = this.#index;
    for (;;) {
      const char = this.#text[this.#index];
      if (char === undefined || !(isAlpha(char) || isDigit(char)))
        return this.#text.slice(start, this.#index);
      this.#index += 1;
    }
  }

  #quoted(quote: string): string {
    let out = '';
    for (;;) {
      const char = this.#text[this.#index];
      if (char === undefined || isLineEnd(char))
        throw new ValueFault(
          'has a quote that is not closed on its line',
          'close it; escape quotes within as \\"',
        );
      this.#index += 1;
      if (char === quote) return out;
      out += char === '\\' ? this.#escape() : char;
    }
  }

  #escape(): string {
    const octal = /^(?:[0-3][0-7]{0,2}|[4-7][0-7]?)/.exec(
      this.#text.slice(this.#index, this.#index + 3),
    )?.[0];
    if (octal !== undefined) {
      this.#index += octal.length;
      return String.fromCharCode(Number.parseInt(octal, 8));
    }
    const char = this.#text[this.#index] ?? '';
    this.#index += 1;
    return ESCAPES[char] ?? char;
  }
}

const isLineEnd = (char: string | undefined): boolean => char === '\n' || char === '\r';
const isDigit = (char: string): boolean => /^[\d.-]$/.test(char);
const isAlpha = (char: string): boolean => /^[A-Za-z0-9_$-]$/.test(char) || char >= '\u00a0';
