/**
 * Text from elsewhere (a record, a broker, a configuration) may hold characters that move the cursor of a
 * terminal, change its colours, reverse the order of letters, or fake further lines. They are shown as
 * escapes instead, so that the text stays on its line.
 */

/**
 * Control characters, Unicode's line ends, blanks without width, and the marks that change the direction of
 * writing.
 */
const UNSEEN = /[\p{Cc}\u00ad\u2028\u2029\u061c\u200b\u200e\u200f\u202a-\u202e\u2060\u2066-\u2069\ufeff]/gu;

/** The text on one line: a line end becomes "⏎", other such characters `\u001b` and the like. */
export function visible(text: string): string {
  return text.replaceAll(UNSEEN, (char) =>
    char === '\n' ? '⏎' : `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

/** The same for text that is meant to have several lines, such as an excerpt of code. */
export function visibleLines(text: string): string {
  return text
    .split(/\r?\n/)
    .map((line) => line.split('\t').map(visible).join('\t'))
    .join('\n');
}

/** The first character of a text that {@link visible} would replace. */
export function firstUnseen(text: string): string | undefined {
  return text.match(UNSEEN)?.[0];
}
