/** How many texts of a record are remembered; further ones are encoded again. */
const TEXTS_MAX = 64;

const NOTHING = new DataView(new ArrayBuffer(0));

/**
 * The short ASCII texts of the record that was decoded last, and the positions of their bytes. Most
 * transforms change little of a record, and an unchanged text is copied from block to block, which costs a
 * fraction of encoding its characters. A decoder shares it with the encoder of its results. Valid only while
 * the block keeps its bytes: call the decoder's `release` before that ends.
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
