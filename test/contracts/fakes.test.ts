/** The simulation is worth as much as its fakes are like the real things. */
import { fakeSinkWorld, fakeSourceWorld } from './fake-worlds.js';
import { sinkContract } from './sink.js';
import { sourceContract } from './source.js';

sourceContract('fake source', fakeSourceWorld);
sinkContract('fake sink', fakeSinkWorld);
