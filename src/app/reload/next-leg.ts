import type { DispatcherError } from '../../core/errors.js';
import { afterLeg, type LegEnd } from './after-leg.js';
import type { Revision } from './leg.js';
import type { LegNews } from './leg-news.js';
import type { Reloader } from './reloader.js';
import type { RestartPause } from './restart-pause.js';
import type { Takeover } from './takeover.js';

export interface NextLegParts<Config> {
  readonly takeover: Takeover<Config>;
  readonly restart: RestartPause;
  readonly reloader: Reloader<Config> | undefined;
  readonly news: LegNews;
  /** The user stopped the run. */
  readonly isStopping: () => boolean;
}

/** Finds the configuration that the next leg uses. */
export class NextLeg<Config> {
  private readonly parts: NextLegParts<Config>;

  constructor(parts: NextLegParts<Config>) {
    this.parts = parts;
  }

  /** Undefined when the run is over. */
  async after(end: LegEnd): Promise<Revision<Config> | undefined> {
    const { takeover, news } = this.parts;
    const { error } = end.report;
    switch (afterLeg(end)) {
      case 'over':
        return undefined;
      case 'switch':
        if (error !== undefined) news.replacing(error);
        return takeover.take();
      case 'start-again':
        return error === undefined ? undefined : this.startAgain(error);
      case 'look-for-newer':
        return this.newer(error);
    }
  }

  private async newer(error: DispatcherError | undefined): Promise<Revision<Config> | undefined> {
    const { reloader, news, isStopping } = this.parts;
    const fresh = await reloader?.fresh();
    if (fresh === undefined || isStopping()) return undefined;
    news.outdated(error);
    return fresh;
  }

  /** Alternates between the revision that ran before and the current contents of the files. */
  private async startAgain(error: DispatcherError): Promise<Revision<Config> | undefined> {
    const { takeover, reloader, restart, news, isStopping } = this.parts;
    const { current: failed, isProven } = takeover;
    if (!isProven) reloader?.giveUp(failed, error);
    takeover.answer();
    const pause = restart.next();
    if (pause === undefined) return undefined;
    news.startsAgain(isProven, error, pause);
    await restart.wait(pause.inMs);
    if (isStopping()) return undefined;
    if (takeover.hasPending) return takeover.take();
    if (!isProven && takeover.proven !== undefined) return takeover.proven;
    const fresh = await reloader?.fresh();
    // Loading takes a while: a leg started after the request to stop would not see that request.
    return isStopping() ? undefined : (fresh ?? failed);
  }
}
