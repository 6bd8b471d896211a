/**
 * Points that nobody altered and that `latest` must not take unasked all the same: their clock was wrong, or another host wrote them
 * under the site's name. A mark `clean` vouches for a point. Pure.
 */
import { formatDuration } from '../../../plan/duration.ts';
import { isCompromised, isVouched } from '../marks.ts';
import type { PointOutline } from './outline.ts';
import type { CatalogEntry } from './types.ts';

export interface Doubt {
  readonly point: string;
  readonly kind: 'clock' | 'foreign';
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
    const way = skewSeconds > 0 ? 'ahead of' : 'behind';
    return `was made with a clock ${formatDuration(Math.abs(skewSeconds))} ${way} its repository's`;
  }
  if (latest > ended + TOLERANCE_MS) return `is dated ${endedAt} and holds a copy of ${iso(latest)}`;
  // Without a number nobody knows which of the two was written first.
  if (outline.sequence !== undefined && ended < bound - TOLERANCE_MS)
    return `is dated ${endedAt}, and the point before it ${iso(bound)}`;
  return undefined;
}

/** Who writes for each site, as the chain tells it: a successor names whom it took over from. */
class Owners {
  readonly #owners = new Map<string, string>();

  /** The owner, where the point is of somebody else. */
  strangerTo({ site, origin }: PointOutline): string | undefined {
    if (site === undefined || origin === undefined) return undefined;
    const owner = this.#owners.get(site);
    if (owner !== undefined && owner !== origin.id && !origin.adopts.includes(owner)) return owner;
    this.#owners.set(site, origin.id);
    return undefined;
  }
}

/**
 * The newest point of the host that writes for a site, as the chain tells it. Undefined where no point says.
 * @param entries in the order of the chain
 */
export function ownerOf(entries: readonly CatalogEntry[], site: string): CatalogEntry | undefined {
  const owners = new Owners();
  return entries
    .filter((entry) => entry.trust === 'ok' && !isCompromised(entry) && entry.outline.site === site)
    .filter(({ outline }) => owners.strangerTo(outline) === undefined)
    .at(-1);
}

/** By the id of the point. @param entries in the order of the chain */
export function doubtsOf(entries: readonly CatalogEntry[], now: Date): Map<string, Doubt> {
  const doubts = new Map<string, Doubt>();
  const owners = new Owners();
  let bound = Number.NEGATIVE_INFINITY;
  for (const entry of entries) {
    if (entry.trust !== 'ok' || isCompromised(entry)) continue;
    const { outline } = entry;
    const { id } = outline;
    const vouched = isVouched(entry);
    const stranger = owners.strangerTo(outline);
    const clock = clockFact(outline, now.getTime(), bound);
    if (clock === undefined && outline.sequence !== undefined) bound = Math.max(bound, Date.parse(outline.endedAt));
    if (vouched) continue;
    if (clock !== undefined) doubts.set(id, { point: id, kind: 'clock', fact: clock });
    else if (stranger !== undefined) {
      const fact = `was written by another host under the name of the site "${outline.site}"`;
      doubts.set(id, { point: id, kind: 'foreign', fact });
    }
  }
  return doubts;
}
