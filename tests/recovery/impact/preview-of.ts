/** Recorded stacks in the shape in which the engine writes previews and exports (pkg/display/json.go, apitype/core.go). */
import type { Resource } from '../../../infra/policy/resource.ts';

interface Written {
  readonly urn: string;
  readonly custom: true;
  readonly type: string;
  readonly inputs: unknown;
  readonly protect?: boolean;
}

function masked(value: unknown, path: string, secrets: readonly string[]): unknown {
  if (secrets.includes(path)) return '[secret]';
  if (Array.isArray(value)) return value.map((item, n) => masked(item, `${path}.${n}`, secrets));
  if (typeof value !== 'object' || value === null) return value;
  const inner = (key: string) => (path === '' ? key : `${path}.${key}`);
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, masked(item, inner(key), secrets)]));
}

function written({ type, name, props, secrets }: Resource): Written {
  const urn = `urn:pulumi:production::go-coffee-dr::${type}::${name}`;
  return { urn, custom: true, type, inputs: masked(props, '', secrets ?? []) };
}

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** @param showSames as `--show-sames`: what does not change is among the steps too */
export function previewOf(before: readonly Resource[], after: readonly Resource[], showSames = true): object {
  const old = new Map(before.map(written).map((one) => [one.urn, one]));
  const next = new Map(after.map(written).map((one) => [one.urn, one]));
  const steps = [...new Set([...old.keys(), ...next.keys()])].map((urn) => {
    const [oldState, newState] = [old.get(urn), next.get(urn)];
    const op =
      oldState === undefined
        ? 'create'
        : newState === undefined
          ? 'delete'
          : same(oldState, newState)
            ? 'same'
            : 'update';
    return { op, urn, ...(oldState && { oldState }), ...(newState && { newState }), detailedDiff: null };
  });
  return { config: {}, steps: steps.filter(({ op }) => showSames || op !== 'same'), duration: 1, changeSummary: {} };
}

export function exportOf(resources: readonly Resource[]): object {
  return { version: 3, deployment: { manifest: {}, resources: resources.map(written), metadata: {} } };
}
