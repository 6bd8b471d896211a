/** `dr evidence`: what a breach left, kept so that it can be shown to others. */
import { userInfo } from 'node:os';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from '@commander-js/extra-typings';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { ClusterSource } from '../../../recovery/evidence/collect.ts';
import { type CommandResult, commandFamily, type OptionsOf, type SiteContext, siteCommand } from '../../command.ts';
import { confirmOption, dryRunOption, examples, repositoriesOption, verbatimListOption } from '../../flags.ts';
import { openSite } from '../../open-site.ts';
import { quarterly } from './evidence-report.ts';

const byOption = () =>
  new Option('--by <name>', 'who does this, for the custody log').default(
    userInfo().username,
    'the account that runs it',
  );

function nameOf(text: string): string {
  if (/^[a-z0-9]([a-z0-9-]{0,38}[a-z0-9])?$/.test(text)) return text;
  throw new InvalidArgumentError('Wanted 1 to 40 of a-z, 0-9 and "-".');
}

const collectDeclaration = () =>
  new Command('collect')
    .description(
      'Copy data, WAL, logs, objects and listings, hashed and signed, into a repository where no prune removes it.',
    )
    .addOption(new Option('--name <word>', 'part of its id').argParser(nameOf).default('evidence'))
    .option('--repository <id>', 'where it is kept (default: one whose copies nobody can remove)')
    .addOption(
      verbatimListOption('--path <path>', 'collect this file or folder too, e.g. /var/log; can be repeated', 'none'),
    )
    .option('--stack <name>', 'also the objects, events and logs of this stack’s namespaces')
    .addOption(byOption())
    .option('--note <text>', 'why, for the custody log')
    .addOption(dryRunOption())
    .addOption(confirmOption('the environment’s name'))
    .addHelpText(
      'after',
      examples(
        'dr evidence collect --dry-run',
        'dr evidence collect --name breach --path /var/log --by "Ada Lovelace" --confirm production',
        'dr evidence collect --stack production --repository secondary --confirm production',
      ),
    );

async function clustersOf(stack: string | undefined, context: SiteContext): Promise<ClusterSource[]> {
  const [{ openClusterAccess }, { openCluster }, { podLogs }] = await Promise.all([
    import('../../../recovery/kubernetes/location.ts'),
    import('../../../recovery/kubernetes/cluster.ts'),
    import('../../../recovery/kubernetes/evidence/pod-logs.ts'),
  ]);
  if (stack !== undefined) {
    const [{ openTakeover }, { readStack }, { allNamespaces }] = await Promise.all([
      import('../../takeover.ts'),
      import('../../../recovery/failover/stack.ts'),
      import('../../../plan/declared/namespaces.ts'),
    ]);
    const { cluster, outputs } = await readStack((await openTakeover(context)).engine, stack);
    const access = await openClusterAccess(cluster);
    return [
      {
        cluster: openCluster(access, { signal: context.signal }),
        readLog: podLogs(access, context.signal),
        namespaces: allNamespaces(outputs.namespaces),
      },
    ];
  }
  const { environment } = await openSite(context);
  if (environment.kubernetes === undefined) return [];
  const { openAccess } = await import('../../../recovery/kubernetes/access.ts');
  const access = await openAccess(environment.kubernetes);
  const { namespaces } = environment.kubernetes;
  return [
    { cluster: openCluster(access, { signal: context.signal }), readLog: podLogs(access, context.signal), namespaces },
  ];
}

/** Exit 3: something could not be collected, or is not held; it is named. */
async function collect(options: OptionsOf<typeof collectDeclaration>, context: SiteContext): Promise<CommandResult> {
  const [{ planEvidence, collectEvidence }, { collectPlanLines, collectedText }] = await Promise.all([
    import('../../../recovery/evidence/collect.ts'),
    import('../../../recovery/evidence/text.ts'),
  ]);
  const { name, repository, path, stack, by, note, dryRun } = options;
  const site = await openSite(context);
  const clusters = await clustersOf(stack, context);
  const { now, progress } = context;
  const began = now();
  const request = { name, repository, paths: path.map((each) => resolve(each)), by, note, clusters, progress };
  try {
    const plan = await planEvidence(site, { ...request, now: () => began });
    const lines = collectPlanLines(plan);
    if (dryRun) return { kind: 'EvidencePlan', data: { dryRun, ...plan }, text: lines.join('\n') };
    await context.confirm({ name: site.environment.name, what: lines });
    const collected = await collectEvidence(site, { ...request, now });
    const { manifest, held } = collected;
    const unheld = !held.held && !held.expected;
    return {
      kind: 'Evidence',
      data: { manifest, held },
      text: collectedText(collected),
      exit: exitFor({ partial: manifest.gaps.length > 0 || unheld }),
    };
  } finally {
    for (const { cluster } of clusters) await cluster[Symbol.asyncDispose]();
  }
}

const listDeclaration = () =>
  new Command('list')
    .description('List the collections of evidence.')
    .addOption(repositoriesOption())
    .addHelpText('after', examples('dr evidence list', 'dr evidence list --repository secondary -o json'));

async function list({ repository }: OptionsOf<typeof listDeclaration>, context: SiteContext): Promise<CommandResult> {
  const [{ listEvidence }, { evidenceListText }] = await Promise.all([
    import('../../../recovery/evidence/list.ts'),
    import('../../../recovery/evidence/text.ts'),
  ]);
  const found = await listEvidence(await openSite(context), repository);
  return {
    kind: 'EvidenceList',
    data: found,
    text: evidenceListText(found),
    exit: exitFor({ partial: found.silent.length > 0 }),
  };
}

const verifyDeclaration = () =>
  new Command('verify')
    .argument('<id>', 'as `dr evidence list` shows it')
    .description(
      'Check a collection: signature, custody log, and every byte; with --deep every file against its digest.',
    )
    .option('--deep', 'restore it to a scratch folder and compare every file', false)
    .addOption(repositoriesOption())
    .addOption(byOption())
    .addHelpText(
      'after',
      examples(
        'dr evidence verify 20261123T020000Z-breach',
        'dr evidence verify 20261123T020000Z-breach --deep --by "Ada Lovelace"',
      ),
    );

/** Exit 5: it is not what was collected. */
async function verify(
  { deep, by, repository: wanted }: OptionsOf<typeof verifyDeclaration>,
  context: SiteContext,
  id: string,
): Promise<CommandResult> {
  const [{ verifyEvidence }, { findEvidence }, { readCustody }, { readKeyring }, { checksText }] = await Promise.all([
    import('../../../recovery/evidence/verify.ts'),
    import('../../../recovery/evidence/list.ts'),
    import('../../../recovery/evidence/custody.ts'),
    import('../../../recovery/points/catalog/keyring.ts'),
    import('../../../recovery/evidence/text.ts'),
  ]);
  const site = await openSite(context);
  const repository = await findEvidence(site, id, wanted);
  const checks = await verifyEvidence(site, { id, repository, deep, by, now: context.now });
  const { keys } = await readKeyring(site);
  const custody = await readCustody(await repository.store('restorer'), repository.layout, id, keys);
  return {
    kind: 'EvidenceVerification',
    data: { id, repository: repository.id, checks, custody },
    text: checksText(checks, custody),
    exit: exitFor({ verificationFailed: checks.some(({ ok }) => !ok) }),
  };
}

const holdDeclaration = () =>
  new Command('hold')
    .argument('<id>', 'as `dr evidence list` shows it')
    .description('Put every object of a collection on legal hold again, e.g. after the rights were given.')
    .addOption(repositoriesOption())
    .addOption(byOption())
    .addHelpText('after', examples('dr evidence hold 20261123T020000Z-breach --by "Ada Lovelace"'));

/** Exit 6: the store holds nothing, or refuses. */
async function hold(
  { by, repository: wanted }: OptionsOf<typeof holdDeclaration>,
  context: SiteContext,
  id: string,
): Promise<CommandResult> {
  const [{ holdAgain }, { findEvidence }] = await Promise.all([
    import('../../../recovery/evidence/hold.ts'),
    import('../../../recovery/evidence/list.ts'),
  ]);
  const site = await openSite(context);
  const repository = await findEvidence(site, id, wanted);
  const held = await holdAgain(site, repository, { id, by, now: context.now });
  const text = held.held ? `${held.objects} objects of ${id} are on legal hold` : held.fact;
  return {
    kind: 'EvidenceHold',
    data: { id, repository: repository.id, ...held },
    text,
    exit: exitFor({ locked: !held.held }),
  };
}

export const declare = commandFamily({
  declare: () =>
    new Command('evidence').description(
      'Collect, list, verify and hold the evidence of a breach, with a custody log; report a quarter to the auditor.',
    ),
  members: [
    siteCommand({ declare: collectDeclaration, run: collect }),
    siteCommand({ declare: listDeclaration, run: list }),
    siteCommand({ declare: verifyDeclaration, run: verify }),
    siteCommand({ declare: holdDeclaration, run: hold }),
    quarterly,
  ],
});
