/** A catalog on an object store, with a cache of documents on the local disk. */
import { randomBytes } from 'node:crypto';
import pMap from 'p-map';
import { canonicalJson } from '../../../plan/digest.ts';
import { didYouMeanOrAll } from '../../../plan/nearest.ts';
import type { Repository } from '../../config/site.ts';
import { badInput, messageOf, precondition } from '../../core/errors.ts';
import type { Logger } from '../../core/log.ts';
import { ConditionFailed, type ObjectStore } from '../../storage/object-store.ts';
import { type FenceReading, readFences } from '../fence-document.ts';
import { isPointId, timeStamp } from '../id.ts';
import { markStamp, parseMarkKey } from '../marks.ts';
import { type Mark, type PointBody, pointBodySchema, type RecoveryPoint } from '../point.ts';
import { signDocument, signPoint } from '../signing.ts';
import { type Cache, type CacheContent, loadCache, saveCache } from './cache.ts';
import { type CatalogDocuments, findProblems, pointOfKey, signedRemovals, stillGone } from './chain.ts';
import type { CatalogPlace, Checkpoint, DocumentRecord } from './document.ts';
import { compromisedWithout, marksByPoint, marksWithout, toEntries, toEntry, unreadByPoint } from './entries.ts';
import { goneSince, onePerKey, unnamed } from './gone.ts';
import { headOf, missingFences, missingOf } from './head.ts';
import type { Keyring } from './keyring.ts';
import { tipsOf } from './mark-chain.ts';
import type { GoneDocument, Head, SignedRemovals } from './memory.ts';
import { chainOrder } from './order.ts';
import { type Reading, readDocuments, readOne } from './read.ts';
import type { Remembered } from './remember.ts';
import type { Catalog, CatalogEntry, CatalogProblem, CatalogReview } from './types.ts';
import { unreadablePoint } from './unreadable.ts';

export interface StoreCatalogOptions {
  readonly repository: Repository;
  readonly place: CatalogPlace;
  readonly store: ObjectStore;
  readonly keys: Keyring;
  readonly cache: Omit<Cache, 'keys'>;
  readonly asOf: Date | undefined;
  readonly log: Logger;
  /** What other repositories remember of this one. */
  readonly remembered: () => Promise<readonly Remembered[]>;
}

const DELETES_AT_ONCE = 16;

export class StoreCatalog implements Catalog {
  readonly repository: Repository;
  readonly #options: StoreCatalogOptions;

  constructor(options: StoreCatalogOptions) {
    this.repository = options.repository;
    this.#options = options;
  }

  async points(): Promise<CatalogEntry[]> {
    return toEntries(await this.#documents());
  }

  async review(): Promise<CatalogReview> {
    // A list needs the texts of few documents.
    const documents = await this.#documents({ checkTexts: false });
    const compromisedGone = compromisedWithout(documents);
    const marksGone = marksWithout(documents);
    return { points: toEntries(documents), problems: findProblems(documents), compromisedGone, marksGone };
  }

  async get(id: string): Promise<CatalogEntry | undefined> {
    if (!isPointId(id)) return undefined;
    const { layout } = this.#options.place;
    const reading = this.#reading(new Map());
    const [record, marks] = await Promise.all([
      readOne('point', layout.point(id), reading),
      readDocuments('mark', layout.marksPrefix(id), reading),
    ]);
    if (record === undefined) return undefined;
    if (record.state === 'unreadable') throw unreadablePoint(this.repository.id, { id, why: record.why });
    if (record.text === '') return undefined;
    return toEntry(record, { marks: marksByPoint(marks).get(id) ?? [], unread: unreadByPoint(marks).get(id) });
  }

  async problems(): Promise<CatalogProblem[]> {
    return findProblems(await this.#documents());
  }

  async write(body: Omit<PointBody, 'previous' | 'sequence'>): Promise<RecoveryPoint> {
    const { store, place, keys } = this.#options;
    this.#refusePast('write');
    const { points, checkpoints } = await this.#documents();
    // The chain does not continue from an altered point: putting the original back would break it.
    const good = chainOrder(points).filter((record) => record.state === 'ok');
    const newest = good.at(-1) ?? checkpoints.findLast((c) => c.state === 'ok');
    const sequence = Math.max(0, ...good.map((record) => record.sequence ?? 0)) + 1;
    const chained = { ...body, sequence, previous: newest?.digest ?? null };
    const point = signPoint(pointBodySchema.parse(chained), keys.signingKey());
    await this.#putOnce(place.layout.point(point.id), point, () =>
      precondition({
        code: 'POINT-EXISTS',
        where: point.id,
        fact: `${store.describe} already holds a point of this id`,
        hint: 'nothing was overwritten; run the backup again, which makes a new id',
      }),
    );
    return point;
  }

  async mark(id: string, mark: Mark, by: string, note?: string): Promise<void> {
    const { place, keys } = this.#options;
    this.#refusePast('mark');
    const entry = (await this.get(id)) ?? (await this.#refuseUnknown(id));
    const { marks } = await this.#documents();
    // The later of two marks counts, whatever clock the earlier one was set by.
    const last = entry.marks.reduce((latest, { at }) => Math.max(latest, Date.parse(at)), 0);
    const at = new Date(Math.max(Date.now(), last + 1));
    const facts = {
      environment: place.environment,
      repository: place.repository,
      point: id,
      mark,
      at: at.toISOString(),
      by,
      previous: tipsOf(marks),
    };
    const document = { apiVersion: 'go-coffee-dr/v1', kind: 'Mark', ...facts, ...(note === undefined ? {} : { note }) };
    await this.#putOnce(place.layout.mark(id, mark, markStamp(at)), signDocument(document, keys.signingKey()), () =>
      precondition({
        code: 'MARK-EXISTS',
        where: id,
        fact: `another process set the mark "${mark}" at the same moment`,
        hint: 'see `dr points show ID`',
      }),
    );
  }

  async removePoints(ids: readonly string[], by: string): Promise<void> {
    const { store } = this.#options;
    this.#refusePast('remove');
    const { points, marks } = await this.#documents();
    const wanted = new Set(ids);
    const isWanted = (record: DocumentRecord): boolean => wanted.has(pointOfKey(record.key) ?? '');
    const removed = points.flatMap((record, n) => {
      if (!isWanted(record)) return [];
      // The next point names an altered one by its original digest.
      const named = record.state === 'ok' ? undefined : points[n + 1]?.previous;
      const digests = [record.digest, named ?? ''].filter((digest) => digest !== '');
      return [{ point: pointOfKey(record.key) ?? '', digests }];
    });
    if (removed.length === 0) return;
    // The checkpoint comes first: if this run dies here, it names points that are still present, which is harmless.
    await this.#writeCheckpoint(removed, by);
    const doomed = [...points, ...marks].filter(isWanted);
    await pMap(doomed, (record) => store.delete(record.key), { concurrency: DELETES_AT_ONCE });
  }

  async head(now: Date): Promise<Head> {
    const { place, keys } = this.#options;
    const of = { environment: place.environment, of: this.repository.id };
    const fences = await this.#fences();
    const standing = fences.flatMap(({ fence }) => (fence === undefined ? [] : [fence]));
    const documents = await this.#documents();
    return headOf({ ...documents, fences: standing }, of, { now, key: keys.signingKey() });
  }

  async gone(): Promise<readonly GoneDocument[]> {
    const { gone, points, marks, checkpoints } = await this.#documents();
    return stillGone(gone, [...points, ...marks], checkpoints);
  }

  async acceptGone(by: string, { return: mayReturn = false } = {}): Promise<readonly GoneDocument[]> {
    this.#refusePast('change');
    const gone = await this.gone();
    const removed = gone.map(({ key, digest }) => ({
      // A point is gone as a whole, unless it returns. Of a point that stays, only the mark is.
      point: !mayReturn && parseMarkKey(key) === undefined ? (pointOfKey(key) ?? '') : '',
      digests: [digest],
    }));
    if (removed.length > 0) await this.#writeCheckpoint(removed, by);
    return gone;
  }

  async removals(): Promise<SignedRemovals> {
    return signedRemovals((await this.#documents()).checkpoints);
  }

  async signWork(by: string): Promise<void> {
    this.#refusePast('change');
    await this.#writeCheckpoint([], by);
  }

  async #writeCheckpoint(removed: Checkpoint['removed'], by: string): Promise<void> {
    const { store, place, keys } = this.#options;
    const at = new Date();
    const id = `${timeStamp(at)}-${randomBytes(4).toString('hex')}`;
    const body: Omit<Checkpoint, 'signature'> = {
      apiVersion: 'go-coffee-dr/v1',
      kind: 'Checkpoint',
      id,
      environment: place.environment,
      repository: place.repository,
      at: at.toISOString(),
      by,
      removed,
    };
    await store.put(place.layout.checkpoint(id), `${canonicalJson(signDocument(body, keys.signingKey()))}\n`, {
      kind: 'absent',
    });
  }

  #fences(): Promise<FenceReading[]> {
    const { store, place, keys } = this.#options;
    return readFences(store, place.layout, keys.keys);
  }

  #reading(cached: ReadonlyMap<string, DocumentRecord>): Reading {
    const { store, place, keys, asOf } = this.#options;
    return { store, place, keys: keys.keys, asOf, cached };
  }

  /** All three kinds; unchanged ones come from the cache. */
  async #documents(texts = { checkTexts: true }): Promise<CatalogDocuments> {
    const { place, keys, cache, asOf } = this.#options;
    const known = loadCache({ ...cache, keys: keys.keys }, texts);
    const reading = this.#reading(known.records);
    // Before the points: what is remembered must be older than what is read.
    const remembered = asOf ? [] : await this.#options.remembered();
    const [points, marks] = await Promise.all([
      readDocuments('point', place.layout.catalogPrefix, reading),
      readDocuments('mark', place.layout.allMarksPrefix, reading),
    ]);
    // After the points: a prune that runs meanwhile writes its checkpoint before it removes a point.
    const checkpoints = await readDocuments('checkpoint', place.layout.checkpointPrefix, reading);
    // As of an earlier time, nothing that was removed or written since counts as gone.
    if (asOf) return { points, marks, checkpoints, gone: [], cacheFile: cache.file };
    const gone = goneSince(known, { points, marks, checkpoints });
    const all = [...points, ...marks, ...checkpoints];
    const unchanged =
      all.length === known.records.size && all.every((record) => known.records.get(record.key) === record);
    if (!unchanged || gone.length !== known.gone.length) await this.#remember({ records: byKeyOf(all), gone });
    const elsewhere = remembered.flatMap(({ by, head }) => missingOf(head, by, { points, marks, checkpoints }));
    const fences = remembered.some(({ head }) => head.fences !== undefined) ? await this.#fences() : [];
    const fenced = remembered.flatMap((each) => missingFences(each, fences, place.layout.fence));
    const named = unnamed(marks).map((link) => ({ ...link, by: 'a later mark' }));
    const missing = stillGone(onePerKey([...gone, ...elsewhere, ...fenced, ...named]), [], checkpoints);
    return { points, marks, checkpoints, gone: missing, cacheFile: cache.file };
  }

  async #remember(content: CacheContent): Promise<void> {
    const { cache, keys, log } = this.#options;
    try {
      await saveCache({ ...cache, keys: keys.keys }, content);
    } catch (error) {
      log.debug({ file: cache.file, reason: messageOf(error) }, 'the catalog cache could not be written');
    }
  }

  async #putOnce(key: string, document: object, taken: () => Error): Promise<void> {
    try {
      await this.#options.store.put(key, `${canonicalJson(document)}\n`, { kind: 'absent' });
    } catch (error) {
      throw error instanceof ConditionFailed ? taken() : error;
    }
  }

  #refusePast(what: string): void {
    if (this.#options.asOf === undefined) return;
    throw badInput({
      code: 'CATALOG-READ-ONLY',
      where: this.repository.id,
      fact: `can't ${what} as of ${this.#options.asOf.toISOString()}`,
      hint: 'run it without --repository-time',
    });
  }

  async #refuseUnknown(id: string): Promise<never> {
    const ids = (await this.points()).map((entry) => entry.point.id).reverse();
    throw badInput({
      code: 'POINT-UNKNOWN',
      where: this.repository.id,
      fact: `holds no point "${id}".${didYouMeanOrAll(id, ids)}`,
      hint: 'see `dr points`',
    });
  }
}

const byKeyOf = (records: readonly DocumentRecord[]): Map<string, DocumentRecord> =>
  new Map(records.map((record) => [record.key, record]));
