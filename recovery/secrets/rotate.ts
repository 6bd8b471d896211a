/**
 * Replaces the secrets of a host, one after another. The new value is on disk first, then the server takes it, then dr.yaml names it, then
 * the old one is tried and must be refused. A run that was killed resumes with the same values.
 */
import { copyFile, readFile, rename, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import pg from 'pg';
import type { Site } from '../config/site.ts';
import { isThere } from '../core/absent.ts';
import { makeOwnedFolder, makePassableFolder } from '../core/account.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { DrError, type Gap, hasCode, messageOf, verificationFailed } from '../core/errors.ts';
import { Journal } from '../core/journal.ts';
import type { Progress } from '../core/progress.ts';
import { reportStep } from '../core/report-step.ts';
import { openRestic } from '../engines/restic/restic.ts';
import { connectClient, withoutCertificate } from '../workloads/postgres/access/client.ts';
import { withRedis } from '../workloads/redis/server.ts';
import { editEnvironment, putFirst, putLast } from './edit-environment.ts';
import { newValue } from './new-value.ts';
import { chosen, identifier, planRotation } from './plan.ts';
import { asPostgres, asRedis, redisDigest, scramVerifier } from './servers.ts';
import type { Proof, Rotated, RotationReport, Secret, SecretsPlan } from './types.ts';

export interface RotateRequest {
  /** Ids; none means all. */
  readonly only: readonly string[];
  readonly now: () => Date;
  readonly progress: Progress;
}

const slug = (id: string): string => id.replaceAll(/[^A-Za-z0-9_.-]/g, '-');
const stampOf = (now: Date): string => now.toISOString().slice(0, 19).replaceAll(/[-:T]/g, '');

interface Run {
  readonly site: Site;
  readonly journal: Journal;
  /** Where new values of roles and users, and old values, are. Only this account enters it. */
  readonly folder: string;
  readonly stamp: string;
}

/** Dr's own password while it changes: on disk here until it is where dr.yaml points to. */
const pending = (folder: string, kind: 'postgres' | 'redis'): string => join(folder, `own-${kind}`);

async function openRun(site: Site, now: () => Date): Promise<Run> {
  const base = join(site.environment.stateDir, 'secrets');
  const journals = join(base, 'journal');
  await makePassableFolder(base);
  const stamp = stampOf(now());
  const journal = (await Journal.unfinished(journals)) ?? (await Journal.begin(journals, stamp, 'rotate', {}));
  const folder = join(base, journal.id);
  await makeOwnedFolder(folder, undefined);
  return { site, journal, folder, stamp: journal.id };
}

/** Changes nothing. */
export async function planSecrets(site: Site, only: readonly string[]): Promise<SecretsPlan> {
  const journal = await Journal.unfinished(join(site.environment.stateDir, 'secrets', 'journal'));
  const folder = journal && join(site.environment.stateDir, 'secrets', journal.id);
  const file = async (kind: 'postgres' | 'redis') => {
    const path = folder && pending(folder, kind);
    return path !== undefined && (await isThere(path)) ? path : undefined;
  };
  return chosen(
    await planRotation(site, asPostgres(site, await file('postgres')), asRedis(site, await file('redis'))),
    only,
  );
}

/** Every secret is tried, also after one that failed. The same command resumes. */
export async function rotateSecrets(site: Site, { only, now, progress }: RotateRequest): Promise<RotationReport> {
  const { secrets, kept, unanswered } = await planSecrets(site, only);
  const run = await openRun(site, now);
  const [rotated, failed]: [Rotated[], Gap[]] = [[], [...unanswered]];
  for (const secret of secrets) {
    const { id } = secret;
    const before = run.journal.done(id);
    if (before !== undefined) {
      rotated.push(before.data as Rotated);
      continue;
    }
    try {
      const title = `replace ${id}`;
      const step = { step: `secrets/${id}`, title, signal: site.signal };
      rotated.push(
        await run.journal.run({ id, title, now }, () => reportStep(progress, step, () => rotateOne(run, secret))),
      );
    } catch (error) {
      if (site.signal?.aborted) throw error;
      rethrowBug(error);
      const { fact, hint } = asDrError(error, id);
      failed.push({ id, fact, hint });
    }
  }
  if (failed.length === 0) await run.journal.append({ event: 'end', at: now().toISOString(), outcome: 'ready' });
  return { rotated, failed, kept };
}

function rotateOne(run: Run, secret: Secret): Promise<Rotated> {
  switch (secret.kind) {
    case 'postgres':
      return rotateRole(run, secret);
    case 'redis':
      return rotateUser(run, secret);
    case 'repository':
      return rotatePassphrase(run, secret);
    case 'signing':
      return rotateSigningKey(run, secret);
  }
}

/** The old value, kept where only this account reads it: it is tried now, and by each `dr health` from now on. */
async function retire({ folder }: Run, id: string, file: string): Promise<string> {
  const old = join(folder, `old-${slug(id)}`);
  // A run that was killed has kept it already, and the file may hold the new one by now.
  if (!(await isThere(old))) {
    await copyFile(file, `${old}.part`);
    await rename(`${old}.part`, old);
  }
  return old;
}

/** The new value takes the place of the old file, with its owner and mode. */
async function install(from: string, file: string): Promise<void> {
  if ((await readFile(from, 'utf8')) === (await readFile(file, 'utf8'))) return;
  const { uid, gid, mode } = await stat(file);
  const part = join(dirname(file), `.${basename(file)}.new`);
  await rm(part, { force: true });
  await copyFile(from, part);
  const { chmod, chown } = await import('node:fs/promises');
  await chown(part, uid, gid);
  await chmod(part, mode & 0o777);
  await rename(part, file);
}

const stillOpens = (id: string): DrError =>
  verificationFailed({
    code: 'SECRET-STILL-OPENS',
    where: id,
    fact: 'the old password still opens it',
    hint: 'see which rule lets it in (pg_hba.conf, ACL LIST); then run the same command again',
  });

async function rotateRole(run: Run, { id, role, file }: Secret & { kind: 'postgres' }): Promise<Rotated> {
  const { site, folder } = run;
  const own = file === undefined ? join(folder, slug(id)) : pending(folder, 'postgres');
  const value = await newValue(own);
  const old = file === undefined ? undefined : await retire(run, id, file);
  const verifier = await scramVerifier(value);
  const statement = `ALTER ROLE ${identifier(role)} PASSWORD ${pg.escapeLiteral(verifier)}`;
  await asPostgres(
    site,
    file === undefined ? undefined : own,
  )(async (client) => {
    await client.query(`BEGIN READ WRITE; ${statement}; COMMIT`);
  });
  if (file === undefined || old === undefined) return { id, file: own, old: 'replaced' };
  await install(own, file);
  await editEnvironment(site.file, (document) =>
    putLast(document, ['retired', 'postgres'], { user: role, password: { file: old } }),
  );
  return { id, file, old: await tryRole(site, role, old, id) };
}

/** `28P01`: the password is wrong. Any other refusal is one of another rule, and proves nothing of it. */
async function tryRole(site: Site, user: string, old: string, id: string): Promise<Proof> {
  const { postgres } = site.environment;
  if (postgres === undefined) throw new TypeError('there is no postgres here');
  const password = await readFile(old, 'utf8');
  try {
    const base = { database: 'postgres', password, connectionTimeoutMillis: 5_000 };
    const client = await connectClient(withoutCertificate({ ...postgres, user }), base, (each) =>
      each.on('error', (error) => site.log.debug({ error: error.message }, 'PostgreSQL')),
    );
    await client.end();
  } catch (error) {
    if (hasCode(error, '28P01')) return 'refused';
    // It wants a certificate, and asks for no password.
    if (hasCode(error, '28000') && /valid client certificate/.test(messageOf(error))) return 'replaced';
    throw error;
  }
  // Where the rule asks for no password, any opens it, and none is proven.
  const fresh = await asPostgres(
    site,
    undefined,
  )((client) =>
    client.query("SELECT 1 FROM pg_hba_file_rules WHERE auth_method IN ('peer', 'trust', 'ident') LIMIT 1"),
  );
  if (fresh.rows.length > 0) return 'replaced';
  throw stillOpens(id);
}

async function rotateUser(run: Run, { id, user, file }: Secret & { kind: 'redis' }): Promise<Rotated> {
  const { site, folder } = run;
  const { redis } = site.environment;
  if (redis === undefined) throw new TypeError('there is no redis here');
  const own = file === undefined ? join(folder, slug(id)) : pending(folder, 'redis');
  const value = await newValue(own);
  const old = file === undefined ? undefined : await retire(run, id, file);
  await asRedis(
    site,
    file === undefined ? undefined : own,
  )(async (client) => {
    // `requirepass` is what the configuration file keeps of the default user.
    if (user === 'default') await client.config('SET', 'requirepass', value);
    else await client.call('ACL', 'SETUSER', user, 'resetpass', `#${redisDigest(value)}`);
    const aclFile: unknown = await client.config('GET', 'aclfile');
    const hasFile = Array.isArray(aclFile) && String(aclFile[1] ?? '') !== '';
    if (hasFile) await client.call('ACL', 'SAVE');
    else await client.config('REWRITE');
  });
  if (file === undefined || old === undefined) return { id, file: own, old: 'replaced' };
  await install(own, file);
  const entry = { ...(redis.user === undefined ? {} : { user: redis.user }), password: { file: old } };
  await editEnvironment(site.file, (document) => putLast(document, ['retired', 'redis'], entry));
  try {
    await withRedis(site, { ...redis, password: { file: old } }, (client) => client.ping());
  } catch (error) {
    if (error instanceof DrError && error.code === 'REDIS-DENIED') return { id, file, old: 'refused' };
    throw error;
  }
  throw stillOpens(id);
}

/** restic: the new one opens, then the old one does not. pgBackRest's sets keep theirs, so the old one stays in the keyring behind. */
async function rotatePassphrase(run: Run, { id, repository, file }: Secret & { kind: 'repository' }): Promise<Rotated> {
  const { site, stamp } = run;
  const name = `${repository}-${stamp}`;
  const fresh = join(dirname(file), name);
  await newValue(fresh, file);
  const found = site.repository(repository);
  const withOne = (from: string) =>
    openRestic(
      site,
      { ...found, settings: { ...found.settings, passphrases: [{ name, from: { file: from } }] } },
      'writer',
    );
  const [before, after] = [withOne(file), withOne(fresh)];
  const isMade = (await opens(after)) || (await before.exists());
  if (isMade && !(await opens(after))) await before.run(['key', 'add', '--new-password-file', fresh]);
  await editEnvironment(site.file, (document) =>
    putFirst(document, ['repositories', repository, 'passphrases'], { name, from: { file: fresh } }),
  );
  if (isMade) {
    for (const key of await otherKeys(after)) await after.run(['key', 'remove', key]);
    if (await opens(before)) throw stillOpens(id);
  }
  return { id, file: fresh, old: 'still reads old copies' };
}

async function opens(restic: ReturnType<typeof openRestic>): Promise<boolean> {
  try {
    return await restic.exists();
  } catch (error) {
    if (error instanceof DrError && error.code === 'PASSPHRASE-WRONG') return false;
    throw error;
  }
}

/** Ids of the keys that are not the one in use. */
async function otherKeys(restic: ReturnType<typeof openRestic>): Promise<string[]> {
  const { stdout } = await restic.run(['key', 'list', '--json']);
  const keys: unknown = JSON.parse(stdout);
  return (Array.isArray(keys) ? keys : []).flatMap((key: { current?: unknown; id?: unknown }) =>
    key.current === true || typeof key.id !== 'string' ? [] : [key.id],
  );
}

async function rotateSigningKey({ site, stamp }: Run, { id, file }: Secret & { kind: 'signing' }): Promise<Rotated> {
  const name = `points-${stamp}`;
  const fresh = join(dirname(file), name);
  await newValue(fresh, file);
  await editEnvironment(site.file, (document) => putFirst(document, ['signingKeys'], { name, from: { file: fresh } }));
  return { id, file: fresh, old: 'still reads old copies' };
}
