/** What somebody has accepted, by area or by one thing, with the reason. */
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
  const fact = of.trim() === '' ? `"${text}" names nothing` : `"${text}" gives no reason`;
  throw badInput({ code: 'ACCEPT-INVALID', where: '--accept', fact, hint: HINT });
}

export interface JudgedChange extends Change {
  /** Why it may be worse. */
  readonly accepted?: string | undefined;
}

/** An acceptance of what is not known at all is a mistake; of what did not get worse, it is only too early or too late. */
export function applyAcceptances(changes: readonly Change[], acceptances: readonly Acceptance[]): JudgedChange[] {
  const names: string[] = [...AREAS, ...changes.map(({ what }) => what)];
  for (const { of } of acceptances) {
    if (names.includes(of)) continue;
    const fact = `"${of}" is no area and nothing that is compared.${didYouMean(of, names)}`;
    throw badInput({ code: 'ACCEPT-UNKNOWN', where: '--accept', fact, hint: HINT });
  }
  return changes.map((change) => {
    const { area, what, verdict } = change;
    const found = acceptances.find(({ of }) => of === what) ?? acceptances.find(({ of }) => of === area);
    return verdict === 'worse' && found !== undefined ? { ...change, accepted: found.reason } : change;
  });
}
