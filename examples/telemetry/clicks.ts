import { defineTransform, emit } from 'kafka-dispatcher';

interface Click {
  page: string;
  user: string;
}

interface Visit extends Click {
  /** The trace of the request that caused the click, for whoever looks at the data. */
  trace: string | undefined;
}

export default defineTransform<Click, Visit>({
  transform(click, record) {
    const trace = record.headerText('traceparent')?.slice(3, 35);
    // The headers of the click, `traceparent` among them, are those of the visit.
    return emit({ ...click, trace }, { key: click.user });
  },
});
