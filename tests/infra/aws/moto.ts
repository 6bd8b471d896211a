/** A moto server in a process of its own: it takes or refuses S3's calls as AWS does, and enforces nothing. */
import { readdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { S3Client } from '@aws-sdk/client-s3';
import { freePort } from '../../../drill/host/ports.ts';
import { endTracked, startDaemon, waitFor } from '../../../drill/host/processes.ts';
import { isAlive } from '../../../recovery/core/pids.ts';
import { cacheBin } from '../../../recovery/engines/programs.ts';
import { withFolder } from '../../platform.ts';

/** Where the set-up puts it, whichever version. Throws with what to type. */
async function motoServer(): Promise<string> {
  const cache = dirname(cacheBin());
  const found = (await readdir(cache).catch(() => [])).filter((name) => name.startsWith('moto-')).sort();
  const last = found.at(-1);
  if (last === undefined) throw new Error(`no moto in ${cache}: node scripts/setup.mjs --tests`);
  return join(cache, last, 'bin', 'moto_server');
}

/** `use` gets a client for each region. The server is ended and its folder deleted afterwards. */
export async function withMoto<T>(use: (client: (region: string) => S3Client) => Promise<T>): Promise<T> {
  const program = await motoServer();
  return withFolder(async (folder) => {
    const port = await freePort(undefined);
    const pidFile = join(folder, 'pids', 'moto');
    const { pid, started } = await startDaemon({
      argv: [program, '-H', '127.0.0.1', '-p', String(port)],
      env: {},
      cwd: folder,
      logFile: join(folder, 'moto.log'),
      pidFile,
    });
    const endpoint = `http://127.0.0.1:${port}`;
    const clients: S3Client[] = [];
    try {
      await waitFor('moto answers', async () => {
        if (!isAlive(pid, started)) throw new Error('moto ended at once');
        return fetch(`${endpoint}/moto-api/`).then(
          ({ ok }) => ok,
          () => false,
        );
      });
      return await use((region) => {
        const credentials = { accessKeyId: 'test', secretAccessKey: 'test' };
        const client = new S3Client({ endpoint, region, forcePathStyle: true, credentials, maxAttempts: 1 });
        clients.push(client);
        return client;
      });
    } finally {
      for (const client of clients) client.destroy();
      await endTracked(pidFile);
    }
  });
}
