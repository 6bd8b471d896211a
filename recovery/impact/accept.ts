/** Accepted changes for the worse, by area or by a single row, with the reason. */
import { didYouMean } from '../../plan/nearest.ts';
import { badInput } from '../core/errors.ts';
import type { Change } from './compare.ts';
import { AREAS } from './fact.ts';

export interface Acceptance {
  /** An area, or the `what` of a change. */
  readonly of: string;
  readonly reason: string;
}

const HINT = `write --accept AREA=REASON, with one of ${AREAS.join(', ')}, or with the words of a row of the table`;

/** Throws DrError (exit 2). */
export function parseAcceptance(text: string): Acceptance {
  const [of = '', ...rest] = text.split('=');
  const reason = rest.join('=').trim();
  if (of.trim() !== '' && reason !== '') return { of: of.trim(), reason };
  const fact = of.trim() === '' ? `"${text}" names no area or row` : `"${text}" gives no reason`;
  throw badInput({ code: 'ACCEPT-INVALID', where: '--accept', fact, hint: HINT });
}

export interface JudgedChange extends Change {
  /** Why it is accepted. */
  readonly accepted?: string | undefined;
}

/** Throws `ACCEPT-UNKNOWN` (exit 2) for an unknown name. Accepting what did not get worse has no effect. */
export function applyAcceptances(changes: readonly Change[], acceptances: readonly Acceptance[]): JudgedChange[] {
  const names: string[] = [...AREAS, ...changes.map(({ what }) => what)];
  for (const { of } of acceptances) {
    if (names.includes(of)) continue;
    const fact = `"${of}" is neither an area nor a row of the table.${didYouMean(of, names)}`;
    throw badInput({ code: 'ACCEPT-UNKNOWN', where: '--accept', fact, hint: HINT });
  }
  return changes.map((change) => {
    const { area, what, verdict } = change;
    const found = acceptances.find(({ of }) => of === what) ?? acceptances.find(({ of }) => of === area);
    return (verdict === 'worse' || verdict === 'unknown') && found !== undefined
      ? { ...change, accepted: found.reason }
      : change;
  });
}
