/** Fixture: two sites and the engine that runs their stacks. */
import { join } from 'node:path';
import { layout, STANZA } from '../../../plan/layout.ts';
import { DrError } from '../../../recovery/core/errors.ts';
import type { FailoverPorts } from '../../../recovery/failover/ports.ts';
import { signPoint } from '../../../recovery/points/signing.ts';
import type { ConfigValues, EngineStack, RunOutcome, StackEngine } from '../../../recovery/pulumi/engine.ts';
import type { ObjectStore } from '../../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../../recovery/storage/posix/store.ts';
import { pointBody, postgresCapture } from '../points/point-fixture.ts';
import { FakeSite } from './fake-site.ts';

/** As the stacks’ outputs name it. */
export const SIGNING_KEY = { name: 'first', secret: 'secret of first' };

export const ENVIRONMENT = 'production';
const SHA = 'a'.repeat(40);

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
    const storage = value<{ repositories: Record<string, object>; detached?: string[] }>('storage');
    const places = (isDetached: boolean) =>
      Object.fromEntries(
        Object.entries(storage.repositories)
          .filter(([id]) => (storage.detached?.includes(id) ?? false) === isDetached)
          .map(([id, place]) => [id, { kind: 's3', ...place }]),
      );
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
      repositories: places(false),
      detached: places(true),
      secrets: { signingKey: SIGNING_KEY.secret },
      trafficSwitch: { toStandby: 'move-the-users 1', toPrimary: 'move-the-users 0' },
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
  readonly ports: { -readonly [K in keyof FailoverPorts]: FailoverPorts[K] };
  readonly store: ObjectStore;
  /** Puts a segment of a lineage into the archive. */
  archive(lineage: string, segment: string): Promise<void>;
  readonly confirmed: string[];
  now: Date;
  /** Adds a further repository to the standby's stack, before its other one. It answers while `answers` is true. */
  addPrimary(): { answers: boolean; readonly store: ObjectStore };
  /** The same for the old site's stack, where it is the first one, and empty. */
  addFirst(): { answers: boolean; readonly store: ObjectStore };
  /** Puts a recovery point of a lineage into the repository that both share. */
  backUp(lineage: string): Promise<void>;
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
  const add = (stack: FakeStack) => {
    const primary = { answers: true, store: openPosixStore(join(folder, 'primary')) };
    const { repositories } = common.storage;
    const first = { endpoint: 'https://first.fake', region: 'us-east-1', bucket: 'go-coffee-backups' };
    stack.values = {
      ...stack.values,
      storage: { value: { ...common.storage, repositories: { primary: first, ...repositories } } },
      s3Credentials: { value: { secondary: { restorer }, primary: { restorer } } },
    };
    stack.made = {
      ...stack.made,
      repositories: { primary: { kind: 's3', ...first }, ...(stack.made.repositories as object) },
    };
    sites.ports.openStorage = async ({ id }) => {
      if (id !== 'primary') return store;
      if (primary.answers) return primary.store;
      const fact = 'no complete answer: connect ECONNREFUSED';
      throw new DrError({ code: 'REPOSITORY-UNREACHABLE', where: id, fact, hint: '' });
    };
    return primary;
  };
  const sites: TwoSites = {
    old,
    standby,
    production,
    dr,
    store,
    confirmed,
    now: new Date(),
    addPrimary: () => add(dr),
    addFirst: () => add(production),
    backUp: async (lineage) => {
      const at = sites.now.toISOString();
      const place = { environment: ENVIRONMENT, repository: 'secondary' };
      const body = { ...pointBody(at, [postgresCapture(at, { lineage })], place), previous: null };
      await store.put(layout(ENVIRONMENT).point(body.id), JSON.stringify(signPoint(body, SIGNING_KEY)));
    },
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
