/** `dr unlock`: frees a lock whose holder is known to be dead. Locks lie in the state directory and in the repositories. */
import { basename } from 'node:path';
import { layout } from '../../plan/layout.ts';
import { didYouMean } from '../../plan/nearest.ts';
import { openSite, type Site } from '../../recovery/config/site.ts';
import { badInput, DrError } from '../../recovery/core/errors.ts';
import { breakLock, type LockRecord, readLock } from '../../recovery/storage/lock.ts';
import type { ObjectStore } from '../../recovery/storage/object-store.ts';
import { openPosixStore } from '../../recovery/storage/posix/store.ts';
import type { CommandContext, Declare, Execute, SiteOptions } from '../command.ts';
import { confirmOption, examples } from '../flags.ts';

export interface UnlockOptions extends SiteOptions {
  readonly name: string;
  readonly confirm?: string;
}

interface Place {
  readonly where: string;
  readonly store: ObjectStore;
}

interface Held extends Place {
  /** Undefined for an object that is no lock. */
  readonly record: LockRecord | undefined;
}

export const unlockCommand: Execute<UnlockOptions> = async ({ env, name }, context) => {
  const site = await openSite(env, context.log);
  const { locksPrefix, lock } = layout(site.environment.name);
  const places = await openPlaces(site, context);
  const known = await knownLocks(places, locksPrefix);
  if (!known.has(name)) throw unknownLock(name, [...known]);
  const key = lock(name);
  const held = await holdersOf(places, key);
  if (held.length === 0) {
    return { kind: 'Unlock', data: { name, broken: [] }, text: `nobody holds ${name}` };
  }
  await context.confirm({
    name,
    what: [...held.map(describe), 'A holder that is alive after all stops at its next renewal.'],
  });
  for (const { store } of held) await breakLock(store, key);
  const broken = held.map(({ where, record }) => ({
    where,
    holder: record?.holder,
    what: record?.what,
    since: record?.since,
  }));
  return { kind: 'Unlock', data: { name, broken }, text: held.map((each) => `freed: ${describe(each)}`).join('\n') };
};

/** A repository that is away can't be asked; the others can. */
async function openPlaces(site: Site, context: CommandContext): Promise<Place[]> {
  const opened = await Promise.all(
    [...site.repositories.values()].map(async (repository) => {
      try {
        const store = await repository.store('restorer');
        await store.list(repository.layout.locksPrefix);
        return [{ where: `repository ${repository.id}`, store }];
      } catch (error) {
        if (!(error instanceof DrError)) throw error;
        context.log.warn(`repository ${repository.id} can't be asked: ${error.fact}`);
        return [];
      }
    }),
  );
  return [{ where: site.environment.stateDir, store: openPosixStore(site.environment.stateDir) }, ...opened.flat()];
}

async function knownLocks(places: readonly Place[], prefix: string): Promise<Set<string>> {
  const lists = await Promise.all(places.map(({ store }) => store.list(prefix)));
  return new Set(lists.flat().map(({ key }) => basename(key, '.json')));
}

async function holdersOf(places: readonly Place[], key: string): Promise<Held[]> {
  const found = await Promise.all(
    places.map(async (place): Promise<Held[]> => {
      try {
        const record = await readLock(place.store, key);
        return record === undefined ? [] : [{ ...place, record }];
      } catch (error) {
        if (error instanceof DrError && error.code === 'LOCKED') return [{ ...place, record: undefined }];
        throw error;
      }
    }),
  );
  return found.flat();
}

function describe({ where, record }: Held): string {
  if (record === undefined) return `${where}: an object that is no lock`;
  return `${where}: held by ${record.holder} (${record.what}) since ${record.since}, until ${record.expiresAt}`;
}

function unknownLock(name: string, known: readonly string[]): DrError {
  return badInput({
    code: 'LOCK-UNKNOWN',
    where: 'unlock',
    fact: `there is no lock "${name}".${didYouMean(name, known)}`,
    hint: known.length === 0 ? 'no lock was ever taken here' : 'a command that met a lock printed its name',
  });
}

export const declareUnlock: Declare = (program, action) => {
  const command = program
    .command('unlock')
    .argument('<name>', 'the lock’s name, as the refused command printed it')
    .description('Show who holds a lock, and break it after its holder is known to be dead.')
    .addOption(confirmOption('the lock’s name'))
    .action(action(async () => (await import('./unlock.ts')).unlockCommand, { args: ['name'] }));
  examples(command, ['dr unlock restore-production-fra1 --confirm restore-production-fra1']);
};
