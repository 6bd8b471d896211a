/** A TLS proxy that stands in front of a real S3 gateway and fails on command: the one thing the real one can't do. */
import { readFile } from 'node:fs/promises';
import { createServer, request, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { S3Region } from '../../../../drill/s3/region.ts';

/** Refusals in the words of AWS; `conflict` is a conditional write beside another write of its key. */
const REFUSALS = {
  unavailable: [503, 'ServiceUnavailable', 'Please try again.'],
  'slow-down': [503, 'SlowDown', 'Please reduce your request rate.'],
  conflict: [
    409,
    'ConditionalRequestConflict',
    'The conditional request cannot succeed due to a conflicting operation against this resource.',
  ],
} as const;

/** What happens to one request. `cut`: half of the answer's body, then the line is dead. `lost`: done, but never answered. */
export type Verdict = keyof typeof REFUSALS | 'pass' | 'cut' | 'lost' | 'hang';

export interface S3Proxy {
  readonly endpoint: string;
  /** Asked for each request in turn. */
  decide: (method: string, url: string) => Verdict;
  /** Of all connections together, in each direction. @default no limit */
  bytesPerSecond: number | undefined;
  readonly seen: string[];
  close(): Promise<void>;
}

/** A line that all connections share, in one direction. */
function makeLine(rate: () => number | undefined) {
  const SLICE = 16_384;
  let freeAt = 0;
  return async function* (body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      for (let from = 0; from < chunk.length; from += SLICE) {
        const slice = chunk.subarray(from, from + SLICE);
        const bytes = rate();
        if (bytes !== undefined) {
          freeAt = Math.max(freeAt, performance.now()) + (slice.length / bytes) * 1000;
          await new Promise((resolve) => setTimeout(resolve, Math.max(0, freeAt - performance.now())));
        }
        yield slice;
      }
    }
  };
}

export async function startS3Proxy(region: S3Region): Promise<S3Proxy> {
  const [cert, key, ca] = await Promise.all(
    ['cert.pem', 'key.pem', 'ca.pem'].map((f) => readFile(join(region.folder, f))),
  );
  const target = new URL(region.endpoint);
  const proxy: Pick<S3Proxy, 'decide' | 'bytesPerSecond' | 'seen'> = {
    decide: () => 'pass',
    bytesPerSecond: undefined,
    seen: [],
  };
  const [up, down] = [makeLine(() => proxy.bytesPerSecond), makeLine(() => proxy.bytesPerSecond)];
  const server: Server = createServer({ cert, key }, (incoming, outgoing) => {
    const { method = '', url = '', headers } = incoming;
    const verdict = proxy.decide(method, url);
    proxy.seen.push(`${method} ${url.split('?')[0]} ${verdict}`);
    if (verdict === 'hang') return;
    if (verdict in REFUSALS) {
      const [status, code, message] = REFUSALS[verdict as keyof typeof REFUSALS];
      incoming.resume();
      outgoing.writeHead(status, { 'content-type': 'application/xml' });
      outgoing.end(`<Error><Code>${code}</Code><Message>${message}</Message></Error>`);
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
        if (verdict === 'pass') {
          if (proxy.bytesPerSecond === undefined) return outgoing.end(body);
          return void pipeline(Readable.from(down(Readable.from([body]))), outgoing).catch(() => {});
        }
        return outgoing.write(body.subarray(0, body.length / 2), () => incoming.socket.destroy());
      });
    });
    forward.on('error', () => incoming.socket.destroy());
    if (proxy.bytesPerSecond === undefined) incoming.pipe(forward);
    else pipeline(Readable.from(up(incoming)), forward).catch(() => incoming.socket.destroy());
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
