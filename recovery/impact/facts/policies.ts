/** What policies allow and deny, compared by statement: who may delete, bypass a lock, decrypt, change a protection. */
import { isUnknown } from '../../../plan/declared/values.ts';
import { parseJson } from '../../core/json.ts';
import { type DeclaredResource, kindOf, nameOf } from '../declared.ts';
import type { Fact } from '../fact.ts';
import { LATER } from '../settings/meaning.ts';

const FIELDS = ['policy', 'assumeRolePolicy', 'policyDocument'] as const;

const list = (value: unknown): string[] =>
  [value ?? []].flat().map((one) => (typeof one === 'string' ? one : JSON.stringify(one)));

function principals(value: unknown): string[] {
  if (value === undefined) return ['its role'];
  if (value === '*') return ['everybody'];
  if (typeof value !== 'object' || value === null) return [String(value)];
  return Object.values(value)
    .flatMap(list)
    .map((who) => (who === '*' ? 'everybody' : who));
}

/** Keys in order, so that two spellings of one condition are the same. */
function canonical(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(canonical).sort().join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value) ?? 'null';
  const entries = Object.entries(value).map(([key, item]) => `${key}: ${canonical(item)}`);
  return `{${entries.sort().join(', ')}}`;
}

/** Fields of one item, in the order in which it is written. */
const SEPARATOR = ' · ';

interface Statement {
  readonly Effect?: unknown;
  readonly Principal?: unknown;
  readonly NotPrincipal?: unknown;
  readonly Action?: unknown;
  readonly NotAction?: unknown;
  readonly Resource?: unknown;
  readonly NotResource?: unknown;
  readonly Condition?: unknown;
}

/** `everybody · s3:DeleteObjectVersion · arn:… · if {…}`: one for each who, action and resource. */
function itemsOf(statement: Statement): string[] {
  const { Principal, NotPrincipal, Action, NotAction, Resource, NotResource, Condition } = statement;
  const who = NotPrincipal === undefined ? principals(Principal) : [`all but ${principals(NotPrincipal).join(', ')}`];
  const actions = NotAction === undefined ? list(Action) : [`all but ${list(NotAction).join(', ')}`];
  const resources = NotResource === undefined ? list(Resource) : [`all but ${list(NotResource).join(', ')}`];
  const where = resources.length === 0 ? ['*'] : resources;
  const when = Condition === undefined ? [] : [`if ${canonical(Condition)}`];
  return who.flatMap((one) =>
    actions.flatMap((action) => where.map((on) => [one, action, on, ...when].join(SEPARATOR))),
  );
}

const matches = (wide: string, narrow: string): boolean => {
  const pattern = wide
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replaceAll('*', '.*')
    .replaceAll('?', '.');
  return new RegExp(`^${pattern}$`).test(narrow);
};

/** The same condition or none, and patterns that hold the other's. */
function covers(wide: string, narrow: string): boolean {
  const [who, action = '', on = '', when] = wide.split(SEPARATOR);
  const [whom, narrower = '', there = '', then] = narrow.split(SEPARATOR);
  if (when !== undefined && when !== then) return false;
  return (who === whom || who === 'everybody') && matches(action, narrower) && matches(on, there);
}

/** Those that end copies, keys or their protection, for the words of the harm. */
const ENDS =
  /Delete|Bypass|PutObjectRetention|LegalHold|ScheduleKeyDeletion|DisableKey|PutKeyPolicy|Lifecycle|Versioning|ObjectLock|PutBucketPolicy|:\*/;
const READS = /Decrypt|GetSecretValue|GetObject/;

function harmOf(items: readonly string[]): string {
  if (items.some((item) => ENDS.test(item)))
    return 'more people or programs can delete copies or keys, or end their protection';
  return items.some((item) => READS.test(item)) ? 'more can read the copies or their keys' : 'more is allowed';
}

function statementFacts(policy: string, of: string): Fact[] {
  const parsed = parseJson(policy);
  const statements =
    typeof parsed === 'object' && parsed !== null && 'Statement' in parsed ? [parsed.Statement].flat() : undefined;
  if (statements === undefined)
    return [{ area: 'access', what: `allowed by ${of}`, value: 'not a policy', worth: 0, unclear: true }];
  const items = (effect: string) =>
    statements.flatMap((one) => ((one as Statement).Effect === effect ? itemsOf(one as Statement) : []));
  const allowed = items('Allow');
  const denied = items('Deny');
  return [
    {
      ...{ area: 'access', what: `allowed by ${of}`, value: `${allowed.length} permissions` },
      items: { all: allowed, more: 'worse', fewer: 'unknown', covers },
      harm: { store: 'all', says: harmOf(allowed) },
      of,
    },
    {
      ...{ area: 'access', what: `denied by ${of}`, value: `${denied.length} refusals` },
      items: { all: denied, more: 'better', fewer: 'worse', covers },
      harm: { store: 'all', says: harmOf(denied) },
      of,
    },
  ];
}

export function policyFacts(resource: DeclaredResource): Fact[] {
  if (!resource.type.startsWith('aws:')) return [];
  return FIELDS.flatMap((field): Fact[] => {
    const policy = resource.inputs[field];
    if (typeof policy !== 'string') return [];
    const [topic] = /^.*-topic-[a-z]+-[a-z]+-\d/.exec(nameOf(resource)) ?? [];
    const of = `${field === 'assumeRolePolicy' ? 'trust' : 'policy'} of ${kindOf(resource)} ${nameOf(resource)}`;
    // A policy that goes denies nothing any more, or lets a job in nowhere.
    const there: Fact = {
      area: 'access',
      what: of,
      value: isUnknown(policy) ? LATER : 'declared',
      ...(isUnknown(policy) ? {} : { worth: 1 }),
      harm: { store: 'all', says: 'what it denied is allowed, or what it allowed fails' },
      ...(topic === undefined ? {} : { of: `topic ${topic}` }),
    };
    return isUnknown(policy) ? [there] : [there, ...statementFacts(policy, of)];
  });
}
