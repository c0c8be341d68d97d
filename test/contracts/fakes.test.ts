/**
 * The simulation proves something only if its fakes behave like librdkafka, so they pass the same contract
 * tests.
 */
import { fakeSinkWorld, fakeSourceWorld } from './fake-worlds.js';
import { sinkContract } from './sink.js';
import { sourceContract } from './source.js';

sourceContract('fake source', fakeSourceWorld);
sinkContract('fake sink', fakeSinkWorld);
