/** `dr failover`: the standby site becomes the primary site. */
import { mkdir } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Command } from '@commander-js/extra-typings';
import { formatDuration } from '../../plan/duration.ts';
import { badInput } from '../../recovery/core/errors.ts';
import { writeFile } from '../../recovery/core/files/writes.ts';
import type { FailoverPlan, FailoverReport, FailoverRequest } from '../../recovery/failover/types.ts';
import { envelope, toJson } from '../../recovery/report/output.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../command.ts';
import { readSeconds } from '../duration-flag.ts';
import { confirmOption, dryRunOption, examples } from '../flags.ts';
import { noteFailover } from '../proof-notes.ts';

const declaration = () =>
  new Command('failover')
    .description('Let the standby of a stack take over: inspect both sites, fence the old primary, promote, verify.')
    .requiredOption('--stack <name>', 'the stack of the standby')
    .option('--old-context <context>', 'context of the old primary’s cluster, to stop it there; never the current one')
    .option('--old-kubeconfig <file>', 'where that context is (default: ~/.kube/config)')
    .option('--old-namespace <name>', 'namespace of its database', 'go-coffee')
    .option('--old-services <name...>', 'further namespaces of its services, which its stack did not make')
    .option('--old-recovery-namespace <name>', 'namespace of its CronJobs', 'go-coffee-dr')
    .option('--max-loss <duration>', 'most that may be lost, e.g. 5m (default: the RPO of the database)')
    .option('--allow-unfenced', 'take over although the old primary can’t be stopped from here', false)
    .option('--declared-at <time>', 'when the old site was lost; the RTO clock starts there (default: now)')
    .option('--report <dir>', 'write the report there too')
    .addOption(dryRunOption())
    .addOption(confirmOption('the stack’s name'))
    .addHelpText(
      'after',
      examples(
        'dr failover --stack dr --dry-run',
        'dr failover --stack dr --old-context go-coffee-us-east-1 --confirm dr',
        'dr failover --stack dr --allow-unfenced --declared-at 2026-11-23T01:59:00Z --report ./failover',
      ),
    );

type FailoverOptions = OptionsOf<typeof declaration>;

async function failover(options: FailoverOptions, context: CommandContext): Promise<CommandResult> {
  const [{ failOver, previewFailover }, { planText, reportText }, takeover] = await Promise.all([
    import('../../recovery/failover/run.ts'),
    import('../../recovery/failover/text.ts'),
    import('../takeover.ts'),
  ]);
  const request = await requestOf(options, context.now());
  if (options.report !== undefined && !options.dryRun) await checkReports(options.report, context);
  const plan = await takeover.planOf(context.env);
  const ports = await takeover.openTakeover(context);
  if (options.dryRun) {
    const { plan: planned, refusals } = await previewFailover(ports, plan, request);
    return takeover.plannedResult({ kind: 'FailoverPlan', plan: planned, text: planText(planned), refusals });
  }
  const confirm = (planned: FailoverPlan) =>
    ports.confirm({ name: planned.stack, what: [planText(planned), ...consequences(planned)] });
  const report = await failOver(ports, plan, request, confirm);
  const text = reportText(report);
  const file = options.report === undefined ? undefined : await writeReports(options.report, report, text);
  return {
    kind: 'FailoverReport',
    data: report,
    text: [
      text,
      ...(file === undefined ? [] : [`report: ${file}`]),
      ...(report.verification.every(({ ok }) => ok) ? await noteFailover(report, context) : []),
    ].join('\n'),
    exit: takeover.takeoverExit(report),
  };
}

/** Throws exit 2. */
async function requestOf(options: FailoverOptions, now: Date): Promise<FailoverRequest> {
  const { parseMoment } = await import('../../recovery/points/target.ts');
  const { stack, maxLoss, declaredAt, allowUnfenced } = options;
  return {
    stack,
    old: oldSiteOf(options),
    maxLossSeconds: maxLoss === undefined ? undefined : readSeconds(maxLoss, { name: '--max-loss', code: 'MAX-LOSS' }),
    declaredAt: declaredAt === undefined ? undefined : parseMoment(declaredAt, now, '--declared-at'),
    allowUnfenced,
  };
}

function oldSiteOf(options: FailoverOptions): FailoverRequest['old'] {
  const { oldContext, oldKubeconfig, oldNamespace, oldRecoveryNamespace, oldServices = [] } = options;
  if (oldContext === undefined && oldKubeconfig !== undefined) {
    throw badInput({
      code: 'USAGE',
      where: '--old-kubeconfig',
      fact: `"${oldKubeconfig}" is given without a context: its current one is never used`,
      hint: `add --old-context; kubectl --kubeconfig ${oldKubeconfig} config get-contexts lists them`,
    });
  }
  if (oldContext === undefined) return undefined;
  const kubeconfig = oldKubeconfig === undefined ? undefined : { path: resolve(oldKubeconfig) };
  const namespaces = { platform: oldNamespace, recovery: oldRecoveryNamespace, existing: oldServices };
  return { cluster: { context: oldContext, kubeconfig }, namespaces };
}

/** What a person confirms. */
function consequences({ oldCluster, follows, lineage, loss, detach }: FailoverPlan): string[] {
  const lost = loss.seconds === 0 ? 'nothing' : `at most ${formatDuration(loss.seconds)} of commits`;
  const stop =
    oldCluster.state === 'reached'
      ? `${oldCluster.found.pods.length} pods of ${follows.lineage} are stopped in ${oldCluster.found.describe}.`
      : `${follows.lineage} is NOT stopped: it must be down already, or there are two primaries.`;
  const without = detach.map((id) => `${id} does not answer: the new primary begins without it.`);
  return [stop, ...without, `${lineage} becomes the primary; ${lost} would be lost. Only a failback reverses it.`];
}

const FILES = { json: 'failover-report.json', text: 'failover-report.txt' } as const;

async function checkReports(folder: string, { log }: CommandContext): Promise<void> {
  const { checkReportFolder } = await import('../../recovery/report/report-folder.ts');
  await checkReportFolder(log, { option: '--report', folder, files: Object.values(FILES) });
}

async function writeReports(folder: string, report: FailoverReport, text: string): Promise<string> {
  const path = resolve(folder);
  await mkdir(path, { recursive: true });
  const file = join(path, FILES.json);
  await writeFile(file, `${toJson(envelope('FailoverReport', report))}\n`);
  await writeFile(join(path, FILES.text), `${text}\n`);
  return file;
}

export const declare = freeCommand({ declare: declaration, run: failover });
