/** Fixture: the platform around two stores. It remembers what was done to it, and where its name leads. */
import type { AdoptPorts, Memory, User } from '../../../recovery/adopt/types.ts';
import { memorySchema } from '../../../recovery/adopt/types.ts';
import { silentLog } from '../../../recovery/core/log.ts';

const USERS: readonly User[] = [
  { kind: 'Deployment', namespace: 'shop', name: 'auth', tier: 'P1', replicas: 2 },
  { kind: 'Deployment', namespace: 'shop', name: 'orders', tier: 'P2', replicas: 1 },
  { kind: 'CronJob', namespace: 'shop', name: 'count', tier: 'P4', replicas: 1 },
];

export class FakePlatform {
  readonly done: string[] = [];
  leadsTo: 'platform' | 'stack' = 'platform';
  #kept: string | undefined;

  get memory(): Memory | undefined {
    return this.#kept === undefined ? undefined : memorySchema.parse(JSON.parse(this.#kept));
  }

  ports(): AdoptPorts {
    return {
      memory: {
        read: async () => this.memory,
        // As text: what the real one can't keep must not survive here either.
        write: async (memory) => {
          this.#kept = JSON.stringify(memory);
        },
        forget: async () => {
          this.#kept = undefined;
        },
      },
      platform: {
        users: async () => USERS,
        stop: async ({ name }) => void this.done.push(`stop ${name}`),
        start: async ({ name }) => void this.done.push(`start ${name}`),
        notReady: async () => [],
        serviceSpec: async () => ({ type: 'ClusterIP', selector: { app: 'postgres' } }),
        repoint: async () => {
          this.leadsTo = 'stack';
          this.done.push('repoint');
        },
        restoreService: async (_, spec) => {
          this.leadsTo = 'platform';
          this.done.push(`restore ${JSON.stringify(spec)}`);
        },
      },
      progress: () => {},
      log: silentLog,
      now: () => new Date(),
      signal: new AbortController().signal,
      timeoutFactor: 0.2,
    };
  }
}
