/** Whether a contact can be called or written to: a number with letters in it, or a word that stands for one, reaches nobody. Pure. */
import type { Plan } from '../types.ts';

const STANDS_FOR_NOTHING =
  /x{3,}|_{2,}|\?{2,}|\b(tbd|todo|tba|n\/?a|unknown|none)\b|<[^>]*>|\[[^\]]*\]|example\.(com|org|net)\b/i;
/** The numbers that films use, and digits that nobody dialled: `+1-555-0100`, `000-000-0000`. */
const NOBODYS_NUMBER = /\b555[ -]?01\d\d\b|^[^1-9]*$/;
const LEAST_DIGITS = 5;

/** Why nobody is reached there; undefined for a contact that may be real. */
export function placeholderProblem(contact: string): string | undefined {
  if (STANDS_FOR_NOTHING.test(contact)) return `"${contact}" is a placeholder`;
  // A mail address, a URL or a chat name needs no digits.
  if (/[@#/]/.test(contact)) return undefined;
  const digits = contact.replaceAll(/\D/g, '');
  if (digits.length < LEAST_DIGITS) return `"${contact}" is neither a number nor an address`;
  return NOBODYS_NUMBER.test(contact) ? `"${contact}" is nobody's number` : undefined;
}

export interface ContactProblem {
  readonly path: readonly (string | number)[];
  /** `Incident Commander` */
  readonly whose: string;
  readonly problem: string;
}

/** Contacts of the team, and addresses of the channels, that reach nobody. */
export function contactProblems({ team, channels }: Plan): ContactProblem[] {
  const found = (path: readonly (string | number)[], whose: string, contact: string): ContactProblem[] => {
    const problem = placeholderProblem(contact);
    return problem === undefined ? [] : [{ path, whose, problem }];
  };
  return [
    ...team.flatMap(({ role, contact }, n) => found(['team', n, 'contact'], role, contact)),
    // Names of pages and accounts are no numbers: of these only a telephone can be told to be made up.
    ...(['internal', 'external'] as const).flatMap((side) =>
      channels[side].flatMap(({ title, kind, address }, n) =>
        kind === 'phone' || STANDS_FOR_NOTHING.test(address)
          ? found(['channels', side, n, 'address'], title, address)
          : [],
      ),
    ),
  ];
}
