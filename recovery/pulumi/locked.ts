/** A stack that another run of the engine holds: who holds it, and whether that run is certainly dead. */
import { hostname } from 'node:os';
import { DrError, EXIT } from '../core/errors.ts';
import { beganAt, isAlive } from '../core/pids.ts';

export interface StackHolder {
  readonly user: string;
  readonly host: string;
  readonly pid: number;
  readonly since: string;
}

export class StackLockedError extends DrError {
  /** Undefined where the backend does not name the holder. */
  readonly holder: StackHolder | undefined;

  constructor(stack: string, holder: StackHolder | undefined, cause?: unknown) {
    const who = holder && `${holder.user}@${holder.host} pid ${holder.pid} since ${holder.since}`;
    super({
      code: 'STACK-LOCKED',
      where: stack,
      fact: `another run of the engine holds the stack${who === undefined ? '' : `: ${who}`}`,
      hint: `wait until that run has ended; if it is dead: pulumi cancel --stack ${stack}`,
      exit: EXIT.locked,
      cause,
    });
    this.holder = holder;
  }
}

const HOLDER = /created by ([^\s@]+)@(\S+) \(pid (\d+)\) at (\S+)/;

/** Parses the engine's message about a locked stack in a self-managed backend. */
export function parseHolder(text: string): StackHolder | undefined {
  const [, user = '', host = '', pid = '', since = ''] = HOLDER.exec(text) ?? [];
  return user === '' ? undefined : { user, host, pid: Number(pid), since };
}

/** True only when that is certain: it ran on this host, and its process is gone or its number belongs to a later process. */
export function isHolderDead({ host, pid, since }: StackHolder): boolean {
  if (host !== hostname()) return false;
  if (!isAlive(pid)) return true;
  const began = beganAt(pid);
  // Start times have whole ticks and the lock's time comes later: 2 s apart is still the same process.
  return began !== undefined && Number.isFinite(Date.parse(since)) && began.getTime() > Date.parse(since) + 2000;
}
