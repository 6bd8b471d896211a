/** Rotation and hardening: each rule once, and none that can never apply. */
import { shadowedBy } from '../rotation.ts';
import type { Plan } from '../types.ts';
import { type Finding, fault } from './finding.ts';

function doubled(plan: Plan, path: readonly string[], ids: readonly string[]): Finding[] {
  return ids.flatMap((id, n) => {
    if (ids.indexOf(id) === n) return [];
    const fact = `"${id}" stands twice in ${path.join('.')}`;
    return [
      fault(plan, { code: 'ID-DOUBLED', path: [...path, n], fact, hint: 'remove one of them, or give it another id' }),
    ];
  });
}

/** A key that is to be made new and is also left to people stays as it was: whoever wrote it thinks otherwise. */
function shadowed(plan: Plan): Finding[] {
  const { secrets, kept } = plan.rotation;
  return secrets.flatMap(({ id, keys }, n) =>
    kept.flatMap((other) => {
      const key = shadowedBy(other, keys);
      if (key === undefined) return [];
      const fact = `"${key}" of "${id}" is left to people by "${other.id}", which is the stronger one`;
      const hint = `take it out of one of them; a Secret's own annotation is stronger than both`;
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
