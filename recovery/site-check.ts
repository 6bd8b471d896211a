/** What the schema alone can't see: names that must agree with the plan, and two repositories in one place. */
import { didYouMean } from '../plan/nearest.ts';
import type { Plan } from '../plan/types.ts';
import type { Environment, RepositorySettings } from './environment.ts';
import { badInput } from './errors.ts';

/** Where a repository really is: two with the same place are one copy. */
export function placeOf(settings: RepositorySettings): string {
  return settings.type === 'posix'
    ? `posix:${settings.path.replace(/\/+$/, '')}`
    : `s3:${settings.endpoint}/${settings.bucket}`;
}

function unknownNames(what: string, given: readonly string[], known: readonly string[]): string[] {
  return given
    .filter((name) => !known.includes(name))
    .map((name) => `${what}.${name}: the plan has no "${name}".${didYouMean(name, known)}`);
}

function doubledPlaces(environment: Environment): string[] {
  const seen = new Map<string, string>();
  return Object.entries(environment.repositories).flatMap(([id, settings]) => {
    const place = placeOf(settings);
    const other = seen.get(place);
    seen.set(place, id);
    return other === undefined ? [] : [`repositories.${id}: is the same place as "${other}" (${place})`];
  });
}

/** Throws `ENV-INVALID` (exit 2) with all problems. */
export function checkSite(environment: Environment, plan: Plan): void {
  const workloads = plan.workloads.map((w) => w.id);
  const services = plan.tiers.flatMap((t) => t.services.map((s) => s.id));
  const facts = [
    ...unknownNames('folders', Object.keys(environment.folders), workloads),
    ...unknownNames('services', Object.keys(environment.services), services),
    ...unknownNames(
      'repositories',
      Object.keys(environment.repositories),
      plan.repositories.map((r) => r.id),
    ),
    ...doubledPlaces(environment),
  ];
  if (facts.length > 0) {
    throw badInput({ code: 'ENV-INVALID', where: 'environment', fact: facts.join('\n'), hint: 'mend these names' });
  }
}
