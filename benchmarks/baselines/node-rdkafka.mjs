/**
 * The same job on stock node-rdkafka, by hand, as its own documentation does it: consume(n), produce() each
 * record to the same partition with its key, headers and source timestamp, to the end of a known number of
 * records, or for ever with none. One JSON object on standard output.
 *   node node-rdkafka.mjs '{"bootstrap":…,"input":…,"output":…,"group":…,"records":n,"reports":true|false,
 *     "consumer":{…},"producer":{…}}'
 * reports: count every record's delivery report in JavaScript (the only way stock node-rdkafka has to know
 * that it arrived); without them the final flush is all there is, which is no basis for committing offsets.
 */
import Kafka from 'node-rdkafka';

const CONSUME_MAX = 4000;
const POLL_MS = 5;
const FLUSH_MS = 60_000;
const QUEUE_FULL = Kafka.CODES.ERRORS.ERR__QUEUE_FULL;

const options = JSON.parse(process.argv[2]);
const consumer = new Kafka.KafkaConsumer(
  {
    'bootstrap.servers': options.bootstrap,
    'group.id': options.group,
    'check.crcs': true,
    ...options.consumer,
  },
  { 'auto.offset.reset': 'earliest' },
);
const producer = new Kafka.Producer({
  'bootstrap.servers': options.bootstrap,
  'enable.idempotence': true,
  acks: 'all',
  ...options.producer,
  ...(options.reports ? { dr_cb: true } : { 'delivery.report.only.error': true }),
});

let delivered = 0;
let failed = 0;
producer.on('delivery-report', (error) => {
  if (error) failed += 1;
  else delivered += 1;
});

function connect(client) {
  return new Promise((resolve, reject) => client.connect({}, (error) => (error ? reject(error) : resolve())));
}

function consume() {
  return new Promise((resolve, reject) =>
    consumer.consume(CONSUME_MAX, (error, records) => (error ? reject(error) : resolve(records))),
  );
}

/**
 * False when librdkafka's queue is full. Synchronous: a promise a record would cost the baseline more than
 * librdkafka does.
 */
function produced(record) {
  try {
    producer.produce(
      options.output,
      record.partition,
      record.value,
      record.key,
      record.timestamp,
      undefined,
      record.headers,
    );
    return true;
  } catch (error) {
    if (error.code !== QUEUE_FULL) throw error;
    producer.poll();
    return false;
  }
}

await Promise.all([connect(consumer), connect(producer)]);
consumer.setDefaultConsumeTimeout(5);
producer.setPollInterval(POLL_MS);
consumer.subscribe([options.input]);
let records = 0;
let firstAt = 0;
const wanted = options.records === 0 ? Number.POSITIVE_INFINITY : options.records;
while (records < wanted) {
  for (const record of await consume()) {
    if (records === 0) firstAt = performance.now();
    records += 1;
    while (options.output !== undefined && !produced(record))
      await new Promise((resolve) => setTimeout(resolve, 1));
    if (records === wanted) break;
  }
}
if (options.output !== undefined)
  await new Promise((resolve, reject) =>
    producer.flush(FLUSH_MS, (error) => (error ? reject(error) : resolve())),
  );
while (options.reports && delivered + failed < records)
  await new Promise((resolve) => setTimeout(resolve, 1));
const seconds = (performance.now() - firstAt) / 1000;
const { user, system } = process.cpuUsage();
await Promise.all([consumer, producer].map((client) => new Promise((resolve) => client.disconnect(resolve))));
console.log(
  JSON.stringify({
    records,
    delivered,
    failed,
    seconds,
    cpuSeconds: (user + system) / 1e6,
    rssPeakBytes: process.resourceUsage().maxRSS * 1024,
  }),
);
process.exit(failed === 0 ? 0 : 1);
