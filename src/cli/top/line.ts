/** Lines of a frame: pieces of text with a style, cut to the width of the terminal. */
import { visible } from '../../core/visible.js';
import type { Paint } from '../terminal/running/status-text.js';

export type Style = keyof Paint;
export type Span = string | readonly [text: string, style: Style];
export type Line = readonly Span[];

/** At most `width` characters, then painted. Text from elsewhere can't leave its place. */
export function render(line: Line, width: number, paint: Paint): string {
  let left = width;
  let text = '';
  for (const span of line) {
    if (left <= 0) break;
    const [plain, style] = typeof span === 'string' ? [span, undefined] : span;
    const characters = [...visible(plain)].slice(0, left);
    left -= characters.length;
    const shown = characters.join('');
    text += style === undefined ? shown : paint[style](shown);
  }
  return text;
}

/** `words` on the left, `end` at the right edge if there is room for it. */
export function spread(words: Line, end: string, width: number): Line {
  const length = words.reduce((sum, span) => sum + (typeof span === 'string' ? span : span[0]).length, 0);
  const gap = width - length - end.length;
  return gap < 1 ? words : [...words, ' '.repeat(gap), [end, 'dim']];
}
