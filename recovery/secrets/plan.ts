/** Which secrets a host has: those of dr.yaml, and those that its servers know. Reads only. */
import pg from 'pg';
import { didYouMean } from '../../plan/nearest.ts';
import { isOnOtherHost } from '../config/environment.ts';
import type { Site } from '../config/site.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { badInput, type Gap, precondition } from '../core/errors.ts';
import type { SecretRef } from '../core/fields.ts';
import { type AsPostgres, type AsRedis, knownUsers } from './servers.ts';
import type { Secret, SecretsPlan } from './types.ts';

const fileOf = (ref: SecretRef | undefined): string | undefined =>
  ref !== undefined && 'file' in ref ? ref.file : undefined;

const byVariable = (id: string, ref: SecretRef): Gap => ({
  id,
  fact: `it comes from the environment variable ${'env' in ref ? ref.env : ''}, which this program can’t change`,
  hint: 'replace it where the variable is set, or name a file in dr.yaml',
});

const ROLES = `SELECT rolname AS name FROM pg_authid WHERE rolcanlogin AND rolpassword IS NOT NULL ORDER BY rolname`;

function kept({ environment }: Site): Gap[] {
  const { repositories, git, external, storePasswords } = environment;
  const s3 = Object.entries(repositories).flatMap(([id, settings]) => (settings.type === 's3' ? [id] : []));
  return [
    ...s3.map((id) => ({
      id: `s3/${id}`,
      fact: 'its keys are made and revoked by the S3 provider',
      hint: `make new ones there, put them where repositories.${id}.writer and .restorer point to, and revoke the old ones`,
    })),
    ...(git?.credentials === undefined
      ? []
      : [
          {
            id: 'git',
            fact: 'tokens of git servers are made there',
            hint: `make new ones, and write them to ${git.credentials}`,
          },
        ]),
    ...Object.keys(external ?? {}).map((id) => ({
      id: `external/${id}`,
      fact: 'the server is somebody else’s',
      hint: 'ask its provider for a new password, and put it where dr.yaml points to',
    })),
    ...(storePasswords === undefined
      ? []
      : [
          {
            id: 'storePasswords',
            fact: 'they are a stack’s',
            hint: '`dr rebuild --stack NAME --to latest --rotate-secrets` makes new ones with a fresh stack',
          },
        ]),
    {
      id: 'services',
      fact: 'tokens and keys that services keep for themselves are not known here',
      hint: 'replace them by the services’ own means',
    },
  ];
}

/** A server that does not answer is told as such: the secrets of the others can be rotated all the same. */
export async function planRotation(site: Site, asPostgres: AsPostgres, asRedis: AsRedis): Promise<SecretsPlan> {
  const { postgres, redis, repositories, signingKeys } = site.environment;
  const secrets: Secret[] = [];
  const left: Gap[] = kept(site);
  const unanswered: Gap[] = [];
  const seen = async (id: string, ask: () => Promise<void>): Promise<void> => {
    try {
      await ask();
    } catch (error) {
      if (site.signal?.aborted) throw error;
      rethrowBug(error);
      const { fact, hint } = asDrError(error, id);
      unanswered.push({ id, fact, hint });
    }
  };
  if (postgres !== undefined) {
    await seen('postgres', async () => {
      const rows = await asPostgres((client) => client.query<{ name: string }>(ROLES));
      for (const { name } of rows.rows) {
        const id = `postgres/${name}`;
        const own = name === postgres.user ? postgres.password : undefined;
        if (own !== undefined && 'env' in own) left.push(byVariable(id, own));
        else secrets.push({ kind: 'postgres', id, role: name, file: fileOf(own) });
      }
    });
  }
  if (redis !== undefined) {
    await seen('redis', async () => {
      for (const user of await asRedis(knownUsers)) {
        const id = `redis/${user}`;
        const own = user === (redis.user ?? 'default') ? redis.password : undefined;
        if (own !== undefined && 'env' in own) left.push(byVariable(id, own));
        else secrets.push({ kind: 'redis', id, user, file: fileOf(own) });
      }
    });
  }
  for (const [id, settings] of Object.entries(repositories)) {
    if (site.repository(id).exported) continue;
    const [first] = settings.passphrases;
    const file = fileOf(first?.from);
    if (file === undefined) left.push(byVariable(`repository/${id}`, first?.from ?? { env: '' }));
    else secrets.push({ kind: 'repository', id: `repository/${id}`, repository: id, file });
  }
  const [signing] = signingKeys;
  const file = fileOf(signing?.from);
  if (file === undefined) left.push(byVariable('signing', signing?.from ?? { env: '' }));
  else secrets.push({ kind: 'signing', id: 'signing', file });
  if (isOnOtherHost(postgres) || isOnOtherHost(redis))
    left.push({
      id: 'stack',
      fact: 'servers on another host keep their passwords in files there too',
      hint: 'give them the new ones, or `dr rebuild --stack NAME --to latest --rotate-secrets`',
    });
  return { secrets, kept: left, unanswered };
}

/** Throws `SECRET-UNKNOWN` (exit 2) with the nearest id, `SERVER-UNANSWERED` (exit 6). @param only none means all */
export function chosen(plan: SecretsPlan, only: readonly string[]): SecretsPlan {
  const ids = plan.secrets.map(({ id }) => id);
  const unknown = only.find((id) => !ids.includes(id));
  const silent = plan.unanswered.find(({ id }) => unknown?.startsWith(`${id}/`));
  if (silent !== undefined)
    throw precondition({ code: 'SERVER-UNANSWERED', where: silent.id, fact: silent.fact, hint: silent.hint });
  if (unknown !== undefined) {
    throw badInput({
      code: 'SECRET-UNKNOWN',
      where: '--only',
      fact: `"${unknown}" is no secret that can be rotated here.${didYouMean(unknown, ids)}`,
      hint: `this host has: ${ids.join(', ')}`,
    });
  }
  if (only.length === 0) return plan;
  return { ...plan, secrets: plan.secrets.filter(({ id }) => only.includes(id)), unanswered: [] };
}

/** For statements that are built here. */
export const identifier = pg.escapeIdentifier;
