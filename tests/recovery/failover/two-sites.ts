/** Fixture: two sites and the engine that runs their stacks. */
import { join } from 'node:path';
import { layout, STANZA } from '../../../plan/layout.ts';
import { DrError } from '../../../recovery/core/errors.ts';
import type { FailoverPorts } from '../../../recovery/failover/ports.ts';
import type { JobState, Pod, Scalable, SiteCluster } from '../../../recovery/kubernetes/site-cluster.ts';
import { formatLsn, parseLsn } from '../../../recovery/points/wal-segment.ts';
import type { ConfigValues, EngineStack, RunOutcome, StackEngine } from '../../../recovery/pulumi/engine.ts';
import type { ObjectStore } from '../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';

/** As the stacks’ outputs name it. */
export const SIGNING_KEY = { name: 'first', secret: 'secret of first' };

export const ENVIRONMENT = 'production';
const SHA = 'a'.repeat(40);

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
    if (statement.includes('pg_logical_emit_message(true')) return [{ lsn: db.lsn, xid: '7' }];
    if (statement.startsWith('ALTER SYSTEM SET default_transaction_read_only')) db.readOnly = true;
    return [];
  }

  open(): SiteCluster {
    const { done } = this;
    const say = (what: string): void => void done.push(what);
    return {
      describe: `context ${this.context} (https://fake)`,
      async [Symbol.asyncDispose]() {},
      hasNamespace: async (name) => ['go-coffee', 'go-coffee-dr'].includes(name),
      scalables: async (namespace) =>
        namespace === 'go-coffee'
          ? [...this.replicas].map(([name, { kind, replicas, before }]) => ({
              kind,
              namespace,
              name,
              replicas,
              before,
            }))
          : [],
      stop: async ({ name, replicas }) => {
        if (replicas === 0) return;
        say(`stop ${name}`);
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
        namespace === 'go-coffee-dr' ? [...this.crons].map(([name, state]) => ({ namespace, name, ...state })) : [],
      suspend: async ({ name, suspended }) => {
        if (suspended) return;
        say(`suspend ${name}`);
        this.crons.set(name, { suspended: true, stopped: true });
      },
      unsuspend: async ({ name, stopped }) => {
        if (!stopped) return;
        say(`unsuspend ${name}`);
        this.crons.set(name, { suspended: false, stopped: false });
      },
      pods: async () => this.pods(),
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

const OK: RunOutcome = { succeeded: true, changes: { same: 40 }, failed: [], diagnostics: [] };

/** A stack whose `up` makes outputs of its config, and does with its site what the declarations would. */
export class FakeStack implements EngineStack {
  readonly name: string;
  readonly site: FakeSite;
  values: Record<string, { value: unknown; secret?: boolean }>;
  made: Record<string, unknown> = {};
  /** Called before an `up`: throws, as a kill in the middle would end it. */
  before: () => void = () => {};
  onUp: (...args: Parameters<EngineStack['up']>) => Promise<void> = async () => {};
  outcome: RunOutcome = OK;
  ups = 0;

  constructor(name: string, site: FakeSite, config: Record<string, unknown>) {
    this.name = name;
    this.site = site;
    this.values = Object.fromEntries(Object.entries(config).map(([key, value]) => [key, { value }]));
    this.#make();
  }

  #make(): void {
    const value = <T>(key: string): T => this.values[key]?.value as T;
    const [role, site, generation] = [value<string>('role'), value<string>('site'), value<number>('generation')];
    const { of, repository } = value<{ of?: object; repository?: string } | undefined>('standby') ?? {};
    const places = Object.entries(value<{ repositories: Record<string, object> }>('storage').repositories);
    this.made = {
      role,
      leads: role !== 'standby',
      environment: ENVIRONMENT,
      site,
      generation,
      lineage: `${site}-${generation}`,
      ...(of === undefined ? {} : { follows: { ...of, repository } }),
      namespaces: { platform: 'go-coffee', recovery: 'go-coffee-dr' },
      context: this.site.context,
      repositories: Object.fromEntries(places.map(([id, place]) => [id, { kind: 's3', ...place }])),
      secrets: { signingKey: SIGNING_KEY.secret },
    };
  }

  isUp = async () => true;
  config = async () => this.values;
  outputs = async () => this.made;
  preview = async () => this.outcome;
  pending = async () => [];
  forgetPending = async () => {};
  unlock = async () => {};
  removeConfig = async () => {};
  held = async () => ({ resources: [], contexts: [] });
  destroy = async () => OK;
  remove = async () => {};

  async setConfig(values: ConfigValues): Promise<void> {
    this.values = { ...this.values, ...values };
    this.site.done.push(`config ${Object.keys(values).join(', ')} of ${this.name}`);
  }

  async up(...args: Parameters<EngineStack['up']>): Promise<RunOutcome> {
    this.before();
    this.ups += 1;
    this.site.done.push(`up ${this.name}`);
    await this.onUp(...args);
    this.#make();
    return OK;
  }
}

export interface TwoSites {
  readonly old: FakeSite;
  readonly standby: FakeSite;
  readonly production: FakeStack;
  readonly dr: FakeStack;
  readonly ports: FailoverPorts;
  readonly store: ObjectStore;
  /** Puts a segment of a lineage into the archive. */
  archive(lineage: string, segment: string): Promise<void>;
  readonly confirmed: string[];
  now: Date;
}

export async function makeTwoSites(folder: string): Promise<TwoSites> {
  const store = openPosixStore(join(folder, 'secondary'));
  const place = { endpoint: 'https://s3.fake', region: 'eu-west-1', bucket: 'go-coffee-backups-eu-west-1' };
  const restorer = { accessKeyId: 'restorer', secretAccessKey: 'secret of the restorer' };
  const common = {
    storage: { kind: 's3-compatible', repositories: { secondary: place } },
    s3Credentials: { secondary: { restorer } },
  };
  const old = new FakeSite('us');
  const standby = new FakeSite('eu', { follows: true, lsn: '0/5000000', lineage: 'eu-west-1-1' });
  standby.claimNames = ['data-postgres-0'];
  const production = new FakeStack('production', old, { ...common, role: 'primary', site: 'us-east-1', generation: 1 });
  const follows = { of: { site: 'us-east-1', generation: 1 }, repository: 'secondary' };
  const dr = new FakeStack('dr', standby, {
    ...common,
    role: 'standby',
    site: 'eu-west-1',
    generation: 1,
    standby: follows,
  });
  const stacks: Record<string, FakeStack> = { production, dr };
  const confirmed: string[] = [];
  const sites: TwoSites = {
    old,
    standby,
    production,
    dr,
    store,
    confirmed,
    now: new Date(),
    archive: async (lineage, segment) => {
      const folderOf = `${layout(ENVIRONMENT).pgbackrest(lineage)}/archive/${STANZA}/15-1/${segment.slice(0, 16)}`;
      await store.put(`${folderOf}/${segment}-${SHA}.zst`, segment);
    },
    ports: {
      engine: {
        describe: 'a fake engine',
        list: async () => Object.keys(stacks),
        fileConfig: async () => undefined,
        select: async (name) => stacks[name] as FakeStack,
        create: async () => {
          throw new Error('nothing is created here');
        },
      } satisfies StackEngine,
      openCluster: async ({ context }) => {
        const site = [old, standby].find((each) => each.context === context);
        if (site === undefined || site.away) {
          const fact = `context ${context}: connect ECONNREFUSED`;
          throw new DrError({ code: 'KUBERNETES-UNREACHABLE', where: context, fact, hint: '' });
        }
        return site.open();
      },
      openStorage: async () => store,
      progress: () => {},
      now: () => sites.now,
      signal: new AbortController().signal,
      confirm: async ({ name }) => void confirmed.push(name),
      stateDir: join(folder, 'state'),
    },
  };
  return sites;
}
