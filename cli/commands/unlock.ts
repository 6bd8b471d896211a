/** `dr unlock`: free a lock whose holder is known to be dead. Locks lie in the state directory and in the repositories. */
import { basename } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { layout } from '../../plan/layout.ts';
import { didYouMeanOrAll } from '../../plan/nearest.ts';
import type { Site } from '../../recovery/config/site.ts';
import { badInput, DrError } from '../../recovery/core/errors.ts';
import type { LockRecord } from '../../recovery/storage/lock.ts';
import type { ObjectStore } from '../../recovery/storage/object-store.ts';
import { type CommandResult, type OptionsOf, type SiteContext, siteCommand } from '../command.ts';
import { confirmOption, examples } from '../flags.ts';
import { openSite } from '../open-site.ts';

const declaration = () =>
  new Command('unlock')
    .argument('<name>', 'the lock’s name, as the refused command printed it')
    .description('Show who holds a lock, and break it after its holder is known to be dead.')
    .addOption(confirmOption('the lock’s name'))
    .addHelpText('after', examples('dr unlock restore-production-fra1 --confirm restore-production-fra1'));

/** Where locks lie. */
interface LockStore {
  readonly where: string;
  readonly store: ObjectStore;
}

interface HeldLock extends LockStore {
  /** Undefined for an object that is not a lock. */
  readonly record: LockRecord | undefined;
}

async function unlock(_: OptionsOf<typeof declaration>, context: SiteContext, name: string): Promise<CommandResult> {
  const { breakLock } = await import('../../recovery/storage/lock.ts');
  const site = await openSite(context);
  const { locksPrefix, lock } = layout(site.environment.name);
  const stores = await openStores(site, context);
  const known = await knownLocks(stores, locksPrefix);
  if (!known.has(name)) throw unknownLock(name, [...known]);
  const key = lock(name);
  const held = await holdersOf(stores, key);
  if (held.length === 0) {
    return { kind: 'Unlock', data: { name, broken: [] }, text: `nobody holds ${name}` };
  }
  await context.confirm({
    name,
    what: [...held.map(lockText), 'A holder that is alive after all stops at its next renewal.'],
  });
  const lineage = /^fence-(.+)$/.exec(name)?.[1];
  if (lineage === undefined) for (const { store } of held) await breakLock(store, key);
  else await liftFences(site, held, { lineage, now: context.now() });
  const broken = held.map(({ where, record }) => ({
    where,
    holder: record?.holder,
    what: record?.what,
    since: record?.since,
  }));
  return { kind: 'Unlock', data: { name, broken }, text: held.map((each) => `freed: ${lockText(each)}`).join('\n') };
}

/** What is left of a fence is signed too: somebody may take one away, and nobody can say that we did. */
async function liftFences(site: Site, held: readonly HeldLock[], of: { lineage: string; now: Date }): Promise<void> {
  const [{ liftFence }, { readKeyring }] = await Promise.all([
    import('../../recovery/points/fence.ts'),
    import('../../recovery/points/catalog/keyring.ts'),
  ]);
  const key = (await readKeyring(site)).signingKey();
  for (const { store } of held) await liftFence(store, layout(site.environment.name), { ...of, key });
}

/** An unreachable repository is skipped: the locks in the others can be freed. */
async function openStores(site: Site, { log }: SiteContext): Promise<LockStore[]> {
  const { openStateStore } = await import('../../recovery/storage/posix/store.ts');
  const opened = await Promise.all(
    [...site.repositories.values()].map(async (repository) => {
      try {
        const store = await repository.store('restorer');
        await store.list(repository.layout.locksPrefix);
        return [{ where: `repository ${repository.id}`, store }];
      } catch (error) {
        if (!(error instanceof DrError)) throw error;
        log.warn(`repository ${repository.id} is unreachable: ${error.fact}`);
        return [];
      }
    }),
  );
  const { stateDir } = site.environment;
  return [{ where: stateDir, store: openStateStore(stateDir) }, ...opened.flat()];
}

async function knownLocks(stores: readonly LockStore[], prefix: string): Promise<Set<string>> {
  const lists = await Promise.all(stores.map(({ store }) => store.list(prefix)));
  const names = lists.flat().map(({ key }) => basename(key, '.json'));
  // What repositories remember of one another lies there too.
  return new Set(names.filter((name) => !name.startsWith('head-')));
}

async function holdersOf(stores: readonly LockStore[], key: string): Promise<HeldLock[]> {
  const { readLock } = await import('../../recovery/storage/lock.ts');
  const found = await Promise.all(
    stores.map(async (each): Promise<HeldLock[]> => {
      try {
        const record = await readLock(each.store, key);
        return record === undefined ? [] : [{ ...each, record }];
      } catch (error) {
        if (error instanceof DrError && error.code === 'LOCKED') return [{ ...each, record: undefined }];
        throw error;
      }
    }),
  );
  return found.flat();
}

function lockText({ where, record }: HeldLock): string {
  if (record === undefined) return `${where}: an object that is not a lock`;
  return `${where}: held by ${record.holder} (${record.what}) since ${record.since}, until ${record.expiresAt}`;
}

function unknownLock(name: string, known: readonly string[]): DrError {
  return badInput({
    code: 'LOCK-UNKNOWN',
    where: 'unlock',
    fact: `there is no lock "${name}".${didYouMeanOrAll(name, known)}`,
    hint: known.length === 0 ? 'no lock was ever taken here' : 'a command that met a lock printed its name',
  });
}

export const declare = siteCommand({ declare: declaration, run: unlock });
