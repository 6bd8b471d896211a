/** A TLS proxy that stands in front of a real S3 gateway and fails on command: the one thing the real one can't do. */
import { readFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { S3Region } from '../../../../drill/s3/region.ts';

/** What happens to one request. `cut`: half of the answer's body, then the line is dead. `lost`: done, but never answered. */
export type Verdict = 'pass' | 'unavailable' | 'cut' | 'lost' | 'hang';

export interface S3Proxy {
  readonly endpoint: string;
  /** Asked for each request in turn. */
  decide: (method: string, url: string) => Verdict;
  readonly seen: string[];
  close(): Promise<void>;
}

export async function startS3Proxy(region: S3Region): Promise<S3Proxy> {
  const [cert, key, ca] = await Promise.all(
    ['cert.pem', 'key.pem', 'ca.pem'].map((f) => readFile(join(region.folder, f))),
  );
  const target = new URL(region.endpoint);
  const proxy = { decide: (): Verdict => 'pass', seen: [] as string[] } as {
    decide: S3Proxy['decide'];
    seen: string[];
  };
  const server: Server = createServer({ cert, key }, (incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const verdict = proxy.decide(method, url);
    proxy.seen.push(`${method} ${url.split('?')[0]} ${verdict}`);
    if (verdict === 'hang') return;
    if (verdict === 'unavailable') {
      incoming.resume();
      outgoing.writeHead(503, { 'content-type': 'application/xml' });
      outgoing.end('<Error><Code>ServiceUnavailable</Code><Message>Please try again.</Message></Error>');
      return;
    }
    const host = target.hostname;
    const forward = request({ host, port: target.port, method, path: url, headers, ca: ca as Buffer }, (answer) => {
      const chunks: Buffer[] = [];
      answer.on('data', (chunk: Buffer) => chunks.push(chunk));
      answer.on('end', () => {
        const body = Buffer.concat(chunks);
        if (verdict === 'lost') return incoming.socket.destroy();
        outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
        if (verdict === 'pass') return outgoing.end(body);
        return outgoing.write(body.subarray(0, body.length / 2), () => incoming.socket.destroy());
      });
    });
    forward.on('error', () => incoming.socket.destroy());
    incoming.pipe(forward);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return Object.assign(proxy, {
    endpoint: `https://localhost:${(server.address() as AddressInfo).port}`,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  });
}
