/** Values of flags that state how much data there is. */
import { InvalidArgumentError } from '@commander-js/extra-typings';
import { gigabytes, gigabytesADay } from '../plan/cost/amounts.ts';

function amount(read: (text: string) => number | undefined, wanted: string): (text: string) => number {
  return (text) => {
    const value = read(text);
    if (value !== undefined) return value;
    throw new InvalidArgumentError(`Wanted ${wanted}.`);
  };
}

/** GB of 10⁹ bytes. */
export const sizeOf = amount(gigabytes, 'a size with a unit, as 500GB');
/** GB a day. */
export const rateOf = amount(gigabytesADay, 'a size in a time, as 50GB/d or 2GB/h');
