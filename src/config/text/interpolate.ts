/** `${VAR}`, `${VAR:-default}`, `${VAR:default}`, `${file:/path}` and `$$` in values of the file. */
import { readFileSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { isSecretReference } from '../../secrets/names.js';

export type Environment = Readonly<Record<string, string | undefined>>;

export interface Interpolated {
  readonly text: string;
  /** At least one placeholder or `$$` was replaced. */
  readonly changed: boolean;
  /** One of the variables or files has a name of a secret. */
  readonly secret: boolean;
  /** How many `$$` became one dollar sign. */
  readonly dollars: number;
  readonly faults: readonly { readonly message: string; readonly remedy: string }[];
}

interface Expansion {
  readonly faults: { message: string; remedy: string }[];
  secret: boolean;
  dollars: number;
}

const NESTING_MAX = 8;
const SECRET_FILE_BYTES_MAX = 1_048_576;
/** `app.kafka.group-id`, which Spring also reads from APP_KAFKA_GROUPID. */
const SPRING_NAME = /^[A-Za-z_][\w-]*(\.[\w-]+)+$/;
const VARIABLE = /^[A-Za-z_][A-Za-z0-9_]*$/;

/** Index after the brace that closes the placeholder that opens at `start` (`${`), or -1. */
export function placeholderEnd(text: string, start: number): number {
  let depth = 0;
  for (let index = start + 1; index < text.length; index += 1) {
    const char = text[index];
    if (char === '\n') return -1;
    if (char === '{') depth += 1;
    if (char === '}') {
      depth -= 1;
      if (depth === 0) return index + 1;
    }
  }
  return -1;
}

export class Interpolator {
  readonly #environment: Environment;
  readonly #directory: string;
  /** Absolute paths of files that `${file:…}` read. */
  readonly files = new Set<string>();
  /** The environment variables that placeholders name. */
  readonly variables = new Set<string>();

  /** `directory`: where relative `${file:…}` paths start. */
  constructor(environment: Environment, directory: string) {
    this.#environment = environment;
    this.#directory = directory;
  }

  expand(text: string): Interpolated {
    const state: Expansion = { faults: [], secret: false, dollars: 0 };
    if (!text.includes('$')) return { text, changed: false, ...state };
    const expanded = this.#expand(text, state, 0);
    return { text: expanded, changed: expanded !== text, ...state };
  }

  #expand(text: string, state: Expansion, depth: number): string {
    if (depth > NESTING_MAX) {
      state.faults.push({
        message: `placeholders are nested more than ${NESTING_MAX} levels deep`,
        remedy: 'use plain defaults',
      });
      return '';
    }
    let out = '';
    let index = 0;
    while (index < text.length) {
      const dollar = text.indexOf('$', index);
      if (dollar < 0) return out + text.slice(index);
      out += text.slice(index, dollar);
      const next = text[dollar + 1];
      if (next === '$') {
        out += '$';
        state.dollars += 1;
        index = dollar + 2;
      } else if (next === '{') {
        const end = placeholderEnd(text, dollar);
        if (end < 0) {
          state.faults.push({
            message: '"${" has no closing "}"',
            remedy: 'close it with "}", or write "$${" for a literal "${"',
          });
          return out;
        }
        out += this.#replace(text.slice(dollar + 2, end - 1), state, depth);
        index = end;
      } else {
        out += '$';
        index = dollar + 1;
      }
    }
    return out;
  }

  #replace(body: string, state: Expansion, depth: number): string {
    const colon = body.indexOf(':');
    const name = colon < 0 ? body : body.slice(0, colon);
    if (name === 'file' && colon >= 0) {
      if (isSecretReference(body.slice(colon + 1))) state.secret = true;
      return this.#readFile(body.slice(colon + 1), state);
    }
    if (SPRING_NAME.test(name))
      return this.#springName(name, colon < 0 ? undefined : body.slice(colon + 1), state, depth);
    if (!VARIABLE.test(name)) {
      state.faults.push({
        message: `"\${${name}}" is not the name of an environment variable`,
        remedy: 'write ${NAME}, ${NAME:-default} or ${file:/path}',
      });
      return '';
    }
    const isSecret = isSecretReference(name);
    if (isSecret) state.secret = true;
    this.variables.add(name);
    const value = this.#valueOf(name);
    if (colon < 0) {
      if (value === '' && isSecret)
        state.faults.push({
          message: `the environment variable ${name} is empty`,
          remedy: `set ${name}; if an empty value is meant, write \${${name}:-}`,
        });
      if (value !== undefined) return value;
      state.faults.push({
        message: `the environment variable ${name} is not set`,
        remedy: `set ${name}, or give a default: \${${name}:-value}`,
      });
      return '';
    }
    const shell = body[colon + 1] === '-';
    // The shell's form also replaces an empty variable, Spring's only a missing one.
    if (value !== undefined && !(shell && value === '')) return value;
    return this.#expand(body.slice(colon + (shell ? 2 : 1)), state, depth + 1);
  }

  #springName(name: string, fallback: string | undefined, state: Expansion, depth: number): string {
    if (isSecretReference(name)) state.secret = true;
    const variable = name.replaceAll('.', '_').replaceAll('-', '').toUpperCase();
    this.variables.add(variable);
    const value = this.#valueOf(variable);
    if (value !== undefined) return value;
    if (fallback !== undefined) return this.#expand(fallback, state, depth + 1);
    state.faults.push({
      message: `"\${${name}}" has no value: the environment variable ${variable} is not set`,
      remedy: `set ${variable}, or give a default: \${${name}:value}`,
    });
    return '';
  }

  /** `constructor` and the like are no variables, although every object has them. */
  #valueOf(variable: string): string | undefined {
    return Object.hasOwn(this.#environment, variable) ? this.#environment[variable] : undefined;
  }

  #readFile(path: string, state: { faults: { message: string; remedy: string }[] }): string {
    const full = resolve(this.#directory, path);
    this.files.add(full);
    try {
      if (statSync(full).size > SECRET_FILE_BYTES_MAX) {
        state.faults.push({
          message: `the file ${full} is larger than ${SECRET_FILE_BYTES_MAX} bytes`,
          remedy: 'name a file that holds only the value',
        });
        return '';
      }
      return readFileSync(full, 'utf8').replace(/\r?\n$/, '');
    } catch (error) {
      const reason = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
      state.faults.push({
        message: `the file ${full} can't be read (${reason})`,
        remedy: 'check the path and its permissions; a relative path starts at the configuration file',
      });
      return '';
    }
  }
}
