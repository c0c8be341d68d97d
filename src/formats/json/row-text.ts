/** One record of the shape: its cells, its numbers, and its text, whose first character is at `start`. */
export interface RowText {
  readonly cells: Int32Array;
  /** The first cell of the first leaf. */
  at: number;
  readonly numbers: Float64Array;
  firstNumber: number;
  text: string;
  start: number;
}
