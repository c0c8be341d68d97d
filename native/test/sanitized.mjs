// Loaded before a test (node --import): takes the addons that run.mjs compiled with sanitizers.
import Module from 'node:module';
import { isMainThread } from 'node:worker_threads';

// For this process alone: a Java broker that it starts would not run with it.
delete process.env.LD_PRELOAD;
const resolve = Module._resolveFilename;
let taken = 0;
Module._resolveFilename = (request, ...rest) => {
  const sanitized = request.replace('native/build/Release/', 'native/build/asan/');
  if (sanitized !== request) taken += 1;
  return resolve(sanitized, ...rest);
};
process.once('exit', (code) => {
  if (code !== 0 || taken > 0 || !isMainThread) return;
  console.error('native: the test loaded no addon that was compiled with the sanitizers');
  process.exitCode = 1;
});
