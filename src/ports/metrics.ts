/** Metrics in the terms of Prometheus: a family has a name, a type and samples with labels. */
export interface MetricSample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
  /** Of a histogram or summary: the name with `_bucket`, `_sum` or `_count`. */
  readonly name?: string;
}

export interface MetricFamily {
  readonly name: string;
  readonly help: string;
  readonly type: 'counter' | 'gauge' | 'histogram' | 'summary';
  readonly samples: readonly MetricSample[];
}

/** Writes families, and what is known about the process itself, as text for a scrape. */
export interface Exposition {
  readonly contentType: string;
  text(families: readonly MetricFamily[]): Promise<string>;
}
