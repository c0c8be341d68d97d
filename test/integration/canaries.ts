/** Secret test values that must never appear in output, and a search for them in every encoding. */
import { createPrivateKey } from 'node:crypto';

/** The end of each value: characters that JSON, URLs, YAML, shells and login configurations escape. */
const TAIL = '"q\\+/%=&é';

export class Canaries {
  readonly #words = new Map<string, string>();

  /** A secret for one field: a unique word plus characters that some format escapes. */
  secret(field: string, tail = TAIL): string {
    const word = `Kd${field.replaceAll(/\W/g, '')}Canary7f3a`;
    this.#words.set(field, word);
    return `${word}${tail}`;
  }

  /** A given text that must stay secret. */
  known(field: string, text: string): string {
    this.#words.set(field, text);
    return text;
  }

  /**
   * Registers each line of a private key that does not also occur in its certificate (the modulus does), and
   * the key's private number.
   */
  key(field: string, pem: string, certificate: string): string {
    const lines = pem
      .split('\n')
      .filter((line) => line.length > 30 && !line.startsWith('-----') && !certificate.includes(line));
    for (const [index, line] of lines.entries()) this.#words.set(`${field}, line ${index + 1}`, line);
    const { d } = createPrivateKey(pem).export({ format: 'jwk' });
    if (d !== undefined) this.#words.set(`${field}, number`, d);
    return pem;
  }

  /** `field, form: the text around it` for each secret found. */
  findIn(text: string): string[] {
    const found: string[] = [];
    for (const [field, word] of this.#words) {
      for (const [form, shape] of formsOf(word)) {
        const at = text.indexOf(shape);
        if (at >= 0)
          found.push(`${field}, ${form}: …${text.slice(Math.max(0, at - 150), at + shape.length + 20)}…`);
      }
    }
    return found;
  }
}

/**
 * The word itself looks the same in JSON and URLs. Its base64 form depends on how many bytes precede it, so
 * all three alignments are searched for.
 */
function formsOf(word: string): (readonly [form: string, shape: string])[] {
  const bytes = Buffer.from(word);
  const forms: (readonly [string, string])[] = [
    ['as it is', word],
    ['hex', bytes.toString('hex')],
    ['HEX', bytes.toString('hex').toUpperCase()],
  ];
  for (const before of [0, 1, 2]) {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString('base64')
      .replaceAll('=', '');
    // The first and last letters also encode neighbouring bytes, so they are cut off.
    const inner = encoded.slice(before === 0 ? 0 : before + 1, -1);
    forms.push(
      [`base64, ${before} before`, inner],
      [`base64url, ${before} before`, inner.replaceAll('+', '-').replaceAll('/', '_')],
    );
  }
  return forms;
}
