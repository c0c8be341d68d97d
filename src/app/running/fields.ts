/** Reads values out of JSON from elsewhere: another version may have sent it, or another program. */

const LIST_MAX = 10_000;

export class Fields {
  readonly #value: unknown;

  constructor(value: unknown) {
    this.#value = value;
  }

  /** The fields of an object below; of nothing if there is none. */
  in(name: string): Fields {
    return new Fields(this.#at(name));
  }

  has(name: string): boolean {
    return this.#at(name) !== undefined && this.#at(name) !== null;
  }

  /** 0 if it is not there. */
  count(name: string): number {
    return this.number(name) ?? 0;
  }

  number(name: string): number | undefined {
    const value = this.#at(name);
    return typeof value === 'number' && Number.isFinite(value) ? value : undefined;
  }

  text(name: string): string | undefined {
    const value = this.#at(name);
    return typeof value === 'string' ? value : undefined;
  }

  flag(name: string): boolean | undefined {
    const value = this.#at(name);
    return typeof value === 'boolean' ? value : undefined;
  }

  list(name: string): readonly Fields[] {
    const value = this.#at(name);
    return Array.isArray(value) ? value.slice(0, LIST_MAX).map((one: unknown) => new Fields(one)) : [];
  }

  texts(name: string): readonly string[] {
    const value = this.#at(name);
    const isText = (one: unknown): one is string => typeof one === 'string';
    return Array.isArray(value) ? value.filter(isText).slice(0, LIST_MAX) : [];
  }

  entries(name: string): readonly (readonly [key: string, value: unknown])[] {
    const value = this.#at(name);
    if (typeof value !== 'object' || value === null || Array.isArray(value)) return [];
    return Object.entries(value).slice(0, LIST_MAX);
  }

  #at(name: string): unknown {
    const value = this.#value;
    if (typeof value !== 'object' || value === null) return undefined;
    return Object.hasOwn(value, name) ? (value as Readonly<Record<string, unknown>>)[name] : undefined;
  }
}
