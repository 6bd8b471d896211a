/** Fixture: one cluster with one platform. It remembers what was done to it. */
import { DrError } from '../../../recovery/core/errors.ts';
import type { JobState, Pod, Scalable, SiteCluster } from '../../../recovery/kubernetes/site-cluster.ts';
import { formatLsn, parseLsn } from '../../../recovery/points/wal-segment.ts';

export interface Database {
  follows: boolean;
  lsn: string;
  timeline: number;
  lastCommit: Date | undefined;
  /** Text of its timeline's history file. */
  history: string;
  lineage: string;
  readOnly: boolean;
}

/** One cluster with one platform: what it runs, and what was done to it in order. */
export class FakeSite {
  readonly context: string;
  readonly done: string[] = [];
  readonly replicas = new Map<string, { kind: Scalable['kind']; replicas: number; before?: number }>([
    ['orders', { kind: 'Deployment', replicas: 2 }],
    ['redis', { kind: 'StatefulSet', replicas: 1 }],
    ['postgres', { kind: 'StatefulSet', replicas: 1 }],
  ]);
  readonly crons = new Map([['dr-daily', { suspended: false, stopped: false }]]);
  /** Of the platform, beside its services. */
  readonly ownCrons = new Map<string, { suspended: boolean; stopped: boolean }>();
  claimNames: string[] = ['data-postgres-0', 'data-redis-0', 'uploads'];
  endpoints: string[] = ['postgres', 'postgres-config'];
  jobs = new Map<string, JobState>();
  refused = false;
  /** Pods on a node that does not answer: they never go. */
  stuck: string[] = [];
  away = false;
  database: Database;
  /** When the database is stopped or finishes a segment. */
  onShip: (lsn: string) => Promise<void> = async () => {};

  constructor(context: string, database: Partial<Database> = {}) {
    this.context = context;
    this.database = {
      follows: false,
      lsn: '0/5000060',
      timeline: 1,
      lastCommit: undefined,
      history: '',
      lineage: 'us-east-1-1',
      readOnly: false,
      ...database,
    };
  }

  /** Namespaces that no stack made → what runs there. */
  readonly elsewhere = new Map<string, Set<string>>();

  #cronsOf(namespace: string): Map<string, { suspended: boolean; stopped: boolean }> {
    if (namespace === 'go-coffee-dr') return this.crons;
    return namespace === 'go-coffee' ? this.ownCrons : new Map();
  }

  pods(): Pod[] {
    const running = [...this.replicas].flatMap(([app, { replicas }]) =>
      Array.from({ length: replicas }, (_, i): Pod => ({ name: `${app}-${i}`, app, ready: true, serves: true })),
    );
    const stuck = this.stuck.map((name): Pod => ({ name, app: name.split('-')[0] ?? '', ready: false, serves: true }));
    return [...running, ...stuck.filter(({ name }) => !running.some((pod) => pod.name === name))];
  }

  async #answer(statement: string): Promise<Record<string, unknown>[]> {
    const { database: db } = this;
    if (!this.pods().some(({ app }) => app === 'postgres')) throw new Error('there is no pod');
    if (statement.includes('pg_is_in_recovery() AS follows')) {
      const commit = db.lastCommit === undefined ? null : db.lastCommit.getTime() / 1000;
      return [{ follows: db.follows, lsn: db.lsn, timeline: db.timeline, commit }];
    }
    if (statement.includes('pg_switch_wal')) {
      if (db.follows) throw new DrError({ code: 'POD-COMMAND', where: 'x', fact: 'recovery is in progress', hint: '' });
      const lsn = db.lsn;
      db.lsn = formatLsn(((parseLsn(lsn) >> 24n) + 1n) << 24n);
      await this.onShip(lsn);
      return [{ lsn }];
    }
    if (statement.includes('.history')) return [{ history: db.history === '' ? null : db.history }];
    if (statement.includes('archive_command')) return [{ mode: 'on', command: `/scripts/${db.lineage}/push %p` }];
    if (statement.includes('pg_logical_emit_message(true'))
      return [{ lsn: db.lsn, xid: '7', refused: db.readOnly ? 'on' : 'off' }];
    if (statement.startsWith('ALTER SYSTEM SET default_transaction_read_only')) db.readOnly = true;
    return [];
  }

  open(): SiteCluster {
    const { done } = this;
    const say = (what: string): void => void done.push(what);
    return {
      describe: `context ${this.context} (https://fake)`,
      async [Symbol.asyncDispose]() {},
      hasNamespace: async (name) => ['go-coffee', 'go-coffee-dr', ...this.elsewhere.keys()].includes(name),
      scalables: async (namespace) =>
        namespace === 'go-coffee'
          ? [...this.replicas].map(([name, { kind, replicas, before }]) => ({
              kind,
              namespace,
              name,
              replicas,
              ready: replicas,
              before,
            }))
          : [...(this.elsewhere.get(namespace) ?? [])].map((name) => ({
              kind: 'Deployment' as const,
              namespace,
              name,
              replicas: 1,
              ready: 1,
              before: undefined,
            })),
      stop: async ({ namespace, name, replicas }) => {
        if (replicas === 0) return;
        const beside = this.elsewhere.get(namespace);
        say(beside === undefined ? `stop ${name}` : `stop ${namespace}/${name}`);
        if (beside !== undefined) return void beside.delete(name);
        const entry = this.replicas.get(name);
        if (entry) Object.assign(entry, { before: entry.replicas, replicas: 0 });
      },
      resume: async ({ name, before }) => {
        if (before === undefined) return;
        say(`resume ${name}`);
        const entry = this.replicas.get(name);
        if (entry) Object.assign(entry, { before: undefined, replicas: before });
      },
      schedules: async (namespace) =>
        [...this.#cronsOf(namespace)].map(([name, state]) => ({ namespace, name, ...state })),
      suspend: async ({ namespace, name, suspended }) => {
        if (suspended) return;
        say(`suspend ${name}`);
        this.#cronsOf(namespace).set(name, { suspended: true, stopped: true });
      },
      unsuspend: async ({ namespace, name, stopped }) => {
        if (!stopped) return;
        say(`unsuspend ${name}`);
        this.#cronsOf(namespace).set(name, { suspended: false, stopped: false });
      },
      pods: async (namespace) => {
        const beside = this.elsewhere.get(namespace);
        if (beside === undefined) return namespace === 'go-coffee' ? this.pods() : [];
        return [...beside].map((app): Pod => ({ name: `${app}-0`, app, ready: true, serves: true }));
      },
      refusePods: async (namespace) => {
        this.refused = true;
        say(`refuse pods in ${namespace}`);
      },
      admitPods: async (namespace) => {
        this.refused = false;
        say(`admit pods in ${namespace}`);
      },
      claims: async () => this.claimNames,
      deleteClaim: async (_, name) => {
        say(`delete claim ${name}`);
        this.claimNames = this.claimNames.filter((each) => each !== name);
      },
      deleteEndpoints: async (_, name) => {
        this.endpoints = this.endpoints.filter((each) => each !== name);
      },
      job: async (_, name) => this.jobs.get(name) ?? 'absent',
      sql: async (_, __, statement) => this.#answer(statement),
    };
  }
}
