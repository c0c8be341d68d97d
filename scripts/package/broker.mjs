// The embedded broker for a kd in another root: prints its address, and stays until it is killed.
import { startMockCluster } from '../../build/src/kafka/tools/mock-cluster.js';

const topics = ['check-in', 'check-out'].map((name) => ({ name, partitions: 2 }));
const { bootstrapServers } = startMockCluster({ topics });
console.log(bootstrapServers);
setInterval(() => undefined, 60_000);
