/**
 * The signed records of this environment: incidents, and logs beside them. They lie below `incidents/` in the state folder and in every
 * repository that answers. Opening brings all of these to the same content: what one could not be given before is written now.
 */
import pLimit from 'p-limit';
import { type Layout, layout } from '../../plan/layout.ts';
import { engineRepositories } from '../config/repositories.ts';
import type { Repository, Site } from '../config/site.ts';
import { refuseUnmounted } from '../config/used-folders.ts';
import { asDrError, rethrowBug } from '../core/as-dr-error.ts';
import { DrError } from '../core/errors.ts';
import { readKeyring } from '../points/catalog/keyring.ts';
import type { SigningKey } from '../points/signing.ts';
import { ConditionFailed, type ObjectStore } from '../storage/object-store.ts';
import { openStateStore } from '../storage/posix/store.ts';
import {
  type Examined,
  examineRecord,
  type LogReading,
  type LogRecord,
  missingOf,
  type NewRecord,
  ordered,
  signRecord,
} from './record.ts';
import { within } from './within.ts';

/** A place that could not be read or written: `repository primary`, `state folder`. */
export interface Unreached {
  readonly place: string;
  readonly fact: string;
  readonly hint: string;
}

export interface Appended {
  readonly record: LogRecord;
  /** Names of the places that hold it now. */
  readonly written: readonly string[];
  readonly unreached: readonly Unreached[];
}

export interface Records {
  /** Of all logs, sorted. */
  names(): string[];
  read(log: string): LogReading;
  /**
   * Signs and writes one record. Throws `EVENT-NOT-KEPT` when no place takes it, and what kept the signing key from being read.
   * A repository that doesn't answer gets it from the next `openRecords`.
   */
  append(record: Omit<NewRecord, 'environment' | 'site'>): Promise<Appended>;
  /** Places that did not answer when the records were opened. */
  readonly unreached: readonly Unreached[];
}

export interface OpenRecordsOptions {
  /** For each place, all of its calls together. @default 10 */
  readonly seconds?: number;
  /** Repositories are not asked. @default false */
  readonly localOnly?: boolean;
}

const SECONDS = 10;
const AT_ONCE = 8;
const STATE = 'state folder';

interface Place {
  readonly name: string;
  readonly keys: Layout;
  store(): Promise<ObjectStore>;
}

/** Bucket policies let the restorer write here. One that was made before they did lets the writer. */
function restorersStore(repository: Repository): ObjectStore['put'] {
  return async (...request) => {
    try {
      return await (await repository.store('restorer')).put(...request);
    } catch (error) {
      if (!(error instanceof DrError) || error.code !== 'REPOSITORY-DENIED') throw error;
      return (await repository.store('writer')).put(...request);
    }
  };
}

function placeOf(site: Site, repository: Repository): Place {
  return {
    name: `repository ${repository.id}`,
    keys: repository.layout,
    async store() {
      // The folder below a mount point that is not mounted is not the repository.
      refuseUnmounted(site, repository);
      const store = await repository.store('restorer');
      const put = restorersStore(repository);
      return {
        describe: store.describe,
        put,
        get: (key) => store.get(key),
        list: (prefix) => store.list(prefix),
        delete: (key) => store.delete(key),
      };
    },
  };
}

interface Found {
  readonly place: Place;
  readonly keys: ReadonlySet<string>;
  readonly bodies: ReadonlyMap<string, Buffer>;
}

async function readPlace(place: Place, known: ReadonlySet<string>): Promise<Found> {
  const store = await place.store();
  const infos = await store.list(place.keys.incidentsPrefix);
  const wanted = infos.filter(({ key }) => key.endsWith('.json') && !known.has(key));
  const limit = pLimit(AT_ONCE);
  const objects = await Promise.all(wanted.map(({ key }) => limit(() => store.get(key))));
  const bodies = objects.flatMap((object) => (object === undefined ? [] : [[object.key, object.body] as const]));
  return { place, keys: new Set(infos.map(({ key }) => key)), bodies: new Map(bodies) };
}

/** One that is there already is the same record: the id is random. */
async function putOnce(store: ObjectStore, key: string, body: string | Buffer): Promise<void> {
  try {
    await store.put(key, body, { kind: 'absent' });
  } catch (error) {
    if (!(error instanceof ConditionFailed)) throw error;
  }
}

class SignedRecords implements Records {
  readonly unreached: Unreached[] = [];
  readonly #site: Site;
  readonly #seconds: number;
  readonly #places: readonly Place[];
  readonly #keys: readonly SigningKey[];
  readonly #signingKey: () => SigningKey;
  /** By object key; a record has the same key everywhere. */
  readonly #examined = new Map<string, { readonly found: Examined; readonly body: Buffer }>();

  constructor(site: Site, places: readonly Place[], seconds: number, ring: Awaited<ReturnType<typeof readKeyring>>) {
    this.#site = site;
    this.#places = places;
    this.#seconds = seconds;
    this.#keys = ring.keys;
    this.#signingKey = ring.signingKey;
  }

  /** Reads all places, then gives each of them what it lacks. */
  async load(): Promise<void> {
    const [state, ...repositories] = this.#places as [Place, ...Place[]];
    const first = await this.#reach(state, () => readPlace(state, new Set()));
    this.#take(first);
    const known = new Set([...this.#examined].flatMap(([key, { found }]) => ('record' in found ? [key] : [])));
    const others = await Promise.all(repositories.map((place) => this.#reach(place, () => readPlace(place, known))));
    for (const found of others) this.#take(found);
    await Promise.all([first, ...others].map((found) => found && this.#complete(found)));
  }

  names(): string[] {
    return [...new Set([...this.#good()].map(({ log }) => log))].sort();
  }

  read(log: string): LogReading {
    const records = [...this.#good()].filter((record) => record.log === log);
    const prefix = layout(this.#site.environment.name).incident(log);
    const bad = [...this.#examined].flatMap(([key, { found }]) =>
      'problem' in found && key.startsWith(prefix) ? [found.problem] : [],
    );
    const missing = missingOf(records).map((digest) => ({
      key: prefix,
      fact: `an event that a later one names is gone (digest ${digest.slice(0, 12)})`,
    }));
    return { records: ordered(records), problems: [...bad, ...missing] };
  }

  async append(record: Omit<NewRecord, 'environment' | 'site'>): Promise<Appended> {
    const { name: environment, site } = this.#site.environment;
    const before = this.read(record.log).records;
    const { record: signed, text } = signRecord({ ...record, environment, site }, before, this.#signingKey());
    const unreached: Unreached[] = [];
    const written: string[] = [];
    await Promise.all(
      this.#places.map(async (place) => {
        // What did not answer a moment ago is not waited for again.
        const silent = this.unreached.find((each) => each.place === place.name);
        if (silent !== undefined) return void unreached.push(silent);
        const key = place.keys.incidentEvent(signed.log, signed.id);
        const put = async (): Promise<true> => {
          await putOnce(await place.store(), key, text);
          return true;
        };
        if ((await this.#reach(place, put, unreached)) === true) written.push(place.name);
        else if (place.name !== STATE) this.unreached.push(...unreached.filter((each) => each.place === place.name));
      }),
    );
    if (written.length === 0) {
      throw new DrError({
        code: 'EVENT-NOT-KEPT',
        where: record.log,
        fact: `no place takes the event: ${unreached.map(({ place, fact }) => `${place}: ${fact}`).join('; ')}`,
        hint: 'make the state folder writable, or bring a repository back, then run the same command again',
      });
    }
    const key = layout(environment).incidentEvent(signed.log, signed.id);
    this.#examined.set(key, { found: { record: signed }, body: Buffer.from(text) });
    return { record: signed, written: written.sort(), unreached };
  }

  *#good(): Generator<LogRecord> {
    for (const { found } of this.#examined.values()) if ('record' in found) yield found.record;
  }

  #take(found: Found | undefined): void {
    for (const [key, body] of found?.bodies ?? []) {
      const place = {
        environment: this.#site.environment.name,
        expectedKey: (log: string, id: string) => layout(this.#site.environment.name).incidentEvent(log, id),
      };
      const known = this.#examined.get(key);
      const examined = examineRecord({ key, body }, place, this.#keys);
      // An altered copy does not replace a good one of another place.
      if (known === undefined || 'problem' in known.found) this.#examined.set(key, { found: examined, body });
    }
  }

  async #complete({ place, keys }: Found): Promise<void> {
    const lacking = [...this.#examined].filter(([key, { found }]) => 'record' in found && !keys.has(key));
    if (lacking.length === 0) return;
    await this.#reach(place, async () => {
      const store = await place.store();
      const limit = pLimit(AT_ONCE);
      await Promise.all(lacking.map(([key, { body }]) => limit(() => putOnce(store, key, body))));
    });
  }

  async #reach<T>(place: Place, work: () => Promise<T>, into: Unreached[] = this.unreached): Promise<T | undefined> {
    try {
      return await within(this.#seconds, place.name, work());
    } catch (error) {
      rethrowBug(error);
      const { fact, hint } = asDrError(error, place.name);
      into.push({ place: place.name, fact, hint });
      return undefined;
    }
  }
}

/** Throws only what keeps every signing key from being read. */
export async function openRecords(site: Site, options: OpenRecordsOptions = {}): Promise<Records> {
  const { seconds = SECONDS, localOnly = false } = options;
  const state: Place = {
    name: STATE,
    keys: layout(site.environment.name),
    store: async () => openStateStore(site.environment.stateDir),
  };
  const places = [state, ...(localOnly ? [] : engineRepositories(site).map((each) => placeOf(site, each)))];
  const records = new SignedRecords(site, places, seconds, await readKeyring(site));
  await records.load();
  return records;
}
