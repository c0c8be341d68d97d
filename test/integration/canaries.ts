/** Words that must be seen nowhere, and what finds them in whatever form they come. */
import { createPrivateKey } from 'node:crypto';

/** Behind each word: what JSON, URLs, YAML, shells and login configurations write in another way. */
const TAIL = '"q\\+/%=&é';

export class Canaries {
  readonly #words = new Map<string, string>();

  /** A secret for one field: the word, and letters that are escaped somewhere. */
  secret(field: string, tail = TAIL): string {
    const word = `Kd${field.replaceAll(/\W/g, '')}Canary7f3a`;
    this.#words.set(field, word);
    return `${word}${tail}`;
  }

  /** Something secret that is given as it is. */
  known(field: string, text: string): string {
    this.#words.set(field, text);
    return text;
  }

  /**
   * Each line of a private key that its certificate does not hold, too (the modulus), and the number it is
   * made of.
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

  /** `field, form: the text around it` for each word that is found. */
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
 * A word is unchanged in JSON and URLs. Base64 depends on how many bytes come before it, so all three
 * beginnings are looked for.
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
    // The first and the last letters mix with the letters beside them.
    const inner = encoded.slice(before === 0 ? 0 : before + 1, -1);
    forms.push(
      [`base64, ${before} before`, inner],
      [`base64url, ${before} before`, inner.replaceAll('+', '-').replaceAll('/', '_')],
    );
  }
  return forms;
}
