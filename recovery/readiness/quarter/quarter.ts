/** Quarters of the calendar, in UTC. Pure. */
import { badInput } from '../../core/errors.ts';

export interface Quarter {
  /** `2026-Q4` */
  readonly name: string;
  readonly from: Date;
  /** The first moment after it. */
  readonly until: Date;
}

function quarterOf(year: number, number: number): Quarter {
  const start = (months: number) => new Date(Date.UTC(year, months, 1));
  return { name: `${year}-Q${number}`, from: start(3 * (number - 1)), until: start(3 * number) };
}

/** The last one that has ended. */
export function lastQuarter(now: Date): Quarter {
  const number = Math.floor(now.getUTCMonth() / 3);
  return number === 0 ? quarterOf(now.getUTCFullYear() - 1, 4) : quarterOf(now.getUTCFullYear(), number);
}

/** @param text `2026-Q4`; throws `QUARTER-WRONG` (exit 2) for what is none, and for one that has not begun */
export function parseQuarter(text: string, now: Date): Quarter {
  const [, year, number] = /^(\d{4})-?[Qq]([1-4])$/.exec(text) ?? [];
  const wrong = (fact: string) =>
    badInput({
      code: 'QUARTER-WRONG',
      where: '--quarter',
      fact: `"${text}" ${fact}`,
      hint: `write it as ${lastQuarter(now).name}`,
    });
  if (year === undefined) throw wrong('is no quarter of a year');
  const quarter = quarterOf(Number(year), Number(number));
  if (quarter.from > now) throw wrong('has not begun');
  return quarter;
}
