/** Whether an update moves the lead to this stack or away from it, and what that costs. Pure. */
import { parse, YAMLParseError } from 'yaml';
import { drJobOf } from '../../plan/declared/jobs.ts';
import { at, textAt } from '../../plan/declared/values.ts';
import { exactDuration } from '../../plan/duration.ts';
import { exposures } from '../../plan/objectives.ts';
import type { Plan } from '../../plan/types.ts';
import { type BeforeAndAfter, type Declared, type DeclaredResource, kindOf } from './declared.ts';
import { planOf } from './facts/plan.ts';
import { sectionsOf } from './settings/pgbackrest.ts';

export interface Failover {
  /** `takes`: this stack becomes the leader. `gives`: it becomes a standby again. */
  readonly lead: 'takes' | 'gives';
  /** Markdown, a paragraph each. */
  readonly says: readonly string[];
}

function textIn({ resources }: Declared, file: string): string | undefined {
  const [found] = resources.flatMap(({ type, inputs }) =>
    type === 'kubernetes:core/v1:ConfigMap' ? (textAt(inputs, 'data', file) ?? []) : [],
  );
  return found;
}

export interface Followed {
  /** `us-east-1-1` */
  readonly lineage: string;
  /** The plan's name of the repository, or where it is. */
  readonly repository: string;
  /** `s3 go-coffee-backups-eu-west-1 in eu-west-1` */
  readonly place: string;
  readonly region?: string | undefined;
}

/** The lineage that the standby is filled from, and the one repository that it reads. */
export function followedBy(declared: Declared): Followed | undefined {
  const script = textIn(declared, 'source-get.sh');
  const [, lineage] = /--config=\S*\/([^/\s]+)\.conf/.exec(script ?? '') ?? [];
  if (lineage === undefined) return undefined;
  const options = sectionsOf(textIn(declared, `${lineage}.conf`) ?? '').get('global') ?? {};
  const bucket = options['repo1-s3-bucket'];
  const region = options['repo1-s3-region'];
  const place =
    bucket === undefined
      ? (options['repo1-host'] ?? 'a folder')
      : `bucket ${bucket} in ${region ?? 'an unknown region'}`;
  return {
    lineage,
    repository: repositoryAt(declared, bucket) ?? (bucket === undefined ? 'local' : bucket),
    place,
    region,
  };
}

function repositoryAt(declared: Declared, bucket: string | undefined): string | undefined {
  const repositories: unknown = at(parsed(textIn(declared, 'dr.yaml')), 'repositories');
  const entries = typeof repositories === 'object' && repositories !== null ? Object.entries(repositories) : [];
  return entries.find(([, one]) => bucket !== undefined && at(one, 'bucket') === bucket)?.[0];
}

function parsed(text: string | undefined): unknown {
  try {
    return parse(text ?? '');
  } catch (error) {
    if (error instanceof YAMLParseError) return undefined;
    throw error;
  }
}

const isPromotion = ({ type, inputs }: DeclaredResource): boolean =>
  type === 'go-coffee-dr:postgres:Promotion' ||
  (type.endsWith(':Job') && /^postgres-promotion/.test(textAt(inputs, 'metadata', 'name') ?? ''));

/** True where backups run, false where all are suspended, undefined where there are none. */
function backsUp({ resources }: Declared): boolean | undefined {
  const jobs = resources
    .flatMap((one) => (kindOf(one) === 'CronJob' ? (drJobOf(one.inputs) ?? []) : []))
    .filter(({ args }) => args[0] === 'backup');
  return jobs.length === 0 ? undefined : jobs.some(({ suspended }) => !suspended);
}

function leads(declared: Declared): boolean {
  return declared.resources.some(isPromotion);
}

/** What each kind of data loses at worst, by the plan, when it comes back from that repository. */
function losses(plan: Plan | undefined, repository: string): string {
  if (plan === undefined) return 'what the first site has not shipped; `dr failover --dry-run` measures it';
  const rows = exposures(plan).flatMap(({ workload, repositories }) => {
    const row = repositories.find((one) => one.repository === repository);
    return workload.dataClass === 'configuration' || workload.secondFormOf !== undefined || row === undefined
      ? []
      : [`${workload.id} up to ${exactDuration(row.seconds)} (${row.arithmetic})`];
  });
  return `at worst, by the plan: ${rows.join('; ')}. \`dr failover --dry-run\` measures what it is now`;
}

function takes(followed: Followed | undefined, plan: Plan | undefined, stack: string): string[] {
  const source = followed === undefined ? 'the site that it follows' : followed.lineage;
  return [
    `**Applying this is the failover.** PostgreSQL of this stack stops following ${source} and leads; services and schedules follow.`,
    `- **Two leaders may result.** This update does not stop the other site. If it still runs, both take writes, and one side's are lost. \`dr failover --stack ${stack} --old-context CONTEXT\` stops it first.`,
    `- **What is lost:** ${losses(plan, followed?.repository ?? '')}.`,
    followed === undefined
      ? '- **It goes by** the repository that the standby follows; the compared resources do not name it (`--show-sames` does).'
      : `- **It goes by** the WAL of ${followed.lineage} in the repository \`${followed.repository}\` (${followed.place}), and by the newest snapshots there for Redis and folders. What only other repositories hold is not used.`,
  ];
}

const GIVES = [
  '**Applying this makes the site a standby again.** Its backups stop, Redis stops, and PostgreSQL follows the other site.',
  '- The program refuses it while this site leads. The way back without loss is `dr failback`.',
];

/** Undefined where the lead stays where it is. */
export function failoverOf({ before, after }: BeforeAndAfter): Failover | undefined {
  const [was, is] = [leads(before), leads(after)];
  const [copied, copies] = [backsUp(before), backsUp(after)];
  const plan = planOf(after.resources) ?? planOf(before.resources);
  const stack = after.stack === 'unknown' ? before.stack : after.stack;
  const begins = before.resources.length === 0;
  if (begins) return undefined;
  if ((!was && is && copied !== true) || (copied === false && copies === true)) {
    return { lead: 'takes', says: takes(followedBy(after) ?? followedBy(before), plan, stack) };
  }
  const stays = after.resources.length > 0 && copies !== undefined;
  return (was && !is && stays && copies === false) || (copied === true && copies === false)
    ? { lead: 'gives', says: GIVES }
    : undefined;
}
