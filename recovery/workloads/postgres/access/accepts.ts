/** Whether a port takes connections. One that does and then says nothing belongs to a server that is stopped, not to one that is gone. */
import { connect } from 'node:net';

/** @returns false as well when nobody answers within the time, and for a name that is unknown */
export function acceptsConnections(host: string, port: number, withinMs: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: withinMs });
    const end = (accepts: boolean) => () => {
      socket.destroy();
      resolve(accepts);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}
