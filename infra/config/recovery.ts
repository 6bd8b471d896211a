/** Rules for `recovery` and for a standby's services that involve several keys or the plan. */
import { isDeepStrictEqual } from 'node:util';
import { didYouMean } from '../../plan/nearest.ts';
import type { Plan } from '../../plan/types.ts';
import type { ConfigProblem } from './problems.ts';
import type { Plain } from './schema.ts';
import { parseSelector } from './selector.ts';
import type { Names } from './types.ts';

type Recovery = NonNullable<Plain['recovery']>;

/** A kind as in manifests. Whether the manifest snapshot has it is checked when the snapshot is read. */
const KIND = /^[A-Z][A-Za-z0-9]*(\.[a-z0-9.-]+)?$/;

type Section = 'recovery' | 'standby';

function selectorProblems(
  section: Section,
  { only, exclude }: Pick<Recovery, 'only' | 'exclude'>,
  plan: Plan,
): ConfigProblem[] {
  const words = plan.tiers.flatMap(({ id, services }) => [id, ...services.flatMap((s) => [s.id, ...(s.names ?? [])])]);
  const wrong = (['only', 'exclude'] as const).flatMap((key) =>
    [...(key === 'only' ? only : exclude).entries()].flatMap(([i, text]): ConfigProblem[] => {
      const selector = parseSelector(text, plan);
      if (selector !== undefined && (selector.by !== 'object' || KIND.test(selector.kind))) return [];
      const kind = text.split(/[/ ]/)[0] ?? '';
      const fact = `"${text}" is not a tier or service of the plan, and "${kind}" is not a kind.${didYouMean(text, words)}`;
      const hint = `write a kind as in manifests (Deployment, Deployment/${text.split(/[/ ]/).at(-1)}), or one of: ${words.join(', ')}`;
      return [{ path: [section, key, i], fact, hint }];
    }),
  );
  const both = exclude.flatMap((text, i): ConfigProblem[] => {
    if (!only.includes(text)) return [];
    const fact = `"${text}" is also in recovery.only`;
    return [{ path: ['recovery', 'exclude', i], fact, hint: 'keep it in one of them' }];
  });
  return [...wrong, ...both];
}

function twice(names: Names): string | undefined {
  const values = Object.values(names);
  return values.find((value, i) => values.indexOf(value) !== i);
}

function mapProblems(
  section: Section,
  { map }: Pick<Recovery, 'map'>,
  namespaces: Plain['namespaces'],
): ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  for (const [old, now] of Object.entries(map.namespace)) {
    if (now !== namespaces?.recovery) continue;
    const fact = `"${now}" is the namespace of this stack's jobs and keys: a platform in it could read them`;
    problems.push({ path: [section, 'map', 'namespace', old], fact, hint: 'give it another name' });
  }
  const shared = twice(map.namespace);
  if (shared !== undefined) {
    const fact = `two namespaces would both be "${shared}", and objects with the same name would collide`;
    problems.push({ path: [section, 'map', 'namespace'], fact, hint: 'give each a name of its own' });
  }
  return problems;
}

/** What the platform of a drill must not have. */
function isolationProblems({ isolated }: Recovery, { traffic, storage }: Plain): ConfigProblem[] {
  if (!isolated) return [];
  const problems: ConfigProblem[] = [];
  if (traffic !== undefined) {
    const fact = 'is set, and recovery.isolated is true: users would be sent to a drill';
    problems.push({ path: ['traffic'], fact, hint: 'remove it' });
  }
  if (storage?.kind === 'aws' && storage.manage === 'declared') {
    const fact =
      '"declared", and recovery.isolated is true: the drill would own the buckets and delete them when it ends';
    problems.push({ path: ['storage', 'manage'], fact, hint: 'write given' });
  }
  return problems;
}

/** Both names of one key are read, and they must not disagree. */
function resolvedProblems({ resolved, pin }: Recovery): ConfigProblem[] {
  if (resolved === undefined || pin === undefined || isDeepStrictEqual(resolved, pin)) return [];
  const fact = 'differs from recovery.resolved, and is the former name of the same key';
  return [{ path: ['recovery', 'pin'], fact, hint: 'remove recovery.pin' }];
}

export function recoveryProblems(plain: Plain, plan: Plan): ConfigProblem[] {
  const { role, recovery, namespaces } = plain;
  if (recovery === undefined) return [];
  if (role !== undefined && role !== 'recovery') {
    const fact = `is set, and role is "${role}": only a recovery begins from a point`;
    return [{ path: ['recovery'], fact, hint: 'remove it, or write role: recovery in a new stack' }];
  }
  return [
    ...resolvedProblems(recovery),
    ...selectorProblems('recovery', recovery, plan),
    ...mapProblems('recovery', recovery, namespaces),
    ...isolationProblems(recovery, plain),
  ];
}

/** The services that a standby keeps ready. */
export function standbyProblems({ standby, namespaces }: Plain, plan: Plan): ConfigProblem[] {
  if (standby === undefined) return [];
  const { services, map, exclude } = standby;
  if (!services) {
    const given = {
      map: Object.values(map).some((names) => Object.keys(names).length > 0),
      exclude: exclude.length > 0,
    };
    const fact = 'is set, and standby.services is false: no manifests are declared';
    const hint = 'write standby.services: true, or remove it';
    return (['map', 'exclude'] as const)
      .filter((key) => given[key])
      .map((key) => ({ path: ['standby', key], fact, hint }));
  }
  return [...selectorProblems('standby', { only: [], exclude }, plan), ...mapProblems('standby', { map }, namespaces)];
}
