/** Pure: the section `folders` of the environment file, a part for each workload of the plan that is a folder. */
import { dataSourceOf } from '../../../plan/data-source.ts';
import type { Plan } from '../../../plan/types.ts';
import { remark, value } from '../document.ts';
import type { HostChoices, HostFacts } from './look.ts';
import { openRemark, type ProposedPart } from './proposed-part.ts';

const isIn = (inner: string, outer: string): boolean => `${inner}/`.startsWith(`${outer}/`);

interface Candidate {
  readonly path: string;
  readonly by: string;
}

function candidates(id: string, facts: HostFacts, choices: HostChoices, stores: readonly string[]): Candidate[] {
  const named = choices.folders.get(id);
  if (named !== undefined) return [{ path: named, by: 'named by --folder' }];
  const found = facts.folders
    .filter(({ workload, path }) => workload === id && !stores.some((store) => isIn(path, store)))
    .map(({ path, by }) => ({ path, by: `has its name; ${by}` }));
  if (found.length > 0 || id !== 'monitoring-config') return found;
  return facts.prometheus.map((path) => ({ path, by: 'Prometheus reads its configuration there' }));
}

function onlyCandidate([one, second]: readonly Candidate[]): string[] {
  return one === undefined || second !== undefined ? [] : [one.path];
}

function imagesRemark({ imageStores }: HostFacts): string {
  if (imageStores.length === 0) return 'no folder with OCI layouts was found';
  const stores = imageStores.map(({ what, by }) => `${what} (${by})`).join(', ');
  return `${stores} keeps images in a form of its own; fill a folder by: skopeo copy docker://IMAGE oci:FOLDER:TAG`;
}

/** @param stores Data directories of the stores, which are workloads of their own. */
export function foldersPart(
  facts: HostFacts,
  choices: HostChoices,
  plan: Plan,
  stores: readonly string[],
): ProposedPart[] {
  const workloads = plan.workloads.filter((workload) => dataSourceOf(workload) === 'folders');
  const chosen = workloads.flatMap(({ id }) => onlyCandidate(candidates(id, facts, choices, stores)));
  return workloads.map(({ id, type, title }): ProposedPart => {
    const [one, ...more] = candidates(id, facts, choices, stores);
    if (one === undefined) {
      const why = type === 'images' ? imagesRemark(facts) : 'no folder of that name was found';
      return { part: remark(`${id}: { path: … } # ${title}: ${why}; name it: --folder ${id}=PATH`) };
    }
    const outer = chosen.find((path) => path !== one.path && isIn(one.path, path));
    if (more.length === 0 && outer !== undefined) {
      const why = `${one.path} lies in ${outer}, which is another workload: a restore of one would replace the other`;
      const unanswered = {
        about: `folders.${id}`,
        why,
        hint: `leave it there, or move it and name it: --folder ${id}=PATH`,
      };
      return { part: openRemark(id, unanswered), unanswered: [unanswered] };
    }
    if (more.length === 0) return { part: value(id, { path: one.path }, one.by) };
    const paths = [one, ...more].map(({ path }) => path);
    const why = `${paths.length} folders have this name: ${paths.join(', ')}`;
    const unanswered = { about: `folders.${id}`, why, hint: `choose one: --folder ${id}=${one.path}` };
    return { part: openRemark(id, unanswered), unanswered: [unanswered] };
  });
}

/** Places that services write to and that no line of the file covers: a person may know what they hold. */
export function uncoveredPlaces(facts: HostFacts, covered: readonly string[]): string[] {
  const own = new Set(
    facts.units.filter(({ own: isOwn }) => isOwn).flatMap(({ folders }) => folders.map((f) => f.path)),
  );
  const places = facts.places.filter(({ path, by }) => own.has(path) || by.startsWith('mounted'));
  return places
    .filter(({ path }) => !covered.some((each) => isIn(path, each) || isIn(each, path)))
    .map(({ path, by }) => `${path} (${by})`);
}
