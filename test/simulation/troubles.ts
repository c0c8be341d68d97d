import type { Random } from '../support/fakes/random.js';

/** The kinds of trouble in a run; most runs have few, so that they get far. */
export interface Troubles extends LogTroubles {
  readonly deadLetters: boolean;
  readonly rejects: boolean;
  readonly kills: boolean;
  readonly refusals: boolean;
  readonly sharedRefusals: boolean;
  readonly topics: boolean;
  readonly missingTopic: boolean;
  readonly rebalances: boolean;
  readonly damage: boolean;
  readonly readFaults: boolean;
  readonly outOfRange: boolean;
  readonly oversize: boolean;
  readonly outage: boolean;
  readonly slow: boolean;
  readonly fatal: boolean;
  readonly deadLettersRefused: boolean;
  readonly blocked: boolean;
}

interface LogTroubles {
  readonly newTopic: boolean;
  readonly cutLog: boolean;
  readonly leaderless: boolean;
}

/** Troubles that cause no duplicates. */
export const MILD = {
  deadLetters: false,
  rejects: false,
  kills: false,
  refusals: false,
  topics: false,
  oversize: false,
  leaderless: false,
} as const;

export function pickTroubles(random: Random): Omit<Troubles, keyof LogTroubles> {
  const deadLetters = random.chance(0.8);
  return {
    deadLetters,
    rejects: random.chance(0.4),
    kills: random.chance(0.25),
    refusals: random.chance(0.15),
    sharedRefusals: random.chance(0.1),
    topics: random.chance(0.2),
    missingTopic: random.chance(0.03),
    rebalances: random.chance(0.5),
    damage: random.chance(0.06),
    readFaults: random.chance(0.1),
    outOfRange: random.chance(0.08),
    oversize: random.chance(0.15),
    outage: random.chance(0.08),
    slow: random.chance(0.1),
    fatal: random.chance(0.02),
    deadLettersRefused: deadLetters && random.chance(0.03),
    blocked: random.chance(0.06),
  };
}

/** The logs themselves change, or can't be asked about. */
export function pickLogTroubles(random: Random): LogTroubles {
  const roll = random.next();
  return {
    newTopic: roll < 0.08,
    cutLog: roll >= 0.08 && roll < 0.12,
    leaderless: random.chance(0.06),
  };
}
