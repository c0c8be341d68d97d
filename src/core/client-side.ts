/** The two clients of a job: the one word for them everywhere. */
export type ClientSide = 'consumer' | 'producer';
