// @slow: librdkafka's embedded cluster takes seconds for a rebalance
import { kafkaSinkWorld, kafkaSourceWorld } from './kafka-worlds.js';
import { sinkContract } from './sink.js';
import { sourceContract } from './source.js';

sourceContract('kafka source', kafkaSourceWorld);
sinkContract('kafka sink', kafkaSinkWorld);
