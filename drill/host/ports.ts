/** TCP ports of this machine for the throwaway S3 regions. */
import { createServer } from 'node:net';
import { DrError } from '../../recovery/core/errors.ts';

/** The port if it is free, otherwise undefined; 0 stands for any port. */
export async function tryPort(port: number, host: string): Promise<number | undefined> {
  return new Promise((resolve) => {
    const server = createServer().once('error', () => resolve(undefined));
    server.listen(port, host, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' ? address?.port : undefined));
    });
  });
}

/** Throws `DRILL-PORT`. */
export async function freePort(hint: number | undefined, address = '127.0.0.1'): Promise<number> {
  const port = (hint === undefined ? undefined : await tryPort(hint, address)) ?? (await tryPort(0, address));
  if (port !== undefined) return port;
  throw new DrError({
    code: 'DRILL-PORT',
    where: 's3',
    fact: `no free port on ${address}`,
    hint: `find what holds the ports: ss -ltnp`,
  });
}
