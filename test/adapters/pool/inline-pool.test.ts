import { createInlinePool } from '../../../src/adapters/pool/inline-pool.js';
import { poolContract } from './contract.js';

poolContract('inline pool', createInlinePool);
