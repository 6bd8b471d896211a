/** Everything of a stack in AWS except its traffic records, which change last. The config alone decides which parts exist. */
import * as pulumi from '@pulumi/pulumi';
import { bucketSpecs } from '../config/buckets.ts';
import type { AwsStorage, SecretValues, StackConfig } from '../config/types.ts';
import { visitorAccounts } from '../config/volumes/names.ts';
import { Alarms, alarmPrefix } from './alarms/alarms.ts';
import { Identities } from './identity/identities.ts';
import { breakGlassRoleArn } from './names.ts';
import { homeRegion } from './provider.ts';
import { ImageReplication } from './registry.ts';
import { SecretStore } from './secret-store.ts';
import { RepositoryStorage } from './storage/storage.ts';
import { AlarmTopic } from './topic.ts';
import { trafficOutputs } from './traffic.ts';

export interface AwsSideArgs {
  readonly config: StackConfig;
  readonly storage: AwsStorage;
  /** The stack that generated them also keeps them in the secret store. A Pulumi secret. */
  readonly secrets: pulumi.Output<SecretValues>;
  /** Redis is seeded from a snapshot. @default false */
  readonly seedsRedis?: boolean | undefined;
  /** A drill (F37) has only roles that read, no alarms and no replication of images. @default false */
  readonly isolated?: boolean | undefined;
}

export class AwsSide extends pulumi.ComponentResource {
  readonly places: RepositoryStorage['places'];
  /** Service account → ARN of its role. */
  readonly roleArns: Readonly<Record<string, pulumi.Output<string>>>;
  /** Resources that write backups depend on these. */
  readonly ready: readonly pulumi.Resource[];
  /** Of the topics of the alarms, by region. */
  readonly topicArns: Readonly<Record<string, pulumi.Output<string>>>;
  /** For the stack's outputs. */
  readonly outputs: Readonly<Record<string, pulumi.Input<unknown>>>;
  readonly #name: string;
  readonly #args: AwsSideArgs;

  constructor(name: string, args: AwsSideArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:aws:AwsSide', name, {}, opts);
    this.#name = name;
    this.#args = args;
    const topics = args.isolated === true ? {} : this.#topics();
    const storage = this.#storage(topics);
    const identities = this.#identities();
    const secretArn = this.#secretStore(storage);
    if (args.isolated !== true) {
      this.#alarms(topics);
      this.#images();
    }
    this.places = storage.places;
    this.topicArns = Object.fromEntries(Object.entries(topics).map(([region, { arn }]) => [region, arn]));
    this.roleArns = identities.roleArns;
    this.ready = [...storage.ready, ...identities.ready];
    this.outputs = {
      buckets: Object.fromEntries(Object.values(storage.places).map(({ id, bucket }) => [id, bucket])),
      keyArns: storage.keyArns,
      roleArns: this.roleArns,
      breakGlassRoleArn: this.#breakGlass,
      topicArns: this.topicArns,
      ...(secretArn === undefined ? {} : { secretArn }),
      ...trafficOutputs(args.config),
    };
    this.registerOutputs(this.outputs);
  }

  get #owner(): boolean {
    return this.#args.storage.manage === 'declared';
  }

  get #breakGlass(): string {
    return breakGlassRoleArn(this.#args.storage, this.#args.config.environment);
  }

  /** For the owner of the buckets all their regions, otherwise the home region alone: an `up` must not need a region that may be lost. */
  get #regions(): [string, ...string[]] {
    const home = homeRegion(this.#args.config, this.#args.storage.manage);
    if (!this.#owner) return [home];
    const all = bucketSpecs(this.#args.config.plan).map(({ region }) => region);
    return [home, ...new Set(all.filter((region) => region !== home))];
  }

  get #watched() {
    const regions = this.#regions;
    return bucketSpecs(this.#args.config.plan).filter(({ region }) => regions.includes(region));
  }

  #topics(): Record<string, AlarmTopic> {
    const { config, storage } = this.#args;
    const { account, partition } = storage;
    const { internal } = config.plan.channels;
    const planned = internal.filter(({ kind }) => kind === 'email').map(({ address }) => address);
    const emails = [...planned, ...config.notifications.email];
    const topic = alarmPrefix(config.plan, config.site);
    return Object.fromEntries(
      this.#regions.map((region) => {
        const own = this.#owner ? this.#watched.filter((spec) => spec.region === region) : [];
        const bucketArns = own.map(({ bucket }) => `arn:${partition}:s3:::${bucket}`);
        const made = new AlarmTopic(
          `${this.#name}-topic-${region}`,
          { account, partition, topic, region, bucketArns, emails },
          { parent: this },
        );
        return [region, made];
      }),
    );
  }

  #storage(topics: Readonly<Record<string, AlarmTopic>>): RepositoryStorage {
    const { config, storage } = this.#args;
    return new RepositoryStorage(`${this.#name}-storage`, { plan: config.plan, storage, topics }, { parent: this });
  }

  #identities(): Identities {
    const { config, storage } = this.#args;
    const { environment, site, plan, namespaces, oidcProvider } = config;
    if (oidcProvider === undefined) throw new TypeError('oidcProvider was not checked');
    const { account, partition, breakGlassPrincipals } = storage;
    return new Identities(
      `${this.#name}-identity`,
      {
        account,
        partition,
        environment,
        site,
        namespaces,
        oidcProvider,
        buckets: bucketSpecs(plan),
        seedsRedis: this.#args.seedsRedis,
        visitors: visitorAccounts(config),
        readingOnly: this.#args.isolated,
        breakGlassPrincipals: this.#owner ? breakGlassPrincipals : undefined,
      },
      { parent: this },
    );
  }

  /** Only for values that this stack generated. Values from elsewhere are kept there. */
  #secretStore(storage: RepositoryStorage): pulumi.Output<string> | undefined {
    const { config, storage: where, secrets } = this.#args;
    if (!this.#owner || config.secrets.from !== 'generated') return undefined;
    const { deployerRoleArn } = where;
    const { arn } = new SecretStore(
      `${this.#name}-secrets`,
      {
        environment: config.environment,
        regions: this.#regions,
        keyArns: storage.keyArns,
        values: secrets,
        deployerRoleArn,
        breakGlassRoleArn: this.#breakGlass,
      },
      { parent: this },
    );
    return arn;
  }

  #alarms(topics: Readonly<Record<string, AlarmTopic>>): void {
    const { config, storage } = this.#args;
    const { plan, site, generation, role, notifications } = config;
    const { account, partition, budgetGiB } = storage;
    new Alarms(
      `${this.#name}-alarms`,
      {
        account,
        partition,
        plan,
        site,
        generation,
        role,
        notifications,
        budgetGiB,
        topics,
        owner: this.#owner,
        buckets: this.#watched,
        breakGlassRoleArn: this.#breakGlass,
      },
      { parent: this },
    );
  }

  #images(): void {
    const { config, storage } = this.#args;
    const [home, ...others] = this.#regions;
    if (config.registry === undefined || others.length === 0) return;
    const { prefixes } = config.registry;
    const args = { account: storage.account, home, others, prefixes };
    new ImageReplication(`${this.#name}-images`, args, { parent: this });
  }
}
