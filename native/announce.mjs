// Runs before npm compiles librdkafka, which takes minutes without output, and announces it. In a checkout
// make does so.
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { say } from './say.mjs';

if (!existsSync(fileURLToPath(new URL('test', import.meta.url))))
  say('compiling librdkafka and the addon on this machine; this takes two to five minutes on two cores');
