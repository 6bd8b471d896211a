/** What a stack's state holds, and how far it is the stack's own. Pure. */
import { OWN_LABEL } from '../../plan/layout.ts';
import { isRecord, type Json } from '../core/json.ts';
import type { Held, HeldObject, HeldResource } from './engine.ts';
import type { State } from './state.ts';

const KUBERNETES = 'kubernetes:';
const KUBERNETES_PROVIDER = 'pulumi:providers:kubernetes';

const record = (value: unknown): Json => (isRecord(value) ? value : {});

/** Undefined for anything but text. An encrypted value is an object. */
function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

type StateResource = NonNullable<NonNullable<State['deployment']>['resources']>[number];

/** `kubernetes:core/v1:Secret` is the API's `v1` and `Secret`. */
function kindOf(type: string): Pick<HeldObject, 'apiVersion' | 'kind'> | undefined {
  const [, apiVersion, kind] = /^kubernetes:(?:core\/)?([^:]+):([^:]+)$/.exec(type) ?? [];
  return apiVersion === undefined || kind === undefined ? undefined : { apiVersion, kind };
}

/** The provider's id of an object is `namespace/name`, or its name: that is never encrypted. */
function objectOf({ type, id, inputs, outputs }: StateResource): HeldObject | undefined {
  const kind = kindOf(type);
  if (kind === undefined) return undefined;
  const declared = record(record(inputs).metadata);
  const made = record(record(outputs).metadata);
  const [inId, nameInId] = text(id)?.includes('/') ? String(id).split('/') : [undefined, text(id)];
  const name = text(made.name) ?? text(declared.name) ?? nameInId;
  if (name === undefined) return undefined;
  const namespace = text(made.namespace) ?? text(declared.namespace) ?? inId;
  const labels = Object.entries({ ...record(declared.labels), ...record(made.labels) }).filter(
    (entry): entry is [string, string] => typeof entry[1] === 'string',
  );
  const uid = text(made.uid);
  return {
    ...kind,
    name,
    labels: Object.fromEntries(labels),
    ...(namespace === undefined ? {} : { namespace }),
    ...(uid === undefined ? {} : { uid }),
  };
}

/** `<urn>::<id>` */
function providerUrn(provider: unknown): string | undefined {
  const named = text(provider);
  return named?.slice(0, named.lastIndexOf('::'));
}

/** A provider's inputs are texts. */
const isOn = (value: unknown): boolean => value === true || value === 'true';

/** Its provider takes over a claim that the StatefulSet's controller has made: no other stack uses it. */
const isClaimOfAStore = (object: HeldObject | undefined): boolean =>
  object?.kind === 'PersistentVolumeClaim' && object.labels[OWN_LABEL] === 'stack';

/** Without components, providers, and resources that are only read: `destroy` deletes nothing of those. */
export function heldIn(state: State): Held {
  const all = state.deployment?.resources ?? [];
  const providers = all.filter(({ type }) => type === KUBERNETES_PROVIDER);
  const inputsOf = new Map(providers.map(({ urn, inputs }) => [urn, record(inputs)]));
  const resources = all
    .filter(({ type, custom, external }) => !type.startsWith('pulumi:') && custom !== false && external !== true)
    .map((resource): HeldResource => {
      const { urn, type, provider, importID, protect, retainOnDelete, created } = resource;
      const recordedAt = text(created);
      const object = type.startsWith(KUBERNETES) ? objectOf(resource) : undefined;
      const upserts = isOn(inputsOf.get(providerUrn(provider) ?? '')?.upsertExistingObjects);
      return {
        urn,
        type,
        adopted: (upserts && !isClaimOfAStore(object)) || text(importID) !== undefined,
        guarded: protect === true || retainOnDelete === true,
        ...(object === undefined ? {} : { object }),
        ...(recordedAt === undefined ? {} : { recordedAt }),
      };
    });
  const [since] = all.flatMap(({ created }) => text(created) ?? []).toSorted();
  return {
    resources,
    ...(since === undefined ? {} : { since }),
    contexts: [...new Set([...inputsOf.values()].flatMap(({ context }) => text(context) ?? []))],
  };
}
