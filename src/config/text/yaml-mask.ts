/** Keeps placeholders whole while YAML is parsed. */
import { placeholderEnd } from './interpolate.js';

/**
 * `{`, `}`, `,`, `:` and the like inside `${…}` would end a plain value inside YAML's own braces. Before
 * parsing they are replaced one for one by characters of Unicode's private use area (so positions stay
 * correct), and restored afterwards.
 */
export class Mask {
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
