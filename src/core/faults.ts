/**
 * Kinds of failures. The adapters derive them from the brokers' answers; error numbers of a client library go
 * no further than the adapters.
 */

/**
 * Why a produced row was not acknowledged:
 * - `record`: this record can never be delivered; the broker or the writer named it.
 * - `bystander`: it was refused only because the broker refused others of its message set, and named those.
 * - `message-set`: a whole message set was refused, and nobody named the record at fault.
 * - `destination`: its topic or partition can't be written now.
 * - `refused`: rights, credentials or certificates: waiting does not help.
 * - `fatal`: the producer can't go on.
 */
export type DeliveryFault = 'record' | 'bystander' | 'message-set' | 'destination' | 'refused' | 'fatal';

/**
 * What the reader found instead of records:
 * - `closing`: the log can't be read on from here; positions after it can't be trusted.
 * - `out-of-range`: the offset is not in the log; `consumer.out-of-range` decides.
 * - `refused`: a right is missing.
 * - `transient`: it passes; read on from the reader's own next offset.
 * - `limit`: no fault: the next record is at or after the offset where the run stops reading the partition.
 */
export type ReadFault = 'closing' | 'out-of-range' | 'refused' | 'transient' | 'limit';
