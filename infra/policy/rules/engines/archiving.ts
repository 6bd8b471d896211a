/** PostgreSQL ships its WAL to every repository, in time, and drops none. */
import { archiveFaults, parametersIn } from '../../../../plan/declared/postgres.ts';
import { seconds } from '../../../../plan/duration.ts';
import { CONFIG_MAP } from '../../effective-plan.ts';
import { at, isUnknown, ofType, quoted, type Resource } from '../../resource.ts';
import type { Breach, Rule, Stack } from '../../rule.ts';
import { isIsolated } from '../isolation.ts';
import { LINES } from '../lines.ts';

interface File {
  readonly resource: string;
  readonly name: string;
  readonly text: string;
}

/** Texts of the stack's ConfigMaps. */
export function filesOf(resources: readonly Resource[]): readonly File[] {
  return ofType(resources, CONFIG_MAP).flatMap(({ name: resource, props }) => {
    const data = at(props, 'data');
    if (typeof data !== 'object' || data === null) return [];
    return Object.entries(data).flatMap(([name, text]) =>
      typeof text === 'string' && !isUnknown(text) ? [{ resource, name, text }] : [],
    );
  });
}

/** Seconds; undefined for text that is not a time. */
function secondsIn(value: unknown): number | undefined {
  const [, number, unit = 's'] = /^(\d+)\s*(ms|s|min|h|d)?$/.exec(String(value).trim()) ?? [];
  const scale: Readonly<Record<string, number>> = { ms: 0.001, s: 1, min: 60, h: 3600, d: 86_400 };
  return number === undefined ? undefined : Number(number) * (scale[unit] ?? 1);
}

function wal({ plan }: Stack, { resource, text }: File): Breach[] {
  const parameters = parametersIn(text);
  if (parameters === undefined) return [{ resource, found: 'patroni.yml is not YAML' }];
  const faults = archiveFaults(parameters).map((fault) => `PostgreSQL ships no WAL: ${fault}`);
  const wanted = plan.workloads.find(({ type }) => type === 'postgres')?.continuous?.archiveTimeout;
  const timeout = secondsIn(parameters.archive_timeout ?? 0);
  const late = wanted !== undefined && (timeout === undefined || timeout === 0 || timeout > seconds(wanted));
  return [
    ...faults,
    ...(late ? [`archive_timeout is ${quoted(parameters.archive_timeout)}, wanted ${wanted} or less`] : []),
  ].map((found) => ({ resource, found }));
}

function queue({ resource, name, text }: File): Breach[] {
  const [, most] = /^\s*archive-push-queue-max\s*=\s*(.*)$/m.exec(text) ?? [];
  return most === undefined
    ? []
    : [{ resource, found: `${name} drops WAL beyond ${most.trim()} (archive-push-queue-max)` }];
}

export const archiving: Rule = {
  id: 'archiving',
  over: 'stack',
  holds: 'PostgreSQL ships all of its WAL, in time.',
  breaks: LINES.database,
  check: (stack) => {
    if (isIsolated(stack)) return [];
    const files = filesOf(stack.resources);
    return [
      ...files.filter(({ name }) => name === 'patroni.yml').flatMap((file) => wal(stack, file)),
      ...files.filter(({ name }) => name.endsWith('.conf')).flatMap(queue),
    ];
  },
};
