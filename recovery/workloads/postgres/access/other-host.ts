/** What the error of a server on another host says of it: only its port can be tried from here. */
import { connect } from 'node:net';
import type { PostgresSettings } from '../../../config/environment.ts';
import { DrError, messageOf } from '../../../core/errors.ts';
import { isLate } from './unanswered.ts';

export interface OtherHostSays {
  readonly server: 'up' | 'down';
  /** It runs and says nothing. */
  readonly unanswered?: string;
  readonly facts: readonly string[];
}

const CONNECT_MS = 5_000;

/** One that takes connections and then says nothing belongs to a server that is stopped, not to one that is gone. */
function takesConnections(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: CONNECT_MS });
    const end = (takes: boolean) => () => {
      socket.destroy();
      resolve(takes);
    };
    socket.once('connect', end(true)).once('error', end(false)).once('timeout', end(false));
  });
}

/** A server that refuses is one that runs. */
export async function otherHostSays({ host = '', port }: PostgresSettings, error: unknown): Promise<OtherHostSays> {
  const said = error instanceof DrError ? `${error.where}: ${error.fact}` : messageOf(error);
  if (!isLate(error)) return { server: 'up', facts: [`PostgreSQL refuses: ${said}`] };
  if (!(await takesConnections(host, port))) return { server: 'down', facts: [`PostgreSQL does not answer: ${said}`] };
  const unanswered = `PostgreSQL at ${host}:${port} takes connections and does not answer: ${said}`;
  return { server: 'up', unanswered, facts: [unanswered] };
}
