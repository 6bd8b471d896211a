/**
 * Pure: one run writes the same content to every repository. Each repository is compared with its own points; nobody else notices that two
 * of them hold different content under one id. A live folder may have changed between the writes to two repositories, so it is a note.
 *
 * Compared is what the points say of the content. The ids of restic's trees are no help: they hold the times of the folders above too, so
 * only a `restic copy` has the same one.
 */
import { canonicalJson } from '../../plan/digest.ts';
import type { CatalogEntry } from '../points/catalog/types.ts';
import type { ResticCapture } from '../points/point.ts';
import { formatBytes, plural } from '../report/format.ts';
import type { Finding } from './types.ts';

/** Repository → its points. */
export type Catalogs = ReadonlyMap<string, readonly CatalogEntry[]>;

interface Difference {
  readonly point: string;
  readonly own: ResticCapture;
  readonly other: ResticCapture;
}

const contentOf = ({ bytes, objects, facts }: ResticCapture): string => canonicalJson({ bytes, objects, facts });

function restics({ point, trust }: CatalogEntry): Map<string, ResticCapture> {
  const captures = trust === 'ok' ? point.captures : [];
  return new Map(captures.flatMap((each) => (each.engine === 'restic' ? [[each.workload, each] as const] : [])));
}

/** By workload, in the order of the chain. */
function differences(own: readonly CatalogEntry[], others: readonly CatalogEntry[]): Map<string, Difference[]> {
  const byId = new Map(others.map((entry) => [entry.outline.id, entry]));
  const found = new Map<string, Difference[]>();
  for (const entry of own) {
    const { id: point } = entry.outline;
    const same = byId.get(point);
    if (same === undefined) continue;
    const there = restics(same);
    for (const [workload, capture] of restics(entry)) {
      const other = there.get(workload);
      if (other === undefined || other.digest === capture.digest || contentOf(other) === contentOf(capture)) continue;
      found.set(workload, [...(found.get(workload) ?? []), { point, own: capture, other }]);
    }
  }
  return found;
}

/** What of the content differs: `facts: keys 50 and 49`. */
function wordsOf({ own, other }: Difference): string {
  const names = [...new Set([...Object.keys(own.facts), ...Object.keys(other.facts)])].sort();
  const facts = names.filter((name) => own.facts[name] !== other.facts[name]);
  const sizes = own.bytes === other.bytes ? [] : [`${formatBytes(own.bytes)} and ${formatBytes(other.bytes)}`];
  const files = own.objects === other.objects ? [] : [`${own.objects} and ${other.objects} files`];
  const shown = facts.slice(0, 3).map((name) => `${name} ${own.facts[name] ?? '-'} and ${other.facts[name] ?? '-'}`);
  return [...sizes, ...files, ...shown].join(', ');
}

/** The finding stands with the later repository of each two. */
export function sameRunFindings(catalogs: Catalogs): Finding[] {
  const all = [...catalogs];
  return all.flatMap(([repository, entries], n) =>
    all.slice(0, n).flatMap(([before, others]) =>
      [...differences(entries, others)].flatMap(([workload, found]): Finding[] => {
        const last = found.at(-1);
        if (last === undefined) return [];
        return [
          {
            repository,
            area: workload,
            severity: 'note',
            code: 'COPIES-DIFFER',
            what: `${workload} of ${plural(found.length, 'point')}`,
            fact: `holds other content than ${before} under the same id, the last time in ${last.point} (${wordsOf(last)}): it changed between the two`,
            hint: `look which one you want before you restore it: --from ${repository}, or --from ${before}; for a copy of one moment see hooks.${workload}`,
            points: [],
          },
        ];
      }),
    ),
  );
}
