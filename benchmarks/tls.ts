/** The cost of TLS per record: the same contenders over both listeners of one broker, interleaved. */
import { type Contender, overTls } from './contenders.js';
import type { Ground, Handshake } from './ground.js';
import { say } from './ground.js';
import { median } from './stats.js';
import { type Fillings, measureThroughput, type Score } from './throughput.js';

export interface TlsPair {
  readonly plain: Score;
  readonly tls: Score;
  /** CPU per record over TLS, minus CPU per record without TLS in the same round. */
  readonly extraMicrosOfRounds: readonly number[];
  readonly extraMicros: number;
}

export interface TlsScore {
  readonly handshake: Handshake;
  readonly pairs: readonly TlsPair[];
}

export async function measureTls(
  ground: Ground,
  contenders: readonly Contender[],
  fillings: Fillings,
  runs: number,
): Promise<TlsScore> {
  const handshake = await ground.handshake();
  say(`TLS: ${handshake.protocol}, ${handshake.cipher}`);
  const both = contenders.flatMap((contender) => [contender, overTls(contender)]);
  const scores = await measureThroughput(ground, both, fillings, { runs });
  const scoreOf = (id: string): Score | undefined => scores.find((score) => score.id === id);
  return {
    handshake,
    pairs: contenders.flatMap((contender) => pairOf(scoreOf(contender.id), scoreOf(overTls(contender).id))),
  };
}

function pairOf(plain: Score | undefined, tls: Score | undefined): TlsPair[] {
  if (plain === undefined || tls === undefined) return [];
  const extraMicrosOfRounds = tls.cpuMicrosOfRounds.map(
    (micros, round) => micros - (plain.cpuMicrosOfRounds[round] ?? Number.NaN),
  );
  return [{ plain, tls, extraMicrosOfRounds, extraMicros: median(extraMicrosOfRounds) }];
}
