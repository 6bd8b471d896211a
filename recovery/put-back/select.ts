/** `--select`: objects of a point by kind and name, by a label, or by their namespace. Pure. */
import { didYouMean } from '../../plan/nearest.ts';
import { badInput, type DrError } from '../core/errors.ts';
import { groupOf, type KubeObject, kindOf } from '../kubernetes/objects.ts';
import type { Selected } from './types.ts';

interface LabelTerm {
  readonly key: string;
  readonly value: string;
  readonly equal: boolean;
}

export type Selector =
  | { readonly by: 'object'; readonly kind: string; readonly namespace?: string; readonly name: string }
  | { readonly by: 'label'; readonly terms: readonly LabelTerm[] }
  /** The namespace and all in it. */
  | { readonly by: 'namespace'; readonly name: string };

const FORMS =
  'type deployment/NAME, deployment/NAMESPACE/NAME, certificate.cert-manager.io/NAME, app=api or namespace/NAME';

/** As kubectl knows them. */
const SHORT: Readonly<Record<string, string>> = {
  cj: 'cronjob',
  cm: 'configmap',
  crd: 'customresourcedefinition',
  deploy: 'deployment',
  ds: 'daemonset',
  ep: 'endpoints',
  hpa: 'horizontalpodautoscaler',
  ing: 'ingress',
  netpol: 'networkpolicy',
  pdb: 'poddisruptionbudget',
  po: 'pod',
  pvc: 'persistentvolumeclaim',
  quota: 'resourcequota',
  rs: 'replicaset',
  sa: 'serviceaccount',
  sc: 'storageclass',
  sts: 'statefulset',
  svc: 'service',
};

const NAMESPACE = ['namespace', 'namespaces', 'ns'];

function misuse(text: string, fact: string): DrError {
  return badInput({ code: 'SELECT-FORM', where: `--select ${text}`, fact, hint: FORMS });
}

/** `app=api,tier!=web`: all of them. */
function labelTerms(text: string): LabelTerm[] {
  return text.split(',').map((term) => {
    const [, key, sign, value] = /^\s*([^\s=!]+)\s*(==?|!=)\s*([^\s=!]*)\s*$/.exec(term) ?? [];
    if (key === undefined || value === undefined) throw misuse(text, `"${term}" is not a label with its value`);
    return { key, value, equal: sign !== '!=' };
  });
}

/** Throws `SELECT-FORM` (exit 2). */
export function parseSelector(typed: string): Selector {
  const text = typed.trim().replace(/^-l\s*/, '');
  if (text.includes('=')) return { by: 'label', terms: labelTerms(text) };
  const [kind = '', first = '', second, ...more] = text.split('/').map((part) => part.trim());
  if (kind === '' || first === '' || second === '' || more.length > 0)
    throw misuse(typed, 'it is not KIND/NAME, a label or namespace/NAME');
  if (NAMESPACE.includes(kind.toLowerCase()) && second === undefined) return { by: 'namespace', name: first };
  return second === undefined
    ? { by: 'object', kind, name: first }
    : { by: 'object', kind, namespace: first, name: second };
}

/** `policy`, `policys`, `policyes`, `policies` */
function wordsOf(kind: string): string[] {
  const word = kind.toLowerCase();
  return [word, `${word}s`, `${word}es`, word.replace(/y$/, 'ies')];
}

function isKind(typed: string, object: KubeObject): boolean {
  const dot = typed.indexOf('.');
  const word = (dot < 0 ? typed : typed.slice(0, dot)).toLowerCase();
  const isGroup = dot < 0 || typed.slice(dot + 1).toLowerCase() === groupOf(object);
  return isGroup && wordsOf(object.kind).includes(Object.hasOwn(SHORT, word) ? (SHORT[word] ?? word) : word);
}

export function isSelected(selector: Selector, object: KubeObject): boolean {
  const { name, namespace, labels } = object.metadata;
  switch (selector.by) {
    case 'label':
      return selector.terms.every(({ key, value, equal }) => (labels?.[key] === value) === equal);
    case 'namespace':
      return namespace === selector.name || (object.kind === 'Namespace' && name === selector.name);
    case 'object': {
      const isThere = selector.namespace === undefined || selector.namespace === namespace;
      return isKind(selector.kind, object) && isThere && selector.name === name;
    }
  }
}

const groupWord = (object: KubeObject): string => kindOf(object).toLowerCase();
const kindWord = ({ kind }: KubeObject): string => kind.toLowerCase();

/** What could have been meant: names of the same kind first, or else everything that can be named in this form. */
function known(selector: Selector, objects: readonly KubeObject[]): string[] {
  if (selector.by === 'namespace')
    return [...new Set(objects.flatMap(({ metadata: { namespace } }) => namespace ?? []))].map((n) => `namespace/${n}`);
  if (selector.by === 'label') {
    const labels = objects.flatMap(({ metadata }) => Object.entries(metadata.labels ?? {}));
    return [...new Set(labels.map(([key, value]) => `${key}=${value}`))].sort();
  }
  const ofKind = objects.filter((object) => isKind(selector.kind, object));
  const word = selector.kind.includes('.') ? groupWord : kindWord;
  const named = (ofKind.length > 0 ? ofKind : objects).map((object) => `${word(object)}/${object.metadata.name}`);
  return [...new Set(named)].sort();
}

/** With the label's key alone: `tier=…` has no value that is near. */
function unknown(text: string, selector: Selector, objects: readonly KubeObject[]): DrError {
  return badInput({
    code: 'SELECT-UNKNOWN',
    where: `--select ${text}`,
    fact: `the point holds no such object.${didYouMean(text.trim().replace(/^-l\s*/, ''), known(selector, objects))}`,
    hint: `${FORMS}; another point: --to ID (dr points list)`,
  });
}

/**
 * The objects that at least one selector chooses, in the order of the point.
 * Throws `SELECT-FORM` and `SELECT-UNKNOWN` (exit 2): a selector that chooses nothing is a mistake.
 */
export function selectObjects(objects: readonly KubeObject[], texts: readonly string[]): Selected[] {
  const selectors = texts.map((text) => ({ text, selector: parseSelector(text) }));
  for (const { text, selector } of selectors)
    if (!objects.some((object) => isSelected(selector, object))) throw unknown(text, selector, objects);
  return objects.flatMap((object) => {
    const by = selectors.filter(({ selector }) => isSelected(selector, object));
    return by.length === 0 ? [] : [{ object, byName: by.some(({ selector }) => selector.by === 'object') }];
  });
}
