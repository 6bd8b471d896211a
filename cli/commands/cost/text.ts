/** The cost report for people. */
import { type Line, totalsOf } from '../../../plan/cost/bill.ts';
import { COMPRESSION, FILE_FACTOR } from '../../../plan/cost/volumes.ts';
import { formatCount } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import type { CostReport } from './report.ts';

const money = (amount: number, currency: string): string => `${formatCount(Math.round(amount))} ${currency}`;

function row({ repository, what, amount, unit, price, cost }: Line, currency: string): string[] {
  return [
    repository,
    what,
    `${formatCount(Math.round(amount))} ${unit}`,
    price === undefined ? 'unknown' : String(price),
    cost === undefined ? 'unknown' : money(cost, currency),
  ];
}

export function costText(report: CostReport): string {
  const { lines, total, unknown, load, setup, prices, savings, reachable } = report;
  const { currency } = prices;
  const sums = [...totalsOf(report)].map(([repository, { cost, complete }]) => [
    repository,
    complete ? money(cost, currency) : cost === 0 ? 'unknown' : `${money(cost, currency)} and what is unknown`,
  ]);
  return [
    table(
      ['REPOSITORY', 'WHAT', 'AMOUNT', 'PRICE', 'A MONTH'],
      lines.map((line) => row(line, currency)),
    ),
    '',
    table(['REPOSITORY', 'A MONTH'], sums),
    '',
    `${money(total, currency)} a month${unknown.length === 0 ? '' : `, without what has no price: ${unknown.join(', ')}`}`,
    ...(savings.length === 0 ? [] : ['', 'What saves most and keeps every objective:']),
    ...savings.map(({ what, how, saves }, n) => `${n + 1}. ${what}: ${money(saves, currency)} a month\n   ${how}`),
    ...(savings.length < 2 ? [] : [`Together: ${money(reachable, currency)} a month`]),
    '',
    `Stated: ${load.size} GB of database, ${load.wal} GB of WAL a day, ${load.files} GB of files.`,
    `Setup: site ${setup.region}; local volume ${setup.localVolume}; incrementals of ${setup.incremental}; S3 by ${setup.way}.`,
    `Assumed: copies are ${COMPRESSION} of their data; a changed file has ${FILE_FACTOR} times what changed in it. A bill without restores and drills.`,
    `Prices of ${prices.date}: ${prices.source}`,
  ].join('\n');
}
