/** `dr restore --select`: chosen captured objects back into the live cluster, of a stack or of an environment file. */
import type { Plan } from '../../../plan/types.ts';
import { exitFor } from '../../../recovery/core/exit.ts';
import type { ClusterAccess } from '../../../recovery/kubernetes/access.ts';
import type { ObjectsSource } from '../../../recovery/put-back/source.ts';
import type { PlannedObject, PutBackResult } from '../../../recovery/put-back/types.ts';
import type { CommandContext, CommandResult, SiteContext } from '../../command.ts';
import { readSeconds } from '../../duration-flag.ts';
import { openSite } from '../../open-site.ts';
import { choiceOf } from './choice.ts';
import { misuse, type TargetedOptions } from './declaration.ts';

/** A stack's name may be there too. */
type Options = TargetedOptions;

interface Target {
  /** What is typed to confirm. */
  readonly name: string;
  readonly access: ClusterAccess;
  /** The platform's. */
  readonly namespaces: readonly string[];
  readonly source: ObjectsSource;
}

/** A selection is of all captured objects: in which workload of the plan one lies is nobody's to know. Throws exit 2. */
function checkOnly({ only }: Options, plan: Plan): void {
  const known = plan.workloads.filter(({ objects }) => objects !== undefined).map(({ id }) => id);
  const other = only.find((id) => !known.includes(id));
  if (other === undefined) return;
  throw misuse(`--select and --only ${other} can’t be combined`, 'leave --only out, or type --only manifests');
}

async function openPutBack() {
  const [{ openLiveCluster }, { planPutBack }, { putBack }, { selectObjects }, text] = await Promise.all([
    import('../../../recovery/put-back/live.ts'),
    import('../../../recovery/put-back/plan.ts'),
    import('../../../recovery/put-back/run.ts'),
    import('../../../recovery/put-back/select.ts'),
    import('../../../recovery/put-back/text.ts'),
  ]);
  return { openLiveCluster, planPutBack, putBack, selectObjects, text };
}

/** Without the objects: Secrets are among them. */
const plannedData = (planned: readonly PlannedObject[]) => planned.map(({ object: _, ...told }) => told);

async function intoCluster(target: Target, options: Options, context: CommandContext): Promise<CommandResult> {
  const { select, forceConflicts: force, dryRun, wait, to } = options;
  const { name, access, namespaces, source } = target;
  const waitSeconds = readSeconds(wait, { name: '--wait', code: 'WAIT-FORM' });
  const { openLiveCluster, planPutBack, putBack, selectObjects, text } = await openPutBack();
  const selected = selectObjects(source.objects, select);
  await using cluster = openLiveCluster(access, context.signal);
  const planned = await planPutBack(cluster, selected, { bounds: { namespaces }, force });
  const heading = { ...source, cluster: cluster.describe };
  const lines = text.planLines(heading, planned, force);
  const { repository, points, notes } = source;
  const facts = { target: to, repository, points, cluster: cluster.describe, forced: force, notes };
  if (dryRun) {
    const partial = planned.some(({ fate }) => fate === 'conflict' || fate === 'refused');
    const changes = planned.some(({ fate }) => fate === 'create' || fate === 'change');
    return {
      kind: 'ObjectRestorePlan',
      data: { dryRun, ...facts, objects: plannedData(planned) },
      text: [...lines, ...(changes ? [`needs --confirm ${name}`] : ['nothing would be changed'])].join('\n'),
      exit: exitFor({ partial }),
    };
  }
  if (planned.some(({ fate }) => fate === 'create' || fate === 'change')) await context.confirm({ name, what: lines });
  const { progress, signal } = context;
  const result = await putBack(cluster, planned, { force, waitSeconds, progress, signal });
  return {
    kind: 'ObjectRestore',
    data: { ...facts, ...result },
    text: text.resultText(heading, result),
    exit: exitOf(result, text),
  };
}

function exitOf(
  result: PutBackResult,
  text: Pick<typeof import('../../../recovery/put-back/text.ts'), 'isNothing' | 'isWhole'>,
) {
  return exitFor({ failure: text.isNothing(result), partial: !text.isWhole(result) });
}

/** Into the cluster that the environment file names, with the rights of its context; in a pod with those of the pod. */
export async function ofSite(options: Options, context: SiteContext): Promise<CommandResult> {
  const site = await openSite(context);
  checkOnly(options, site.plan);
  const [{ objectsOfSite }, { openAccess }] = await Promise.all([
    import('../../../recovery/put-back/from-site.ts'),
    import('../../../recovery/kubernetes/access.ts'),
  ]);
  const source = await objectsOfSite(site, choiceOf(options, context, context.now()));
  const { kubernetes, name } = site.environment;
  if (kubernetes === undefined) throw new TypeError('objectsOfSite has checked that there is a cluster');
  const target = { name, source, access: await openAccess(kubernetes), namespaces: kubernetes.namespaces };
  return intoCluster(target, options, context);
}

/** Into the cluster of a stack, with the rights of its kubeconfig on this machine: no pod of a stack may write there. */
export async function ofStack(
  options: Options & { readonly stack: string },
  context: CommandContext,
): Promise<CommandResult> {
  const { stack: name, to: targetText, from, allowTampered, allowCompromised, allowSuspect } = options;
  const [{ openTakeover, planOf }, { readStack }, { openClusterAccess }, { objectsOfStack, refuseFollower }] =
    await Promise.all([
      import('../../takeover.ts'),
      import('../../../recovery/failover/stack.ts'),
      import('../../../recovery/kubernetes/location.ts'),
      import('../../../recovery/put-back/from-stack.ts'),
    ]);
  const plan = await planOf(context.env);
  checkOnly(options, plan);
  const stack = await readStack((await openTakeover(context)).engine, name);
  refuseFollower(stack);
  const choice = { targetText, from, allowTampered, allowCompromised, allowSuspect, now: context.now() };
  const source = await objectsOfStack(stack, plan, choice);
  const { platform, existing } = stack.outputs.namespaces;
  const target = { name, source, access: await openClusterAccess(stack.cluster), namespaces: [platform, ...existing] };
  return intoCluster(target, options, context);
}
