/** A stack that another run of the engine holds: who that is, and whether it is surely dead. */
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
  /** Undefined where the backend does not say who. */
  readonly holder: StackHolder | undefined;

  constructor(stack: string, holder: StackHolder | undefined, cause?: unknown) {
    const who = holder && `${holder.user}@${holder.host} pid ${holder.pid} since ${holder.since}`;
    super({
      code: 'STACK-LOCKED',
      where: stack,
      fact: `another run of the engine holds it${who === undefined ? '' : `: ${who}`}`,
      hint: `wait until it has ended; of one that is surely dead: pulumi cancel --stack ${stack}`,
      exit: EXIT.locked,
      cause,
    });
    this.holder = holder;
  }
}

const HOLDER = /created by ([^\s@]+)@(\S+) \(pid (\d+)\) at (\S+)/;

/** From what the engine says of a stack in a backend of its own. */
export function parseHolder(text: string): StackHolder | undefined {
  const [, user = '', host = '', pid = '', since = ''] = HOLDER.exec(text) ?? [];
  return user === '' ? undefined : { user, host, pid: Number(pid), since };
}

/** True only when that is certain: it was of this host, and its process is gone or is a later one with the same number. */
export function isHolderDead({ host, pid, since }: StackHolder): boolean {
  if (host !== hostname()) return false;
  if (!isAlive(pid)) return true;
  const began = beganAt(pid);
  // Clocks of a start are coarse: a second more is no other process.
  return began !== undefined && Number.isFinite(Date.parse(since)) && began.getTime() > Date.parse(since) + 2000;
}
