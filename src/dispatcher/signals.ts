/** Requests to a run from outside, as promises: each resolves once and stays resolved. */
export interface Signals {
  readonly stopWanted: Promise<undefined>;
  readonly cutWanted: Promise<void>;
  stop(): void;
  cut(): void;
}

export function makeSignals(): Signals {
  let stop: () => void = () => undefined;
  let cut: () => void = () => undefined;
  const stopWanted = new Promise<undefined>((resolve) => {
    stop = (): void => resolve(undefined);
  });
  const cutWanted = new Promise<void>((resolve) => {
    cut = resolve;
  });
  return { stopWanted, cutWanted, stop, cut };
}
