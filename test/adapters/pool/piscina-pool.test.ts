import { createPiscinaPool } from '../../../src/adapters/pool/piscina-pool.js';
import { poolContract } from './contract.js';

poolContract('piscina pool', createPiscinaPool);
