#!/usr/bin/env node
// Plain JavaScript, so that an old Node gets a sentence and not a syntax error.
import { statSync } from 'node:fs';
import module from 'node:module';
import { join } from 'node:path';

const [major] = process.versions.node.split('.').map(Number);
if (major < 24) {
  process.stderr.write(
    `DR-NODE-TOO-OLD node: found ${process.versions.node}, wanted 24 or newer\n` +
      'hint: run it by bin/dr, which takes the Node that `npm run setup` has installed\n',
  );
  process.exit(2);
}
// A third of a second less at each start. Only in a cache folder of our own: who can write there would run as us.
const cache = process.env.XDG_CACHE_HOME || join(process.env.HOME || '/nonexistent', '.cache');
if (ownerOf(cache) === process.getuid?.()) module.enableCompileCache(join(cache, 'go-coffee-dr', 'compile'));
const { main } = await import('./dr.ts').catch(withoutPackages);
await main(process.argv);

/** A clone has no npm packages. */
function withoutPackages(error) {
  if (error.code !== 'ERR_MODULE_NOT_FOUND' || !/Cannot find package/.test(error.message)) throw error;
  const folder = join(import.meta.dirname, '..');
  process.stderr.write(
    `DR-PACKAGES-MISSING ${folder}: ${error.message.split(' imported from ')[0]}\n` +
      `hint: install the packages and engines: \`npm --prefix '${folder}' run setup\`\n`,
  );
  process.exit(2);
}

function ownerOf(path) {
  try {
    return statSync(path).uid;
  } catch (error) {
    if (['ENOENT', 'ENOTDIR', 'EACCES'].includes(error.code)) return -1;
    throw error;
  }
}
