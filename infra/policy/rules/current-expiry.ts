/** New backups refer to old files, so a rule that expires current objects by age destroys both. */
import { layout } from '../../../plan/layout.ts';
import { at, isUnknown, listAt, ofType, quoted, textAt } from '../resource.ts';
import type { Breach, Rule, Stack } from '../rule.ts';
import { AWS, declaredBuckets, settingsOf } from './bucket-facts.ts';
import { LINES } from './lines.ts';

/** Files of the engines, and the points, checkpoints and marks that refer to them. */
function enginePrefixes(environment: string): string[] {
  const { pgbackrestPrefix, restic, catalogPrefix, checkpointPrefix, allMarksPrefix } = layout(environment);
  return [pgbackrestPrefix, restic, catalogPrefix, checkpointPrefix, allMarksPrefix];
}

function prefixOf(rule: unknown): string {
  const places = [['filter', 'and', 'prefix'], ['filter', 'prefix'], ['prefix']];
  return places.map((path) => textAt(rule, ...path)).find((prefix) => prefix !== undefined && prefix !== '') ?? '';
}

/** `30 d` or a date; undefined for a rule that only removes delete markers. */
function age(rule: unknown): string | undefined {
  const days = at(rule, 'expiration', 'days');
  const date = textAt(rule, 'expiration', 'date');
  if (typeof days === 'number' && days > 0) return `${days} d`;
  return date === undefined || date === '' ? undefined : date;
}

function expiring(rules: readonly unknown[], environment: string): { id: string; prefix: string; after: string }[] {
  return rules.flatMap((rule) => {
    const after = age(rule);
    const prefix = prefixOf(rule);
    const touches = enginePrefixes(environment).some((own) => own.startsWith(prefix) || prefix.startsWith(own));
    if (after === undefined || !touches || at(rule, 'status') === 'Disabled') return [];
    return [{ id: textAt(rule, 'id') ?? '', prefix, after }];
  });
}

function check(stack: Stack): Breach[] {
  const { environment } = stack.plan;
  const logs = declaredBuckets(stack).filter(({ repository }) => repository === undefined);
  const ofLogs = logs.flatMap(({ bucket }) => settingsOf(stack.resources, AWS.lifecycle, bucket));
  return ofType(stack.resources, AWS.lifecycle)
    .filter((setting) => !ofLogs.includes(setting))
    .flatMap(({ name, props }) =>
      isUnknown(at(props, 'rules'))
        ? []
        : expiring(listAt(props, 'rules'), environment).map(({ id, prefix, after }) => ({
            resource: name,
            found: `lifecycle rule ${quoted(id)} of ${quoted(at(props, 'bucket'))} expires current objects below ${quoted(prefix)} at ${after}, and younger backups refer to them`,
          })),
    );
}

export const currentExpiry: Rule = {
  id: 'current-expiry',
  over: 'stack',
  holds: 'No lifecycle rule expires current objects of an engine by age.',
  breaks: LINES.lifecycle,
  check,
};
