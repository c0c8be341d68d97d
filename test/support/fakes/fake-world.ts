import type { BlockHolders } from './block-holders.js';
import type { Random } from './random.js';
import type { FakeGroup } from './source/fake-group.js';
import type { VirtualClock } from './virtual-clock.js';

/** What the fakes of one run share. */
export interface FakeWorld {
  readonly clock: VirtualClock;
  readonly random: Random;
  readonly holders: BlockHolders;
  readonly group: FakeGroup;
}
