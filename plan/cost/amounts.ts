/** Sizes as people type them: `500GB`, `50 GB/d`, `2TB`. Pure. */

const GB: Readonly<Record<string, number>> = {
  MB: 0.001,
  GB: 1,
  TB: 1000,
  MiB: 1024 ** 2 / 1e9,
  GiB: 1024 ** 3 / 1e9,
  TiB: 1024 ** 4 / 1e9,
  Mi: 1024 ** 2 / 1e9,
  Gi: 1024 ** 3 / 1e9,
  Ti: 1024 ** 4 / 1e9,
};

/** GB of 10⁹ bytes; undefined for what is not a size with its unit. */
export function gigabytes(text: string): number | undefined {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)\s*([A-Za-z]+)$/.exec(text.trim()) ?? [];
  const factor = GB[unit];
  return number === undefined || factor === undefined ? undefined : Number(number) * factor;
}

const PER: Readonly<Record<string, number>> = { h: 24, d: 1, w: 1 / 7 };

/** GB a day, of `50GB/d` or `2GB/h`; without a time it is a day. */
export function gigabytesADay(text: string): number | undefined {
  const [amount = '', per = 'd', ...rest] = text.split('/');
  const size = gigabytes(amount);
  const factor = PER[per.trim()];
  return size === undefined || factor === undefined || rest.length > 0 ? undefined : size * factor;
}
