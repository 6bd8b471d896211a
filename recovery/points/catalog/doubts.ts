/**
 * Points that nobody altered and that `latest` must not take unasked all the same: their clock was wrong, or another host wrote them
 * under the site's name, or a newer version has set a mark that this one can't read. A mark `clean` vouches for a point, but not against
 * such a mark. Pure.
 */
import { skewText } from '../../storage/clock.ts';
import { isCompromised, isVouched } from '../marks.ts';
import type { PointOutline } from './outline.ts';
import type { CatalogEntry } from './types.ts';

export interface Doubt {
  readonly point: string;
  readonly kind: 'clock' | 'foreign' | 'unread';
  /** Follows the id: `is dated 2027-12-28T02:00:00.000Z, after now`. */
  readonly fact: string;
}

/** A wrong zone or summer time is an hour or two, and the chain's order holds. Beyond that the date means nothing. */
export const CLOCK_TOLERANCE_SECONDS = 2 * 3600;
const TOLERANCE_MS = CLOCK_TOLERANCE_SECONDS * 1000;

const iso = (time: number): string => new Date(time).toISOString();

/** @param bound the latest date of the points before, of those whose clock was right */
function clockFact(outline: PointOutline, now: number, bound: number): string | undefined {
  const { endedAt, captures, skewSeconds = 0 } = outline;
  const ended = Date.parse(endedAt);
  const latest = Math.max(Date.parse(outline.startedAt), ended, ...captures.map(({ at }) => at));
  if (latest > now + TOLERANCE_MS) return `is dated ${iso(latest)}, after now (${iso(now)})`;
  if (Math.abs(skewSeconds) > CLOCK_TOLERANCE_SECONDS) {
    return `was made with a clock ${skewText(skewSeconds)} its repository's`;
  }
  if (latest > ended + TOLERANCE_MS) return `is dated ${endedAt} and holds a copy of ${iso(latest)}`;
  // Without a number nobody knows which of the two was written first.
  if (outline.sequence !== undefined && ended < bound - TOLERANCE_MS)
    return `is dated ${endedAt}, and the point before it ${iso(bound)}`;
  return undefined;
}

/** Keys that took over from one another: one history. */
class Histories {
  readonly #first = new Map<string, string>();

  /** The name of the history: its first key. */
  of(key: string): string {
    const before = this.#first.get(key);
    return before === undefined ? key : this.of(before);
  }

  join(key: string, older: string): void {
    const [a, b] = [this.of(key), this.of(older)];
    if (a !== b) this.#first.set(a, b);
  }
}

/**
 * Who writes for each site. Its history is the one with the most points, because the first ones are pruned some day; within it a
 * successor names whom it took over from, and that one is a stranger from then on.
 */
class Owners {
  readonly #histories = new Histories();
  /** Site → its history. */
  readonly #own = new Map<string, string>();
  /** Site → the key that writes now. */
  readonly #writer = new Map<string, string>();

  constructor(outlines: readonly PointOutline[]) {
    for (const { origin } of outlines)
      for (const older of origin?.adopts ?? []) this.#histories.join(origin?.id ?? older, older);
    const counts = new Map<string, number>();
    for (const { site, origin } of outlines) {
      if (site === undefined || origin === undefined) continue;
      const history = this.#histories.of(origin.id);
      const count = (counts.get(`${site} ${history}`) ?? 0) + 1;
      counts.set(`${site} ${history}`, count);
      const most = counts.get(`${site} ${this.#own.get(site)}`) ?? 0;
      if (count > most) this.#own.set(site, history);
    }
  }

  /** Called in the order of the chain. */
  isStranger({ site, origin }: PointOutline): boolean {
    if (site === undefined || origin === undefined) return false;
    if (this.#histories.of(origin.id) !== this.#own.get(site)) return true;
    const writer = this.#writer.get(site);
    if (writer !== undefined && writer !== origin.id && !origin.adopts.includes(writer)) return true;
    this.#writer.set(site, origin.id);
    return false;
  }
}

const isBelieved = (entry: CatalogEntry): boolean => entry.trust === 'ok' && !isCompromised(entry);

/**
 * The newest point of the host that writes for a site, as the chain tells it. Undefined where no point says.
 * @param entries in the order of the chain
 */
export function ownerOf(entries: readonly CatalogEntry[], site: string): CatalogEntry | undefined {
  const own = entries.filter((entry) => isBelieved(entry) && entry.outline.site === site);
  const owners = new Owners(own.map(({ outline }) => outline));
  return own.filter(({ outline }) => !owners.isStranger(outline)).at(-1);
}

/** By the id of the point. @param entries in the order of the chain */
export function doubtsOf(entries: readonly CatalogEntry[], now: Date): Map<string, Doubt> {
  const doubts = new Map<string, Doubt>();
  const believed = entries.filter(isBelieved);
  const owners = new Owners(believed.map(({ outline }) => outline));
  let bound = Number.NEGATIVE_INFINITY;
  for (const entry of believed) {
    const { outline } = entry;
    const { id } = outline;
    const vouched = isVouched(entry);
    const stranger = owners.isStranger(outline);
    const clock = clockFact(outline, now.getTime(), bound);
    if (clock === undefined && outline.sequence !== undefined) bound = Math.max(bound, Date.parse(outline.endedAt));
    const unread = entry.unread?.find(({ genuine }) => genuine);
    if (unread !== undefined) {
      doubts.set(id, {
        point: id,
        kind: 'unread',
        fact: `bears a mark that this version of dr can't read (${unread.why})`,
      });
      continue;
    }
    if (vouched) continue;
    if (clock !== undefined) doubts.set(id, { point: id, kind: 'clock', fact: clock });
    else if (stranger) {
      const fact = `was written by another host under the name of the site "${outline.site}"`;
      doubts.set(id, { point: id, kind: 'foreign', fact });
    }
  }
  return doubts;
}
