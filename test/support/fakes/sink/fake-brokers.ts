import type { FateOf } from '../log.js';
import type { Random } from '../random.js';
import type { VirtualClock } from '../virtual-clock.js';
import type { Part, PartRow, SentRow } from './parts.js';

/** While it lasts, every row for the topic fails. */
export interface TopicOutage {
  readonly topic: string;
  readonly fromMs: number;
  readonly toMs: number;
  readonly code: number;
}

export interface BrokerSettings {
  readonly handOverMaxMs: number;
  readonly ackMaxMs: number;
  readonly outages: readonly TopicOutage[];
  /** The dead-letter topic refuses offsets that are divisible by this number. */
  readonly deadLettersRefusedModulo: number | undefined;
}

/**
 * A row that fails alone, and the reason; `words` only if the broker said something about this very record.
 */
export interface Refusal {
  readonly code: number;
  readonly words?: string;
}

interface BrokerEvents {
  answered(part: Part, row: PartRow, refusal: Refusal | undefined): void;
  /** Each part with rows in a message set, when the whole set was answered. */
  maybeSettled(part: Part): void;
}

/** Rows that the brokers accept or refuse as a whole; they may belong to several parts. */
interface MessageSet {
  readonly rows: { readonly part: Part; readonly row: PartRow }[];
}

const NO_PARTITION = -10_004;
const TOO_LARGE_ALONE = -10_003;
const INVALID_RECORD = 87;
const BYSTANDER = -138;
const TOO_LARGE = 10;

/** Collect rows in message sets by topic, and accept or refuse each set as a whole, in any order. */
export class FakeBrokers {
  private readonly world: { clock: VirtualClock; random: Random };
  private readonly settings: BrokerSettings;
  private readonly fateOf: FateOf;
  private readonly events: BrokerEvents;
  /** The message set that the next rows of a topic join. */
  private readonly open = new Map<string, MessageSet>();

  constructor(
    world: { clock: VirtualClock; random: Random },
    settings: BrokerSettings,
    fateOf: FateOf,
    events: BrokerEvents,
  ) {
    this.world = world;
    this.settings = settings;
    this.fateOf = fateOf;
    this.events = events;
  }

  /** Refused by the producer itself. */
  refusedUnsent(row: SentRow): Refusal | undefined {
    if (row.nowhere) return { code: NO_PARTITION };
    const fate = this.fateOf(row.id, row.epoch, row.offset);
    const alone = !row.deadLetter && fate.kind === 'refused' && fate.how === 'alone';
    return alone ? { code: TOO_LARGE_ALONE } : undefined;
  }

  send(part: Part, row: PartRow): void {
    const set = this.open.get(row.topic);
    if (set !== undefined) {
      set.rows.push({ part, row });
      return;
    }
    const opened: MessageSet = { rows: [{ part, row }] };
    this.open.set(row.topic, opened);
    const { clock, random } = this.world;
    clock.after(random.int(this.settings.handOverMaxMs + 2), () => {
      if (this.open.get(row.topic) === opened) this.open.delete(row.topic);
      clock.after(random.int(this.settings.ackMaxMs + 1), () => this.acknowledge(opened));
    });
  }

  /** The brokers' answer to a whole message set. */
  private acknowledge({ rows }: MessageSet): void {
    const verdicts = rows.map(({ row }) => this.verdictOn(row));
    const refused = verdicts.some((verdict) => verdict !== undefined);
    const unnamed = verdicts.some((verdict) => verdict?.code === TOO_LARGE);
    rows.forEach(({ part, row }, index) => {
      // Purged in the meantime.
      if (!part.pending.has(row)) return;
      const bystander = unnamed ? TOO_LARGE : BYSTANDER;
      const refusal = this.outageOf(row) ?? verdicts[index] ?? (refused ? { code: bystander } : undefined);
      this.events.answered(part, row, unnamed && refusal !== undefined ? { code: refusal.code } : refusal);
    });
    for (const part of new Set(rows.map((one) => one.part))) this.events.maybeSettled(part);
  }

  private outageOf(row: SentRow): Refusal | undefined {
    const nowMs = this.world.clock.nowMs();
    return this.settings.outages.find(
      ({ topic, fromMs, toMs }) => topic === row.topic && nowMs >= fromMs && nowMs < toMs,
    );
  }

  /** The verdict on a record sent alone. */
  private verdictOn(row: SentRow): Refusal | undefined {
    if (row.deadLetter) {
      const modulo = this.settings.deadLettersRefusedModulo;
      const refused = modulo !== undefined && row.offset % modulo === 0;
      return refused
        ? { code: INVALID_RECORD, words: 'a compacted topic takes no record without a key' }
        : undefined;
    }
    const fate = this.fateOf(row.id, row.epoch, row.offset);
    if (fate.kind !== 'refused' || fate.how === 'alone') return undefined;
    return fate.how === 'named' ? { code: INVALID_RECORD, words: 'planted' } : { code: TOO_LARGE };
  }
}
