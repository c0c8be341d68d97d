/** Texts of one record that are remembered; the rest are encoded again. */
const TEXTS_MAX = 64;

const NOTHING = new DataView(new ArrayBuffer(0));

/**
 * The short ASCII texts of the record decoded last, and where their bytes lie: most transforms change little
 * of a record, and a text that comes out as it came in is copied from block to block, which costs a fraction
 * of going through its characters. One for a decoder and the encoder that writes what becomes of its records.
 * True only as long as the block keeps its bytes: whoever shares one calls the decoder's `release` before
 * that ends.
 */
export class SourceTexts {
  view = NOTHING;
  count = 0;
  readonly texts: string[] = new Array<string>(TEXTS_MAX).fill('');
  readonly starts = new Int32Array(TEXTS_MAX);

  clear(): void {
    this.view = NOTHING;
    this.count = 0;
  }
}
