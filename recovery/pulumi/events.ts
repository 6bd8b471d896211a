/** Translates the engine's events into those of `StackEngine`. Pure. */
import type { EngineEvent, StepEventMetadata } from '@pulumi/pulumi/automation/index.js';
import { isRecord, type Json } from '../core/json.ts';
import type { Diagnostic, EngineObject, ResourceEvent } from './engine.ts';

type Op = ResourceEvent['op'];

export type Operation = 'up' | 'preview' | 'destroy';

/** Steps of the engine; all others are bookkeeping. */
const OPS: Readonly<Record<string, Op>> = {
  create: 'create',
  update: 'update',
  delete: 'delete',
  same: 'same',
  replace: 'replace',
  'create-replacement': 'replace',
  'delete-replaced': 'delete',
  read: 'read',
  'read-replacement': 'read',
  refresh: 'refresh',
  import: 'import',
  'import-replacement': 'import',
};

/** `<urn>::<id>`; infra/cluster/provider.ts names the provider for what the stacks of a cluster share. */
const SHARED = /::cluster-shared::[^:]*$/;

const record = (value: unknown): Json => (isRecord(value) ? value : {});

function text(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

function objectOf({ type, new: next, old }: StepEventMetadata): EngineObject | undefined {
  if (!type.startsWith('kubernetes:')) return undefined;
  const inputs = record((next ?? old)?.inputs);
  const { name, namespace, labels } = record(inputs.metadata);
  const kind = text(inputs.kind) ?? type.split(':').at(-1) ?? '';
  const own = text(name);
  if (own === undefined) return undefined;
  const texts = Object.entries(record(labels)).filter(
    (entry): entry is [string, string] => text(entry[1]) !== undefined,
  );
  const where = text(namespace);
  return { kind, name: own, ...(where === undefined ? {} : { namespace: where }), labels: Object.fromEntries(texts) };
}

function resourceEvent(state: ResourceEvent['state'], metadata: StepEventMetadata): ResourceEvent | undefined {
  const op = OPS[metadata.op];
  if (op === undefined) return undefined;
  const object = objectOf(metadata);
  const { urn, type } = metadata;
  const name = urn.split('::').slice(3).join('::');
  const adopts = SHARED.test(metadata.provider ?? '');
  return { state, op, urn, type, name, ...(object === undefined ? {} : { object }), ...(adopts ? { adopts } : {}) };
}

/** A preview makes nothing: it reports each resource once, as `done`. */
export function toResourceEvent(event: EngineEvent, kind: Operation): ResourceEvent | undefined {
  const preview = kind === 'preview';
  if (event.resourcePreEvent) return resourceEvent(preview ? 'done' : 'start', event.resourcePreEvent.metadata);
  if (preview) return undefined;
  if (event.resOutputsEvent) return resourceEvent('done', event.resOutputsEvent.metadata);
  if (event.resOpFailedEvent) return resourceEvent('failed', event.resOpFailedEvent.metadata);
  return undefined;
}

/** Without the engine's colours, `<{%fg 1%}>`. */
function plain(message: string): string {
  return message.replaceAll(/<\{%.*?%\}>/g, '').trim();
}

/** Also sent, and unknown to the library's type: `debug`, which nobody reads. */
const SEVERITIES: Readonly<Record<string, Diagnostic['severity']>> = {
  info: 'info',
  'info#err': 'info',
  warning: 'warning',
  error: 'error',
};

export function toDiagnostic({ diagnosticEvent }: EngineEvent): Diagnostic | undefined {
  if (diagnosticEvent === undefined || diagnosticEvent.ephemeral === true) return undefined;
  const { urn } = diagnosticEvent;
  const severity = SEVERITIES[diagnosticEvent.severity];
  const message = plain(diagnosticEvent.message);
  if (severity === undefined || message === '') return undefined;
  return { severity, message, ...(urn ? { urn } : {}) };
}

export function toChanges({ summaryEvent }: EngineEvent): Readonly<Record<string, number>> | undefined {
  if (summaryEvent === undefined) return undefined;
  const counted: Record<string, number> = {};
  for (const [op, count] of Object.entries(summaryEvent.resourceChanges)) {
    const known = OPS[op];
    if (known !== undefined) counted[known] = (counted[known] ?? 0) + (count ?? 0);
  }
  return counted;
}
