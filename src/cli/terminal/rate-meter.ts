/** The rate shown is the mean over about this long. */
const RATE_WINDOW_SAMPLES = 10;

/** Records per second over the last samples of their count. */
export class RateMeter {
  private readonly samples: { readonly atMs: number; readonly consumed: number }[] = [];

  perSecond(consumed: number): number {
    const nowMs = performance.now();
    this.samples.push({ atMs: nowMs, consumed });
    if (this.samples.length > RATE_WINDOW_SAMPLES) this.samples.shift();
    const first = this.samples[0];
    return first === undefined || nowMs <= first.atMs
      ? 0
      : ((consumed - first.consumed) / (nowMs - first.atMs)) * 1000;
  }
}
