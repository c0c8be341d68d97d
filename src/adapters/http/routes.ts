/** What the HTTP server answers: a route is a path and a function, and only reads. */

export interface Answer {
  readonly status: number;
  /** The content type. */
  readonly type: string;
  readonly text: string;
  /** Headers of this answer alone; they replace those that every answer has. */
  readonly headers?: Readonly<Record<string, string>>;
}

export interface Route {
  readonly path: string;
  /**
   * `probe`: for anybody, under any name of this host. `shell`: holds no data, so it needs no token. Default:
   * needs the token if there is one.
   */
  readonly access?: 'probe' | 'shell';
  /** Its errors are an answer of 500 without details. */
  answer(query: URLSearchParams): Answer | Promise<Answer>;
}

export function json(body: unknown, status = 200): Answer {
  return jsonText(JSON.stringify(body), status);
}

export function jsonText(text: string, status = 200): Answer {
  return { status, type: 'application/json; charset=utf-8', text: `${text}\n` };
}

/** `/livez` (never depends on Kafka) and `/readyz`; `notReady` gives the reason, or null. */
export function probeRoutes(notReady: () => string | null): readonly Route[] {
  return [
    { path: '/livez', access: 'probe', answer: () => json({ live: true }) },
    {
      path: '/readyz',
      access: 'probe',
      answer: () => {
        const why = notReady();
        return why === null ? json({ ready: true }) : json({ ready: false, why }, 503);
      },
    },
  ];
}
