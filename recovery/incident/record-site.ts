/**
 * A site for its signed records alone, where no environment file is given: an operator's machine knows the repositories by a stack or by an
 * escrow file, and the incident that was declared elsewhere lies in them. It has no store, no passphrase and no engine.
 */
import { planDigest } from '../../plan/digest.ts';
import { layout } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import type { Repository, Site } from '../config/site.ts';
import { badInput } from '../core/errors.ts';
import { silentLog } from '../core/log.ts';
import { makeRun } from '../core/process.ts';
import type { Secrets } from '../core/secrets.ts';
import type { SigningKey } from '../points/signing.ts';
import type { ObjectStore } from '../storage/object-store.ts';
import type { S3Keys } from '../storage/s3/keys.ts';
import type { S3Location } from '../storage/s3/location.ts';

/** A bucket with the restorer's keys: it may write records. */
export interface RecordPlace extends S3Location {
  /** `ambient`: this process's own AWS identity. */
  readonly credentials: S3Keys | 'ambient';
}

export interface RecordSiteFacts {
  readonly environment: string;
  readonly site: string;
  readonly signingKey: SigningKey;
  readonly places: readonly RecordPlace[];
  readonly plan: Plan;
  /** The operator's: what no repository took waits there. */
  readonly stateDir: string;
}

/** In memory alone. Any other secret is not known here. */
function secretsOf({ name, secret }: SigningKey): Secrets {
  return {
    read: async (_, where) => {
      if (where === `signingKeys.${name}`) return secret;
      throw badInput({
        code: 'SECRET-MISSING',
        where,
        fact: 'without an environment file only the signing key is known',
        hint: 'name the environment file: --env FILE',
      });
    },
    mask: (text) => text.replaceAll(secret, '[secret]'),
  };
}

type Open = (place: RecordPlace) => Promise<ObjectStore>;

function repositoryOf(environment: string, place: RecordPlace, open: Open): Repository {
  const { id, endpoint, region, bucket, uriStyle } = place;
  let opened: Promise<ObjectStore> | undefined;
  return {
    id,
    settings: {
      ...{ type: 's3', endpoint, region, bucket, uriStyle },
      ...{ passphrases: [], writer: 'web-identity', restorer: 'web-identity' },
    },
    layout: layout(environment),
    store: () => {
      opened ??= open(place);
      return opened;
    },
  };
}

export function recordSite(facts: RecordSiteFacts, open: Open): Site {
  const { environment, site, signingKey, places, plan, stateDir } = facts;
  const opened = places.map((place) => repositoryOf(environment, place, open));
  const repositories = new Map(opened.map((repository) => [repository.id, repository] as const));
  return {
    file: '',
    environment: {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Environment',
      name: environment,
      site,
      stateDir,
      signingKeys: [{ name: signingKey.name, from: { env: 'SIGNING_KEY' } }],
      repositories: Object.fromEntries(opened.map(({ id, settings }) => [id, settings])),
      ...{ folders: {}, services: {}, integrations: {} },
    },
    plan,
    planDigest: planDigest(plan),
    run: makeRun(silentLog),
    secrets: secretsOf(signingKey),
    log: silentLog,
    repositories,
    repository(id) {
      const found = repositories.get(id);
      if (found) return found;
      throw badInput({
        code: 'REPOSITORY-UNKNOWN',
        where: 'repository',
        fact: `"${id}" is not one of this site: ${[...repositories.keys()].join(', ')}`,
        hint: 'dr points list',
      });
    },
  };
}
