/** Pure: what leaving takes away from a cluster, by the state of a stack. What holds data is protected there, and stays. */

import { isRecord, type Json, valueAt } from '../../core/json.ts';
import { shellWord } from '../../core/quote.ts';
import type { Held, HeldResource } from '../../pulumi/engine.ts';
import type { Leaving, Step, Thing } from './leaving.ts';

export interface StackFacts {
  readonly stack: string;
  readonly held: Held;
  /** Outputs of the stack; only those are read that are no secrets. */
  readonly outputs: Json;
}

/** `NetworkPolicy go-coffee-dr/…`, `aws:s3/bucketV2:BucketV2 copies` */
function nameOf({ object, type, urn }: HeldResource): string {
  if (object === undefined) return `${type} ${urn.split('::').at(-1)}`;
  return `${object.kind} ${object.namespace === undefined ? '' : `${object.namespace}/`}${object.name}`;
}

/** No more than values in the state. */
const VALUES = /^(random|tls|command|time):/;

function byKind(resources: readonly HeldResource[]): Thing[] {
  const kinds = new Map<string, HeldResource[]>();
  for (const resource of resources) {
    const kind = resource.object?.kind ?? resource.type;
    kinds.set(kind, [...(kinds.get(kind) ?? []), resource]);
  }
  return [...kinds]
    .toSorted(([a], [b]) => a.localeCompare(b))
    .map(([kind, all]) => ({
      what: kind,
      where: all.map((each) => nameOf(each).slice(nameOf(each).indexOf(' ') + 1)).join(', '),
      why: kind === 'Namespace' ? 'the stack made it: it goes with all that is in it, claims too' : 'the stack made it',
    }));
}

function copiesOf(outputs: Json): Thing[] {
  const { repositories } = outputs;
  return Object.entries(isRecord(repositories) ? repositories : {}).map(([id, of]) => {
    const [kind, path, endpoint, bucket] = ['kind', 'path', 'endpoint', 'bucket'].map((key) =>
      String(valueAt(of, key) ?? ''),
    );
    const where =
      kind === 'local'
        ? `claim of the local repository, at ${path} in its pods`
        : `${endpoint || kind} bucket ${bucket}`;
    return {
      what: `copies in ${id}`,
      where,
      why: 'opened by the passphrase of the credentials (pulumi stack output secrets --show-secrets)',
    };
  });
}

/** A namespace that the stack owns goes with everything in it, claims too: one that is protected, or around what stays, must not. */
function namespacesThatStay(resources: readonly HeldResource[], stays: readonly HeldResource[]): string[] {
  const owned = resources.filter(({ object }) => object?.kind === 'Namespace');
  const kept = owned.filter(
    (each) => each.guarded || stays.some(({ object }) => object?.namespace === each.object?.name),
  );
  return kept.map(({ object }) => object?.name ?? '');
}

function readingOf(outputs: Json): string[] {
  const [environment, lineage] = [String(outputs.environment ?? '…'), String(outputs.lineage ?? '…')];
  const { repositories } = outputs;
  return Object.entries(isRecord(repositories) ? repositories : {}).map(([id, of]) => {
    const place = valueAt(of, 'bucket') ?? valueAt(of, 'path');
    return `${id}: REPOSITORY=${String(place)} ENVIRONMENT=${environment} LINEAGE=${lineage} PASSPHRASE_FILE=… (passphrases.${id} of the credentials)`;
  });
}

/** The platform may still use it: only a person knows. */
function databaseStep(stays: readonly HeldResource[], kubectl: string): Step[] {
  const sets = stays.flatMap(({ object }) => (object?.kind === 'StatefulSet' ? [object] : []));
  if (sets.length === 0) return [];
  return [
    {
      commands: sets.map(({ namespace, name }) => `${kubectl} delete statefulset -n ${namespace} ${name}`),
      why: 'the stack’s own database and Redis run on until then; leave this out while the platform uses them. Their claims stay',
    },
  ];
}

function stepsOf(stack: string, context: string, kept: readonly string[], stays: readonly HeldResource[]): Step[] {
  const name = shellWord(stack);
  const kubectl = `kubectl --context ${shellWord(context)}`;
  return [
    {
      commands: [`umask 077; pulumi stack output secrets --show-secrets --stack ${name} > credentials.json`],
      why: 'passphrases and keys are in the state alone: without them the copies are noise. Keep the file apart from the cluster',
    },
    {
      commands: [`dr --stack ${name} backup --kind full`, `dr --stack ${name} verify`],
      why: 'a last point; leave out what the pods may not do',
    },
    ...(kept.length === 0
      ? []
      : [
          {
            commands: kept.map((each) => `${kubectl} get pvc -n ${each}`),
            why: 'these claims stay, those of the database too: never delete a namespace that has some',
          },
        ]),
    {
      commands: [
        `pulumi destroy --stack ${name} --exclude-protected --preview-only`,
        `pulumi destroy --stack ${name} --exclude-protected`,
      ],
      why: `removes what is listed as going, but for what protected resources need: the preview has the exact list. ${stays.length} stay, in the cluster and in the state`,
    },
    ...databaseStep(stays, kubectl),
    {
      commands: [
        `# keep the stack’s state, or: pulumi state unprotect --all --stack ${name}; pulumi stack rm --force ${name}`,
      ],
      why: 'the second forgets what stays and deletes none of it; credentials.json must be kept before',
    },
  ];
}

export function leaveStack({ stack, held, outputs }: StackFacts): Leaving {
  const resources = held.resources.filter(({ type }) => !VALUES.test(type));
  const secrets = held.resources.filter(({ type }) => VALUES.test(type));
  const stays = resources.filter(({ guarded }) => guarded);
  const staying = namespacesThatStay(resources, stays);
  const isKept = ({ object }: HeldResource) => object?.kind === 'Namespace' && staying.includes(object.name);
  const goes = resources.filter((each) => !each.guarded && !isKept(each));
  const existing = valueAt(outputs, 'namespaces', 'existing');
  const [context = '…'] = held.contexts;
  return {
    from: `stack ${stack}`,
    goes: byKind(goes),
    stays: [
      ...copiesOf(outputs),
      ...byKind([...stays, ...resources.filter((each) => !each.guarded && isKept(each))]).map((each) => ({
        ...each,
        why: 'protected or retained: it holds data, or brings it back',
      })),
      ...(secrets.length === 0
        ? []
        : [
            {
              what: 'passwords and keys',
              where: `the state of ${stack}`,
              why: `${secrets.length} values: they open the copies`,
            },
          ]),
      ...(Array.isArray(existing) && existing.length > 0
        ? [{ what: 'Namespace', where: existing.join(', '), why: 'the platform’s own: the stack has only read it' }]
        : []),
    ],
    steps: stepsOf(stack, context, staying, stays),
    reading: readingOf(outputs),
    unanswered: [],
  };
}
