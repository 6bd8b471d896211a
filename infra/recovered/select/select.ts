/** Selects the objects of a manifest snapshot that are declared, with reasons for the others. Pure. */
import type { Plan } from '../../../plan/types.ts';
import {
  fieldsOf,
  type KubeObject,
  kindOf,
  listOf,
  type ManifestSnapshot,
  type SnapshotObject,
} from '../../../recovery/public.ts';
import type { ConfigProblem } from '../../config/problems.ts';
import type { Selector } from '../../config/selector.ts';
import type { RecoverySettings } from '../../config/types.ts';
import { identityOf, listed } from '../objects/identity.ts';
import { type MapArgs, mapObjects, namespaceNames } from './map.ts';
import type { IsOwn } from './own.ts';
import { placementsOf } from './placement.ts';
import { isSelected, parseSelectors, type SelectionContext } from './selectors.ts';

/** The config key with the settings for the snapshot. */
export type Section = 'recovery' | 'standby';

export const REASONS = {
  own: () => 'the stack declares it itself',
  'not-in-only': (section: Section) => `${section}.only does not name it`,
  excluded: (section: Section) => `${section}.exclude names it`,
  'service-gone': () => 'the service that it calls is missing, and it would refuse everything',
} as const;
export type Reason = keyof typeof REASONS;

export interface SelectArgs {
  readonly plan: Pick<Plan, 'tiers'>;
  readonly snapshot: Pick<ManifestSnapshot, 'objects' | 'namespaces'>;
  readonly settings: Pick<RecoverySettings, 'only' | 'exclude' | 'map'>;
  /** In a standby a selector that selects nothing is not a mistake, because each `up` reads another snapshot. */
  readonly section: Section;
  /** This stack's name of the platform's namespace. */
  readonly platform: string;
  readonly isOwn: IsOwn;
}

export interface Selected {
  /** With this stack's names. */
  readonly objects: readonly KubeObject[];
  /** Reason → identities. */
  readonly excluded: Readonly<Partial<Record<Reason, readonly string[]>>>;
  readonly notes: readonly string[];
  /** With any problem, the other fields must not be used. */
  readonly problems: readonly ConfigProblem[];
}

/**
 * Selectors by service or tier restrict the objects that belong to a service; objects that belong to none stay, because every service may
 * need them. With selectors by kind or name alone, only the objects that they select are wanted.
 */
function isWanted(object: KubeObject, only: readonly Selector[], context: SelectionContext): boolean {
  if (only.length === 0 || only.some((selector) => isSelected(selector, object, context))) return true;
  return only.some(({ by }) => by !== 'object') && !context.placements.has(object);
}

const isNamed = (object: KubeObject, only: readonly Selector[], context: SelectionContext): boolean =>
  only.some(
    (selector) => selector.by === 'object' && selector.name !== undefined && isSelected(selector, object, context),
  );

/** `namespace/name` of the services that the API server calls for it: of webhooks, and of an APIService. */
function askedBy(object: KubeObject): string[] {
  const clients = listOf(object.webhooks).map((webhook) => fieldsOf(webhook).clientConfig);
  const callers = kindOf(object) === 'APIService.apiregistration.k8s.io' ? [object.spec] : clients;
  return callers.flatMap((caller) => {
    const { namespace, name } = fieldsOf(fieldsOf(caller).service);
    return typeof namespace === 'string' ? [`${namespace}/${name}`] : [];
  });
}

function duplicates(objects: readonly KubeObject[], section: Section): ConfigProblem[] {
  const seen = new Set<string>();
  const twice = objects.map(identityOf).filter((identity) => seen.has(identity) || !seen.add(identity));
  if (twice.length === 0) return [];
  const fact = `two objects of the manifest snapshot would both be ${listed(twice)}`;
  return [{ path: [section, 'map', 'namespace'], fact, hint: 'give each namespace a name of its own' }];
}

function outsideNotes(entries: readonly SnapshotObject[], kept: ReadonlySet<KubeObject>): string[] {
  return entries
    .filter(({ object, outside }) => outside.length > 0 && kept.has(object))
    .map(
      ({ object, outside }) => `${identityOf(object)} calls ${outside.join(', ')}, which this stack does not declare`,
    );
}

export function selectObjects({ plan, snapshot, settings, section, platform, isOwn }: SelectArgs): Selected {
  const mapping: MapArgs = { map: settings.map, section, namespaces: snapshot.namespaces, platform };
  const all = snapshot.objects.map(({ object }) => object);
  const known: SelectionContext = {
    plan,
    objects: all,
    placements: placementsOf(plan, all),
    namespaces: namespaceNames(mapping),
  };
  const only = parseSelectors([section, 'only'], settings.only, known);
  const exclude = parseSelectors([section, 'exclude'], settings.exclude, known);

  const excluded: Partial<Record<Reason, string[]>> = {};
  const leave = (reason: Reason, object: KubeObject): false => {
    excluded[reason] = [...(excluded[reason] ?? []), identityOf(object)];
    return false;
  };
  const { objects: mapped, notes } = mapObjects(all, mapping);
  const kept = all.filter((object) => {
    const here = mapped.get(object);
    if (here === undefined) return false;
    if (isOwn(here)) return leave('own', object);
    if (exclude.selectors.some((selector) => isSelected(selector, object, known))) return leave('excluded', object);
    return isWanted(object, only.selectors, known) || leave('not-in-only', object);
  });

  const there = [...kept, ...all.filter((object) => isOwn(mapped.get(object) ?? object))];
  const services = new Set(
    there
      .filter((object) => kindOf(object) === 'Service')
      .map(({ metadata: { namespace, name } }) => `${namespace}/${name}`),
  );
  const chosen = kept.filter((object) => {
    const gone = askedBy(object).some((service) => !services.has(service));
    return !gone || isNamed(object, only.selectors, known) || leave('service-gone', object);
  });
  const objects = chosen.flatMap((object) => mapped.get(object) ?? []);
  const idle = [...only.problems, ...exclude.problems];
  const said = section === 'standby' ? idle.map(({ path, fact }) => `${path.join('.')}: ${fact}`) : [];
  return {
    objects,
    excluded,
    notes: [...said, ...notes, ...outsideNotes(snapshot.objects, new Set(chosen))],
    problems: [...(section === 'standby' ? [] : idle), ...duplicates(objects, section)],
  };
}
