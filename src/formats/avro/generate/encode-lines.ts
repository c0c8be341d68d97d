/** The lines of a generated encoder, with the checks for room between them. */

/** A check for room, whose size is known only after the code up to the next check was written. */
interface Guard {
  readonly line: number;
  readonly dynamic: string;
  bytes: number;
}

export class EncodeLines {
  lines: string[] = [];
  private guard: Guard = { line: 0, dynamic: '', bytes: 0 };

  /** The lines that `write` adds, with all their checks completed. */
  frame(write: () => void): string {
    const outer = { lines: this.lines, guard: this.guard };
    this.lines = [];
    this.openGuard('');
    write();
    this.closeGuard();
    const body = this.lines.join('\n');
    this.lines = outer.lines;
    this.guard = outer.guard;
    return body;
  }

  openGuard(dynamic: string): void {
    this.guard = { line: this.lines.push('') - 1, dynamic, bytes: 0 };
  }

  closeGuard(): void {
    const { line, dynamic, bytes } = this.guard;
    if (dynamic === '' && bytes === 0) return;
    this.lines[line] =
      `if (l - p < ${dynamic === '' ? '' : `${dynamic} + `}${String(bytes)}) throw OVERFLOW;`;
  }

  nextGuard(dynamic = ''): void {
    this.closeGuard();
    this.openGuard(dynamic);
  }

  /** Adds lines that write at most this many bytes. */
  put(bytesMax: number, ...lines: string[]): void {
    this.guard.bytes += bytesMax;
    this.lines.push(...lines);
  }
}
