import type { Scenario } from './scenario.js';

const UNSETTLED = /stored although \d+ is not settled/;

/** The law that must catch each mutant, by its name. */
export const LAWS: Readonly<Record<string, RegExp>> = {
  'commits past an unsettled record, up to the highest one that is settled': UNSETTLED,
  'commits one record too many': UNSETTLED,
  'writes results of an ended assignment': /handed over under epoch \d+, which has ended/,
  'gives partitions back before they are drained': /stored for partition \d+, which is not open/,
  'treats lost partitions as revoked': /stored for partition \d+, which was lost/,
  'treats a failed delivery as acknowledged': UNSETTLED,
  'blames every record of a message set that was refused': /an innocent record became a dead letter/,
  'settles a part twice': /ended with DEFECT: .* settled/,
  'settles what is written before it is acknowledged': UNSETTLED,
  'releases a batch before the one it should follow': /handed over for the first time after/,
  'starts reading one record too late': UNSETTLED,
  'forgets a record that is larger than a block': /no end after/,
  'uses more memory than allowed': /bytes of blocks .* allowed/,
  'waits for a worker that never ends': /no end after/,
  'reports a worker that still runs as ended': /a worker thread did not end/,
  'calls a run good although a worker was blocked': /a worker never ended/,
  'ignores that a topic was replaced': /still read long after its topic was replaced/,
  'never asks whether the logs are still those of its start': /no end after|at the end of a bounded run/,
  'stores an offset of the old topic in the new one': /of the topic before (is stored|was committed)/,
  'drops what is on its way when a topic is replaced': /of the topic before was read, but not settled/,
  'waits for the leaderless partition before the others are opened': /were opened long after/,
  'never commits a lower offset': /a restart would begin at/,
  'forgets where to stop when it reads again': /beyond its end/,
  'writes the receipt after the commit': /is in no receipt/,
  'opens partitions without parking the reader': /while the reader is not parked/,
  'loses the end of a drain': /no end after/,
};

const isBlocked = ({ pool }: Scenario): boolean => pool.blockedFromTask !== undefined;
const isChanged = ({ source }: Scenario): boolean => (source.changes ?? []).length > 0;

/** The runs in which a mutant can differ at all, where these are few. */
export const CONCERNS: Readonly<Record<string, (scenario: Scenario) => boolean>> = {
  'waits for a worker that never ends': isBlocked,
  'reports a worker that still runs as ended': isBlocked,
  'calls a run good although a worker was blocked': isBlocked,
  'ignores that a topic was replaced': isChanged,
  'never asks whether the logs are still those of its start': isChanged,
  'stores an offset of the old topic in the new one': isChanged,
  'drops what is on its way when a topic is replaced': isChanged,
  'never commits a lower offset': isChanged,
  'waits for the leaderless partition before the others are opened': ({ leaderless }) =>
    leaderless.length > 0,
};
