/** What the scenarios share: one cluster, the stack `local` on it with the sample services, and a ledger outside of both. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { compareLedger, type LedgerComparison } from '../../drill/load/compare.ts';
import { readLedger } from '../../drill/load/ledger.ts';
import { type Load, startLoad } from '../../drill/load/load.ts';
import type { StackEngine } from '../../recovery/pulumi/engine.ts';
import { bringUp } from './bring-up.ts';
import { type Cluster, say, startCluster } from './cluster.ts';
import { connectDatabase } from './database.ts';
import { openEngine } from './engine.ts';
import { connectRedis } from './redis.ts';
import type { ClusterStack } from './stacks.ts';

export const PLATFORM = 'go-coffee';
export const RECOVERY = 'go-coffee-dr';

/** Of the stack's output `secrets`. */
export interface Secrets {
  readonly signingKey: string;
  readonly redis: string;
  readonly postgres: { readonly superuser: string; readonly replication: string; readonly application: string };
}

/** What only the test knows: to see that a recovery has brought it back, or has made it worthless. */
export const OWN_SECRETS = { jwtSecret: 'of-before-the-disaster', providerKey: 'pk_live_of_the_provider' } as const;

/** Which stack the platform in `PLATFORM` is now: it changes from scenario to scenario. */
export interface PlatformNow {
  /** Namespace of its jobs. */
  readonly recovery: string;
  readonly lineage: string;
  readonly outputs: Readonly<Record<string, unknown>>;
}

export class ClusterFixture {
  #cluster: Cluster | undefined;
  #outputs: Readonly<Record<string, unknown>> | undefined;
  #folder: string | undefined;
  /** Of the stack that leads now. */
  now: PlatformNow = { recovery: RECOVERY, lineage: 'local-1', outputs: {} };
  #engine: StackEngine | undefined;

  async start(): Promise<void> {
    this.#folder = await mkdtemp(join(tmpdir(), 'dr-ledger-'));
    this.#cluster = await startCluster();
    await this.openEngine();
  }

  /** Anew, where its state was lost. */
  async openEngine(): Promise<void> {
    this.#engine = await openEngine({ api: () => this.cluster.api, folder: this.engineFolder, say });
  }

  async end(): Promise<void> {
    await this.#cluster?.end();
    if (this.#folder !== undefined) await rm(this.#folder, { recursive: true, force: true });
  }

  get cluster(): Cluster {
    if (this.#cluster === undefined) throw new Error('the cluster did not come up');
    return this.#cluster;
  }

  /** Of the stack `local`. */
  get outputs(): Readonly<Record<string, unknown>> {
    if (this.#outputs === undefined) throw new Error('local did not come up');
    return this.#outputs;
  }

  set outputs(outputs: Readonly<Record<string, unknown>>) {
    this.#outputs = outputs;
  }

  get secrets(): Secrets {
    return this.outputs.secrets as Secrets;
  }

  /** For what must outlive the cluster. */
  get folder(): string {
    if (this.#folder === undefined) throw new Error('the cluster did not come up');
    return this.#folder;
  }

  get engine(): StackEngine {
    if (this.#engine === undefined) throw new Error('the cluster did not come up');
    return this.#engine;
  }

  /** Where another process finds the same stacks. */
  get engineFolder(): string {
    return join(this.folder, 'engine');
  }

  bringUp(stack: ClusterStack): Promise<Readonly<Record<string, unknown>>> {
    return bringUp(this.engine, stack, say);
  }

  get #ledgerFile(): string {
    return join(this.folder, 'ledger.ndjson');
  }

  /** A load generator on the platform in a namespace; each load continues the same ledger. */
  startLoad(namespace: string, redisPassword = this.secrets.redis): Promise<Load> {
    const { api } = this.cluster;
    return startLoad({
      postgres: () => connectDatabase(api, namespace, 'application'),
      redis: () => connectRedis(api, namespace, redisPassword),
      ledgerFile: this.#ledgerFile,
      transactionsPerSecond: 10,
    });
  }

  /** What was promised until then, and is not there, or is there with another content. */
  async compare(
    namespace: string,
    disasterAt: Date,
    options: { readonly since?: Date; readonly upTo?: Date; readonly redisPassword?: string } = {},
  ): Promise<LedgerComparison> {
    const { api } = this.cluster;
    const postgres = await connectDatabase(api, namespace, 'superuser');
    const redis = await connectRedis(api, namespace, options.redisPassword ?? this.secrets.redis);
    try {
      const { since = new Date(0) } = options;
      const entries = (await readLedger(this.#ledgerFile)).filter(({ at }) => new Date(at) >= since);
      return await compareLedger({
        entries,
        postgres,
        redis,
        disasterAt,
        ...(options.upTo === undefined ? {} : { upTo: options.upTo }),
      });
    } finally {
      await postgres.end();
      redis.disconnect();
    }
  }
}

/** `order: 3 of 120 lost, 1.2 s` for each kind of which something is lost or wrong. */
export function lossesOf({ kinds }: LedgerComparison): string[] {
  return kinds
    .filter(({ missing, corrupted }) => missing.length > 0 || corrupted.length > 0)
    .map(
      ({ kind, missing, corrupted, acknowledged, lostSeconds }) =>
        `${kind}: ${missing.length} of ${acknowledged} lost (${lostSeconds.toFixed(1)} s), ${corrupted.length} wrong`,
    );
}
