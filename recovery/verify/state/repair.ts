/** What can be put right in a repository with what it still holds: plan, then do it while nobody writes there. */
import { attachedRepositories, isDriveUnmounted } from '../../config/repositories.ts';
import type { Repository, Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import { holderName } from '../../core/holder.ts';
import { requireEngine } from '../../engines/find.ts';
import { goodCopyOf, readSegment, type SegmentPlace, writeSegment } from '../../engines/pgbackrest/segment-copies.ts';
import { checkRepository } from '../../engines/restic/check.ts';
import { openRestic } from '../../engines/restic/restic.ts';
import { compareVersions } from '../../engines/versions.ts';
import { openCatalog, rememberCatalogs } from '../../points/catalog/catalog.ts';
import { whileAlone } from '../../storage/alone.ts';
import type { RepositoryState } from './inspect.ts';

export type Action =
  | { readonly kind: 'info'; readonly key: string; readonly from: string }
  | { readonly kind: 'restic-index'; readonly fact: string }
  | ({ readonly kind: 'wal'; readonly key: string; readonly from: string } & SegmentPlace)
  | { readonly kind: 'accept-removed'; readonly keys: readonly string[] };

export interface Repair {
  readonly repository: string;
  readonly actions: readonly Action[];
  /** What no repair brings back, a sentence each. */
  readonly left: readonly string[];
}

export interface RepairOptions {
  /** Documents that are gone count as removed on purpose from now on. */
  readonly acceptRemoved: boolean;
  /** WAL segments that are damaged there or missing, and may be whole in another repository. */
  readonly wal: readonly string[];
  readonly now: Date;
  readonly signal: AbortSignal;
}

/** restic's index is made from the packs, so it can be made again; packs can't. */
async function resticActions(site: Site, repository: Repository, signal: AbortSignal): Promise<Action[]> {
  const restic = openRestic(site, repository, 'restorer');
  if (!(await restic.exists())) return [];
  const { packs, trees, others } = await checkRepository(restic, { percent: 0, signal });
  const fact = others[0] ?? packs.map(({ pack, fact }) => `pack ${pack.slice(0, 10)} ${fact}`)[0] ?? trees[0];
  return fact === undefined ? [] : [{ kind: 'restic-index', fact }];
}

/** Only the lineages that the repository holds: a segment of the same name in two of them is looked at in both. */
async function walActions(
  site: Site,
  repository: Repository,
  lineages: readonly string[],
  segments: readonly string[],
): Promise<{ actions: Action[]; left: string[] }> {
  const others = attachedRepositories(site).filter(
    (each) => each.id !== repository.id && each.exported !== true && !isDriveUnmounted(site, each),
  );
  const actions: Action[] = [];
  const left: string[] = [];
  for (const segment of segments) {
    let seen = false;
    for (const lineage of lineages) {
      const own = await readSegment(site, repository, { lineage, segment });
      if (own?.state === 'ok') {
        seen = true;
        continue;
      }
      const good = await goodCopyOf(site, others, { lineage, segment });
      seen ||= good !== undefined || own !== undefined;
      if (good !== undefined)
        actions.push({ kind: 'wal', lineage, segment, key: own?.key ?? segment, from: good.repository.id });
      else if (own !== undefined) left.push(`${own.key}: no other repository holds it whole`);
    }
    if (!seen) left.push(`WAL segment ${segment}: no repository holds it`);
  }
  return { actions, left };
}

export async function planRepair(
  site: Site,
  repository: Repository,
  state: RepositoryState,
  options: RepairOptions,
): Promise<Repair> {
  const files = state.lineages.flatMap(({ files }) => files).filter((file) => file.state !== 'ok');
  const infos = files.flatMap(({ key, twin }): Action[] =>
    twin === undefined ? [] : [{ kind: 'info', key, from: twin }],
  );
  const gone = (await (await openCatalog(site, repository, 'restorer')).gone()).map(({ key }) => key);
  const accepted: Action[] = options.acceptRemoved && gone.length > 0 ? [{ kind: 'accept-removed', keys: gone }] : [];
  const lost = files.filter(({ twin }) => twin === undefined).map(({ key }) => `${key}: its copy is no better`);
  const missed = options.acceptRemoved
    ? []
    : gone.map((key) => `${key}: removed; if that was on purpose: --accept-removed`);
  const names = state.lineages.map(({ lineage }) => lineage);
  const wal = await walActions(site, repository, names, options.wal);
  return {
    repository: repository.id,
    actions: [...infos, ...wal.actions, ...(await resticActions(site, repository, options.signal)), ...accepted],
    left: [...lost, ...wal.left, ...missed],
  };
}

async function carryOut(site: Site, repository: Repository, action: Action, options: RepairOptions): Promise<void> {
  const store = await repository.store('writer');
  if (action.kind === 'info') {
    const good = await store.get(action.from);
    if (good === undefined) {
      const hint = 'run `dr repository status` again';
      throw new DrError({ code: 'REPAIR-GONE', where: action.from, fact: 'it is gone by now', hint });
    }
    await store.put(action.key, good.body);
  } else if (action.kind === 'wal') {
    const copy = await readSegment(site, site.repository(action.from), action);
    if (copy?.state !== 'ok') {
      const hint = 'run the same command again: it looks in all repositories';
      throw new DrError({ code: 'REPAIR-GONE', where: action.from, fact: `${action.segment} is whole no more`, hint });
    }
    await writeSegment(site, repository, { place: action, copy });
  } else if (action.kind === 'restic-index') {
    const restic = openRestic(site, repository, 'writer');
    const { version } = await requireEngine('restic', site.run);
    const command = compareVersions(version, '0.16') < 0 ? ['rebuild-index'] : ['repair', 'index'];
    await restic.run(command, { signal: options.signal });
  } else {
    const catalog = await openCatalog(site, repository, 'writer');
    await catalog.acceptGone(holderName());
    await rememberCatalogs(site, [repository], { role: 'writer', now: options.now });
  }
}

/** Throws `LOCKED` (exit 6) while a backup, a prune or a verification is at work, and what the store and the engines throw. */
export async function repair(site: Site, repository: Repository, plan: Repair, options: RepairOptions): Promise<void> {
  const store = await repository.store('writer');
  await whileAlone(store, repository.layout, 'dr repository repair', async (lost) => {
    for (const action of plan.actions) {
      lost.throwIfAborted();
      await carryOut(site, repository, action, options);
    }
  });
}

export function actionText(action: Action): string {
  if (action.kind === 'info') return `write ${action.key} again from ${action.from}`;
  if (action.kind === 'wal') return `write ${action.key} again from ${action.from}`;
  if (action.kind === 'restic-index') return `let restic make its index again (${action.fact})`;
  return `sign that these were removed on purpose: ${action.keys.join(', ')}`;
}
