/** `node serve.ts --folder REGION --listen 127.0.0.1:7070 … --owner ACCESS-KEY [--elsewhere BUCKET=REGION …]`: the front of one region. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openFront } from './front.ts';

const { values } = parseArgs({
  options: {
    folder: { type: 'string' },
    listen: { type: 'string', multiple: true },
    gateway: { type: 'string' },
    owner: { type: 'string' },
    elsewhere: { type: 'string', multiple: true },
  },
});
const { folder, listen = [], gateway, owner, elsewhere = [] } = values;
if (!folder || !gateway || !owner || listen.length === 0)
  throw new Error('--folder, --gateway, --owner and --listen are needed');

const [cert, key] = await Promise.all(['cert.pem', 'key.pem'].map((name) => readFile(join(folder, name), 'utf8')));
const makeServer = await openFront({
  cert: cert ?? '',
  key: key ?? '',
  gateway,
  owner,
  learnedFile: join(folder, 'learned.json'),
  elsewhere: Object.fromEntries(elsewhere.map((pair) => pair.split('=') as [string, string])),
});
for (const address of listen) {
  const { hostname, port } = new URL(`tcp://${address}`);
  makeServer().listen(Number(port), hostname.replaceAll(/[[\]]/g, ''));
}
