/** docs/BACKUP_PROCEDURES.md: what is copied, when, where to, for how long, and how it comes back. */
import { worstCaseRpo } from '../../plan/objectives.ts';
import type { Plan } from '../../plan/types.ts';
import { bullets, generated, page, tableOf, wrap } from './text.ts';

export function backupProcedures(plan: Plan): string {
  const worst = new Map(worstCaseRpo(plan).map((each) => [each.workload, each]));
  return page(
    '# Backup and restore procedures',
    generated('the shipped plan'),
    '## What is copied, and when',
    tableOf(
      ['schedule', 'when (UTC)', 'kind', 'workloads', 'longest run'],
      plan.schedules.map(({ title, cron, kind, workloads, longestRun }) => [
        title,
        `\`${cron}\``,
        kind,
        workloads.join(', '),
        longestRun,
      ]),
    ),
    tableOf(
      ['workload', 'what it is', 'tier', 'repositories', 'worst-case RPO'],
      plan.workloads.map(({ id, title, tier, repositories }) => [
        `\`${id}\``,
        title,
        tier,
        repositories.join(', '),
        worst.get(id)?.arithmetic ?? 'a second form: its data has its RPO elsewhere',
      ]),
    ),
    '## Where the copies are',
    tableOf(
      ['repository', 'the written plan calls it', 'place', 'kept for', 'compression', 'nobody deletes before'],
      plan.repositories.map(({ id, planName, location, retention, compression, immutable }) => [
        `\`${id}\``,
        planName,
        location,
        retention,
        compression,
        immutable === undefined ? '' : `${immutable.lock} (${immutable.mode})`,
      ]),
    ),
    wrap(
      'Every repository is encrypted on the client with AES-256, and each has its own passphrase and catalog. The [architecture](architecture.md#repositories) says why the engines write to each of them directly.',
    ),
    '## By hand',
    tableOf(
      ['what', 'command'],
      [
        ...plan.checks.map(({ title, command }) => [title, `\`${command}\``] as const),
        ['A full backup now', '`dr backup --kind full`'],
        ['What would be lost now', '`dr points list`'],
        ['Prove that a copy restores', '`dr verify --deep`'],
        ['Remove what is too old', '`dr prune --dry-run`'],
      ],
    ),
    '## Restore',
    bullets([
      '`dr assess` says what is lost and which command to type. [At 3 a.m.](at-3-am.md) has the ways by what is broken.',
      '`dr restore --to latest --dry-run` prints the plan of a restore and changes nothing.',
      'A target is `latest`, a point, or a time with its zone. One that can’t be reached is refused before anything is touched.',
      'A platform in a cluster comes back with `dr rebuild` ([rebuild](rebuild.md)).',
    ]),
    '## Scripts of the written plan',
    tableOf(
      ['script', 'purpose', 'command in its place'],
      plan.scripts.map(({ path, purpose, run }) => [path, purpose, `\`${run}\``]),
    ),
  ).replace(/\n$/, '\n');
}
