/** Recorded stacks as `dr impact` compares them, and ways to change them as a pull request would. */
import type { BeforeAndAfter, Declared, DeclaredResource } from '../../../recovery/impact/declared.ts';
import { record } from '../../infra/recording.ts';

export type Edit = (declared: Declared) => Declared;

// biome-ignore lint/suspicious/noExplicitAny: inputs of any resource, to be changed at any place
type Inputs = any;

export async function declaredIn(stack: string, config: Readonly<Record<string, unknown>> = {}): Promise<Declared> {
  const recording = await record(stack, config);
  return {
    stack,
    resources: recording.map(({ urn, type, inputs, protect, retainOnDelete }) => ({
      urn,
      type,
      inputs,
      protect,
      retainOnDelete,
    })),
  };
}

function matches({ type, urn, inputs }: DeclaredResource, kind: string, name: string | undefined): boolean {
  const { metadata, bucket } = inputs as { metadata?: { name?: unknown }; bucket?: unknown };
  return (
    type.endsWith(`:${kind}`) && (name === undefined || [urn.split('::').at(-1), metadata?.name, bucket].includes(name))
  );
}

function each(
  declared: Declared,
  kind: string,
  name: string | undefined,
  change: (one: DeclaredResource) => DeclaredResource[],
): Declared {
  if (!declared.resources.some((one) => matches(one, kind, name)))
    throw new Error(`no ${kind} ${name ?? ''} to change`);
  return {
    ...declared,
    resources: declared.resources.flatMap((one) => (matches(one, kind, name) ? change(one) : [one])),
  };
}

export const change =
  (kind: string, name: string | undefined, edit: (inputs: Inputs) => void): Edit =>
  (declared) =>
    each(declared, kind, name, (one) => {
      const inputs = structuredClone(one.inputs);
      edit(inputs);
      if (JSON.stringify(inputs) === JSON.stringify(one.inputs))
        throw new Error(`${kind} ${name ?? ''} stays as it is`);
      return [{ ...one, inputs }];
    });

/** As `sed` would in a file of a ConfigMap. */
export const sed = (map: string, file: string, from: string | RegExp, to: string): Edit =>
  change('ConfigMap', map, ({ data }) => {
    data[file] = data[file].replace(from, to);
  });

export const remove =
  (kind: string, name: string): Edit =>
  (declared) =>
    each(declared, kind, name, () => []);

export const flags =
  (kind: string, name: string, set: Partial<DeclaredResource>): Edit =>
  (declared) =>
    each(declared, kind, name, (one) => [{ ...one, ...set }]);

export const all =
  (...edits: readonly Edit[]): Edit =>
  (declared) =>
    edits.reduce((last, edit) => edit(last), declared);

export const sides = (before: Declared, edit: Edit): BeforeAndAfter => ({ before, after: edit(before) });
