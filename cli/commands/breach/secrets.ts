/** `dr secrets`: new secrets for this host. */

import { Command } from '@commander-js/extra-typings';
import type { Gap } from '../../../recovery/core/errors.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { RotationReport, SecretsPlan } from '../../../recovery/secrets/types.ts';
import { type CommandResult, commandFamily, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { confirmOption, dryRunOption, examples, listOption } from '../../flags.ts';
import { openSite } from '../../open-site.ts';

const rotateDeclaration = () =>
  new Command('rotate')
    .description(
      'Replace passwords, passphrases and the signing key of this host, and prove that the old ones are dead.',
    )
    .addOption(
      listOption('--only <id>', 'only this secret, e.g. redis/default; several: repeat it, or use commas', 'all'),
    )
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s name'))
    .addHelpText(
      'after',
      examples(
        'dr secrets rotate --dry-run',
        'dr secrets rotate --confirm production',
        'dr secrets rotate --only postgres/auth_service,signing',
      ),
    );

const keptLines = (kept: readonly Gap[], title: string): string[] =>
  kept.length === 0 ? [] : [title, ...kept.flatMap(({ id, fact, hint }) => [`  - ${id}: ${fact}`, `    ${hint}`])];

function planLines({ secrets, kept, unanswered }: SecretsPlan): string[] {
  return [
    ...secrets.map(({ id }) => `- replace ${id}`),
    ...keptLines(unanswered, 'NOT ANSWERED, none of its secrets is replaced:'),
    ...keptLines(kept, 'by hand:'),
  ];
}

const OLD = {
  refused: 'the old one was tried and is refused',
  replaced: 'the server holds another one',
  'still reads old copies': 'the old one makes nothing new; what it encrypted or signed before needs it still',
} as const;

function reportLines({ rotated, failed, kept }: RotationReport): string[] {
  return [
    ...rotated.map(({ id, file, old }) => `${id}: new in ${file}; ${OLD[old]}`),
    ...keptLines(failed, 'FAILED, run the same command again:'),
    ...keptLines(kept, 'by hand:'),
    'next: give services their new passwords, start them, and make a new escrow file: dr keys escrow',
  ];
}

/** Exit 3: a secret could not be replaced, or a server did not answer; the others were. */
async function rotate(
  { only, dryRun }: OptionsOf<typeof rotateDeclaration>,
  context: SiteContext,
): Promise<CommandResult> {
  const { planSecrets, rotateSecrets } = await import('../../../recovery/secrets/rotate.ts');
  const site = await openSite(context);
  const plan = await planSecrets(site, only);
  const lines = planLines(plan);
  const ids = plan.secrets.map(({ id }) => id);
  if (dryRun) {
    const { kept, unanswered } = plan;
    return {
      kind: 'SecretsRotation',
      data: { dryRun, secrets: ids, kept, unanswered },
      text: lines.join('\n'),
      exit: exitFor({ partial: unanswered.length > 0 }),
    };
  }
  await context.confirm({ name: site.environment.name, what: lines });
  const { now, progress } = context;
  const report = await rotateSecrets(site, { only, now, progress });
  return {
    kind: 'SecretsRotation',
    data: { dryRun, ...report },
    text: reportLines(report).join('\n'),
    exit: exitFor({ partial: report.failed.length > 0 }),
  };
}

export const declare = commandFamily({
  declare: () =>
    new Command('secrets').description('Replace the secrets of this host, and prove that the old ones are dead.'),
  members: [siteCommand({ declare: rotateDeclaration, run: rotate })],
});
