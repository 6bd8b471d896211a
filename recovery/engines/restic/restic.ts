/** Runs restic on one repository. Passphrase and keys go by environment variables; the restorer never writes a lock. */
import { join } from 'node:path';
import type { Repository, Site } from '../../config/site.ts';
import { badInput, DrError, precondition } from '../../core/errors.ts';
import type { Keyring } from '../../core/fields.ts';
import type { IdleLimit, RunOptions, RunResult } from '../../core/process.ts';
import type { StoreRole } from '../../storage/backends.ts';
import { readAccess, webIdentityEnv } from '../../storage/s3/keys.ts';
import { resticArguments, resticLocation } from './location.ts';
import { parseSnapshots, type Snapshot } from './output.ts';

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
  /** Variables with secrets: for `restic copy`, which opens two repositories. */
  secretEnv(): Promise<Record<string, string>>;
  run(args: readonly string[], options?: Partial<RunOptions>): Promise<RunResult>;
  /** False when there is no repository yet. Throws `PASSPHRASE-WRONG` or `REPOSITORY-UNREACHABLE`. */
  exists(): Promise<boolean>;
  snapshots(filter?: { tags?: readonly string[]; ids?: readonly string[] }): Promise<Snapshot[]>;
}

/** A connection that is only retried moves less than this: handshakes. */
const IDLE: IdleLimit = { seconds: 45, bytes: 1024 * 1024 };
/** Commands that wait for the network or move data all the time. A backup may check a million unchanged files without reading one. */
const WATCHED = ['cat', 'snapshots', 'restore', 'ls'];

const WRONG_PASSPHRASE = /wrong password or no key found/;

const LOCKED = /repository is already locked|unable to create lock in backend/;

/** Reasons that restic prints on stderr, each with its own hint. */
function explained(error: unknown, repository: ResticRepository, keyring: Keyring): unknown {
  if (!(error instanceof DrError) || !['ENGINE-FAILED', 'ENGINE-STALLED'].includes(error.code)) return error;
  if (WRONG_PASSPHRASE.test(error.fact)) {
    const names = keyring.map(({ name }) => `"${name}"`).join(', ');
    return badInput({
      code: 'PASSPHRASE-WRONG',
      where: `repository ${repository.id}`,
      fact: `its restic repository does not open with the passphrase ${names}`,
      hint: `the copy is probably intact: put the right passphrase into repositories.${repository.id}.passphrases`,
      cause: error,
    });
  }
  if (
    error.code === 'ENGINE-STALLED' ||
    /connection refused|no such host|i\/o timeout|context deadline|TLS handshake|503 Service|Service Unavailable/i.test(
      error.fact,
    )
  ) {
    return new DrError({
      code: 'REPOSITORY-UNREACHABLE',
      where: `repository ${repository.id}`,
      fact: error.fact,
      hint: 'run the same command again when it answers, or name another repository with --from',
      cause: error,
    });
  }
  if (LOCKED.test(error.fact)) {
    return precondition({
      code: 'REPOSITORY-BUSY',
      where: `repository ${repository.id}`,
      fact: error.fact,
      hint: 'another restic works there: wait for it. The lock of a dead process on another host expires after 30 minutes',
      cause: error,
    });
  }
  if (/no space left on device/i.test(error.fact)) {
    return new DrError({
      code: 'DISK-FULL',
      where: `repository ${repository.id}`,
      fact: error.fact,
      hint: 'make room and run the same command again: it resumes where it stopped',
      cause: error,
    });
  }
  return error;
}

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
  const passphrase = async (): Promise<Keyring[number]> => {
    const [first, ...others] = keyring;
    if (first === undefined) throw new Error('the schema wants at least one passphrase');
    if (others.length === 0) return first;
    for (const entry of keyring) if (await opens(entry)) return entry;
    return first;
  };
  const opening = (): Promise<Keyring[number]> => {
    chosen ??= passphrase();
    return chosen;
  };
  const secretEnv = async (): Promise<Record<string, string>> => envWith(await opening());
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
      throw explained(error, repository, keyring);
    }
  };
  return {
    repository,
    location,
    secretEnv,
    run,
    async exists() {
      try {
        await run(['cat', 'config', '--quiet']);
        return true;
      } catch (error) {
        if (
          error instanceof DrError &&
          /unable to open config file|Is there a repository|does not exist/i.test(error.fact)
        )
          return false;
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
