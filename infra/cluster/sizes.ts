/** Kubernetes quantities of memory and volumes. Pure. */
const UNITS = { Mi: 1, Gi: 1024, Ti: 1024 * 1024 } as const;

/** Throws RangeError for anything else than a number of Mi, Gi or Ti. */
export function mebibytes(quantity: string): number {
  const [, number, unit] = /^(\d+)(Mi|Gi|Ti)$/.exec(quantity) ?? [];
  if (number === undefined || unit === undefined) throw new RangeError(`"${quantity}" is not a size`);
  return Number(number) * UNITS[unit as keyof typeof UNITS];
}
