/** Rotation and hardening: each rule is unique, and none is shadowed by another. */
import { shadowedBy } from '../rotation.ts';
import type { Plan } from '../types.ts';
import { type Finding, fault } from './finding.ts';

function doubled(plan: Plan, path: readonly string[], ids: readonly string[]): Finding[] {
  return ids.flatMap((id, n) => {
    if (ids.indexOf(id) === n) return [];
    const fact = `"${id}" occurs twice in ${path.join('.')}`;
    return [
      fault(plan, { code: 'ID-DOUBLED', path: [...path, n], fact, hint: 'remove one of them, or give it another id' }),
    ];
  });
}

/** A key in both lists would not be rotated, although a rule says that it is. */
function shadowed(plan: Plan): Finding[] {
  const { secrets, kept } = plan.rotation;
  return secrets.flatMap(({ id, keys }, n) =>
    kept.flatMap((other) => {
      const key = shadowedBy(other, keys);
      if (key === undefined) return [];
      const fact = `"${key}" of "${id}" is also in "${other.id}" of kept, which takes precedence: it would not be rotated`;
      const hint = `remove it from one of them; a Secret's own annotation takes precedence over both`;
      return [fault(plan, { code: 'ROTATION-SHADOWED', path: ['rotation', 'secrets', n, 'keys'], fact, hint })];
    }),
  );
}

export function checkSecurity(plan: Plan): Finding[] {
  const { stores, secrets, kept } = plan.rotation;
  const ids = (list: readonly { readonly id: string }[]) => list.map(({ id }) => id);
  return [
    ...doubled(plan, ['rotation', 'stores'], stores),
    ...doubled(plan, ['rotation', 'secrets'], ids(secrets)),
    ...doubled(plan, ['rotation', 'kept'], ids(kept)),
    ...doubled(plan, ['hardening'], ids(plan.hardening)),
    ...shadowed(plan),
  ];
}
