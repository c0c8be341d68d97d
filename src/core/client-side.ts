/** The two Kafka clients of a job, by the names used everywhere. */
export type ClientSide = 'consumer' | 'producer';
