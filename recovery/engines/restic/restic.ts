/** Runs restic on one repository. Passphrase and keys go by environment variables; the restorer never writes a lock. */
import { join } from 'node:path';
import type { Repository, Site } from '../../config/site.ts';
import { causeOf } from '../../core/cause.ts';
import { DrError } from '../../core/errors.ts';
import type { Keyring } from '../../core/fields.ts';
import type { IdleLimit, RunOptions, RunResult } from '../../core/process.ts';
import { openStore, type StoreRole } from '../../storage/backends.ts';
import { readAccess, webIdentityEnv } from '../../storage/s3/keys.ts';
import { asDamage, explainEngine } from '../explain.ts';
import { resticArguments, resticLocation } from './location.ts';
import { parseSnapshots, type Snapshot } from './output.ts';
import { configGone, keyFault } from './own-files.ts';

/** The parts of a site that restic needs: a stack has no others. */
export interface ResticSite {
  readonly run: Site['run'];
  readonly secrets: Site['secrets'];
  readonly environment: Pick<Site['environment'], 'stateDir'>;
}

export type ResticRepository = Pick<Repository, 'id' | 'settings' | 'layout'>;

export interface Restic {
  readonly repository: ResticRepository;
  readonly location: string;
  /** Name of the passphrase that opens it; of the first one where none does. */
  passphrase(): Promise<string>;
  /** Variables with secrets: for `restic copy`, which opens two repositories. */
  secretEnv(): Promise<Record<string, string>>;
  run(args: readonly string[], options?: Partial<RunOptions>): Promise<RunResult>;
  /** False when there is no repository yet. Throws `PASSPHRASE-WRONG`, `REPOSITORY-UNREACHABLE`, `REPOSITORY-DAMAGED` or `RESTIC-KEYS-…`. */
  exists(): Promise<boolean>;
  snapshots(filter?: { tags?: readonly string[]; ids?: readonly string[] }): Promise<Snapshot[]>;
}

/** A connection that is only retried moves less than this: handshakes. */
const IDLE: IdleLimit = { seconds: 45, bytes: 1024 * 1024 };
/** Commands that wait for the network or move data all the time. A backup may check a million unchanged files without reading one. */
const WATCHED = ['cat', 'snapshots', 'restore', 'ls', 'diff'];

const WRONG_PASSPHRASE = /wrong password or no key found/;

const LOCKED = /repository is already locked|unable to create lock in backend/;

/** In a folder a file that ends early is damage; in S3 it may be the connection. */
const CUT_SHORT = /returned error, retrying after .*: (?:EOF|ReadFull: EOF|open .*: no such file or directory)|^EOF$/m;

function explained(error: unknown, { id, settings }: ResticRepository, keyring: Keyring): unknown {
  const names = keyring.map(({ name }) => `"${name}"`).join(', ');
  const where = `repository ${id}`;
  const remote = settings.type === 's3';
  const known = explainEngine(error, {
    where,
    repositories: [id],
    remote,
    passphrase: `its restic repository does not open with the passphrase ${names}`,
  });
  if (known !== error || !(error instanceof DrError) || error.code !== 'ENGINE-FAILED') return known;
  const isDamage = causeOf(error.fact) === 'damaged' || (!remote && CUT_SHORT.test(error.fact));
  return isDamage ? asDamage(error, where) : error;
}

/** There is no repository, or its first file is gone. A refusal or a dead connection reads otherwise. */
const NO_CONFIG = /unable to open config file|Is there a repository|does not exist/i;

const saysNoRepository = (error: unknown): error is DrError =>
  error instanceof DrError && error.code === 'ENGINE-FAILED' && NO_CONFIG.test(error.fact);

export function openRestic(site: ResticSite, repository: ResticRepository, role: StoreRole): Restic {
  const { settings } = repository;
  const location = resticLocation(settings, repository.layout.restic);
  const keyring = settings.passphrases;
  const cacheDir = join(site.environment.stateDir, 'cache', 'restic');
  const where = `repositories.${repository.id}`;
  const envWith = async ({ from }: Keyring[number]): Promise<Record<string, string>> => {
    const secrets: Record<string, string> = {
      RESTIC_PASSWORD: await site.secrets.read(from, `${where}.passphrases`),
    };
    if (settings.type !== 's3') return secrets;
    const access = await readAccess(site.secrets, settings[role], `${where}.${role}`);
    if (access === 'web-identity') return secrets;
    return { ...secrets, AWS_ACCESS_KEY_ID: access.accessKeyId, AWS_SECRET_ACCESS_KEY: access.secretAccessKey };
  };
  const base = ['--repo', location, ...resticArguments(settings, cacheDir)];
  const web = settings.type === 's3' && settings[role] === 'web-identity';
  // restic requests the role itself.
  const plainEnv = web ? webIdentityEnv(`${where}.${role}`) : {};
  /** True where it opens the repository, or where there is none yet. */
  const opens = async (entry: Keyring[number]): Promise<boolean> => {
    try {
      const secrets = await envWith(entry);
      await site.run(['restic', 'cat', 'config', '--quiet', '--no-lock', ...base], {
        env: plainEnv,
        secretEnv: secrets,
      });
      return true;
    } catch (error) {
      if (!(error instanceof DrError)) throw error;
      return !error.code.startsWith('SECRET-') && !WRONG_PASSPHRASE.test(error.fact);
    }
  };
  let chosen: Promise<Keyring[number]> | undefined;
  /** After a rotation an older repository still opens with the old one. Where none opens it, the first is the one to complain of. */
  const find = async (): Promise<Keyring[number]> => {
    const [first, ...others] = keyring;
    if (first === undefined) throw new Error('the schema wants at least one passphrase');
    if (others.length === 0) return first;
    for (const entry of keyring) if (await opens(entry)) return entry;
    return first;
  };
  const opening = (): Promise<Keyring[number]> => {
    chosen ??= find();
    return chosen;
  };
  const secretEnv = async (): Promise<Record<string, string>> => envWith(await opening());
  /** What restic can't tell apart, its files can. Where they can't be read, restic's own word stands. */
  const lookedInto = async (error: unknown): Promise<unknown> => {
    if (!(error instanceof DrError)) return error;
    const look = error.code === 'PASSPHRASE-WRONG' ? keyFault : saysNoRepository(error) ? configGone : undefined;
    if (look === undefined) return error;
    try {
      const store = await openStore(settings, role, { secrets: site.secrets, where });
      return (await look(store, repository.layout.restic, error)) ?? error;
    } catch (failure) {
      if (!(failure instanceof DrError)) throw failure;
      return error;
    }
  };
  const run: Restic['run'] = async (args, options = {}) => {
    const lock = role === 'restorer' ? ['--no-lock'] : [];
    const secrets = { ...(await secretEnv()), ...options.secretEnv };
    const env = { ...plainEnv, ...options.env };
    const idle = settings.type === 's3' && WATCHED.includes(args[0] ?? '') ? IDLE : undefined;
    const call = () => site.run(['restic', ...args, ...base, ...lock], { idle, ...options, env, secretEnv: secrets });
    try {
      return await call().catch(async (error: unknown) => {
        if (role !== 'writer' || !(error instanceof DrError) || !LOCKED.test(error.fact)) throw error;
        // A killed run leaves its lock behind. This removes only locks whose process on this host has ended.
        await site.run(['restic', 'unlock', ...base], { env, secretEnv: secrets });
        return call();
      });
    } catch (error) {
      throw await lookedInto(explained(error, repository, keyring));
    }
  };
  return {
    repository,
    location,
    passphrase: async () => (await opening()).name,
    secretEnv,
    run,
    async exists() {
      try {
        await run(['cat', 'config', '--quiet']);
        return true;
      } catch (error) {
        if (saysNoRepository(error)) return false;
        throw error;
      }
    },
    async snapshots(filter = {}) {
      const tags = filter.tags === undefined ? [] : ['--tag', filter.tags.join(',')];
      const { stdout } = await run(['snapshots', '--json', ...tags, ...(filter.ids ?? [])]);
      return parseSnapshots(stdout);
    },
  };
}
