/** A way to a port of a pod through the Kubernetes API, as `kubectl port-forward`: no network policy stands in it. */
import { createServer, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { PortForward } from '@kubernetes/client-node';
import type { ClusterAccess } from '../../kubernetes/access.ts';

export interface Forward extends AsyncDisposable {
  /** On this machine alone. */
  readonly host: string;
  readonly port: number;
}

interface PodPort {
  readonly namespace: string;
  readonly pod: string;
  readonly port: number;
}

export async function forwardTo(access: ClusterAccess, { namespace, pod, port }: PodPort): Promise<Forward> {
  const forward = new PortForward(access.config);
  const open = new Set<Socket>();
  const server = createServer((socket) => {
    open.add(socket);
    socket.on('close', () => open.delete(socket));
    socket.on('error', () => socket.destroy());
    const said = new PassThrough();
    // What the other end says of a port where nobody listens.
    said.on('data', (part: Buffer) => part.length > 0 && socket.destroy());
    forward.portForward(namespace, pod, [port], socket, said, socket).then(
      (connection) => {
        const close = (): void => void ('close' in connection && connection.close());
        socket.on('close', close);
        if ('on' in connection) connection.on('close', () => socket.end());
      },
      (error: unknown) => socket.destroy(error instanceof Error ? error : undefined),
    );
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new TypeError('a server of TCP has an address');
  return {
    host: '127.0.0.1',
    port: address.port,
    async [Symbol.asyncDispose]() {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
