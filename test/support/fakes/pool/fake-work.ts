import {
  NOTHING_ANSWERED,
  type TransformResult,
  type TransformTask,
  type WorkerDeath,
} from '../../../../src/ports/transform-pool.js';
import { writeIdentity } from '../../../../src/wire/output-writer.js';
import { fatesOf } from '../batch-rows.js';
import type { FateOf } from '../log.js';
import type { Random } from '../random.js';
import { Answer, type AnswerSettings } from './answer.js';

export interface WorkSettings extends AnswerSettings {
  /** How many worker deaths in the whole run are no record's fault, at most. */
  readonly strayDeathsMax: number;
}

/**
 * What workers make of a task, according to the fates of its records: a real output batch, or a death that
 * leaves garbage in the block.
 */
export class FakeWork {
  private readonly random: Random;
  private readonly settings: WorkSettings;
  private readonly fateOf: FateOf;
  private strayDeathsLeft: number;

  constructor(random: Random, settings: WorkSettings, fateOf: FateOf) {
    this.random = random;
    this.settings = settings;
    this.fateOf = fateOf;
    this.strayDeathsLeft = settings.strayDeathsMax;
  }

  on(task: TransformTask, topics: ReadonlyMap<string, number>): TransformResult | WorkerDeath {
    const fates = fatesOf(task, this.fateOf);
    if (task.rejectWith === undefined) {
      const killer = fates.findIndex((fate) => fate.kind === 'kill');
      const fate = fates[killer];
      if (fate?.kind === 'kill') return this.death(task, killer, fate.code);
      if (this.strayDeathsLeft > 0 && this.random.chance(0.1)) return this.strayDeath(task);
    }
    const plain =
      task.rejectWith === undefined &&
      fates.every((fate) => fate.kind === 'emit' && fate.count === 1 && fate.topic === undefined);
    if (plain && this.random.chance(0.5)) return this.identity(task);
    return new Answer(task, fates, topics, this.settings).write(this.random);
  }

  private identity({ output, firstRow, rowCount }: TransformTask): TransformResult {
    const { defaultTopic } = this.settings;
    writeIdentity(output.bytes, firstRow, rowCount, defaultTopic);
    return {
      ...NOTHING_ANSWERED,
      rowsDone: rowCount,
      outputRows: rowCount,
      emitted: [[defaultTopic, rowCount]],
      outputBytes: rowCount,
    };
  }

  private strayDeath(task: TransformTask): WorkerDeath {
    this.strayDeathsLeft -= 1;
    task.output.bytes.fill(0xee);
    return {
      kind: 'worker-death',
      code: 'WORKER_CRASHED',
      message: 'stray',
      suspectFirstRow: task.firstRow,
      suspectRowCount: 0,
    };
  }

  /** The guilty record is among the suspects, usually with others. */
  private death(task: TransformTask, index: number, code: string): WorkerDeath {
    const { random } = this;
    task.output.bytes.fill(0xee);
    const first = index - random.int(Math.min(index, 3) + 1);
    const last = index + random.int(Math.min(task.rowCount - 1 - index, 3) + 1);
    return {
      kind: 'worker-death',
      code,
      message: 'planted',
      suspectFirstRow: task.firstRow + first,
      suspectRowCount: last - first + 1,
    };
  }
}
