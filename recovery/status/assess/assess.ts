/** `dr assess`, the first command after a disaster: what runs, what is lost, which scenario it is, and what to type next. */
import pMap from 'p-map';
import type { Workload } from '../../../plan/types.ts';
import { isOnOtherHost } from '../../config/environment.ts';
import { presentRepositories } from '../../config/repositories.ts';
import { isConfiguredHere } from '../../config/selection.ts';
import type { Site } from '../../config/site.ts';
import type { Progress } from '../../core/progress.ts';
import { reportStep } from '../../core/report-step.ts';
import type { Capture, ResticCapture } from '../../points/point.ts';
import { inspectPostgres } from '../../workloads/postgres/inspect.ts';
import { inspectRedis } from '../../workloads/redis/inspect.ts';
import { typeOf } from '../../workloads/registry.ts';
import type { FolderFinding } from '../../workloads/workload.ts';
import { inspectRepository, newestCaptures, type RepositoryInspection } from '../probes/repositories.ts';
import { askService } from '../probes/service.ts';
import { type Classification, classify } from './classify.ts';
import { type Findings, type ServiceFinding, warningsOf } from './findings.ts';
import { inspectCluster } from './inspect-cluster.ts';
import { type FreshStack, type NextStep, nextStep } from './next-command.ts';

export interface AssessOptions {
  readonly now: () => Date;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

export interface Assessment {
  readonly at: string;
  readonly environment: string;
  readonly site: string;
  readonly scenario: Classification['scenario'];
  readonly confidence: Classification['confidence'];
  readonly why: readonly string[];
  /** What is no scenario and must be repaired all the same. */
  readonly warnings: readonly string[];
  readonly next: NextStep;
  readonly findings: Findings;
}

/** Reads only. What can't be inspected is a finding, not an error. */
export async function assess(site: Site, options: AssessOptions): Promise<Assessment> {
  const watch = watched(options.progress);
  const inspections = await watch('repositories', 'Repositories', () =>
    Promise.all(presentRepositories(site).map((repository) => inspectRepository(site, repository))),
  );
  const before = newestCaptures(inspections);
  const { postgres, redis } = site.environment;
  const [postgresFinding, redisFinding, cluster, folders, services] = await Promise.all([
    postgres &&
      watch('postgres', 'PostgreSQL', () =>
        inspectPostgres(site, {
          settings: postgres,
          before: factsOf(site, before, 'postgres-dump'),
          cluster: clusterOf(site, before),
          signal: options.signal,
        }),
      ),
    redis && watch('redis', 'Redis', () => inspectRedis(site, redis, factsOf(site, before, 'redis'))),
    site.environment.kubernetes &&
      watch('cluster', 'Cluster', () => inspectCluster(site, factsOfObjects(site, before), options.signal)),
    watch('folders', 'Folders', () => inspectFolders(site, before)),
    watch('services', 'Services', () => inspectServices(site, options.signal)),
  ]);
  const findings: Findings = {
    ...(postgresFinding === undefined ? {} : { postgres: postgresFinding }),
    ...(redisFinding === undefined ? {} : { redis: redisFinding }),
    ...(cluster === undefined ? {} : { cluster: cluster.cluster }),
    folders,
    services: [...services, ...(cluster?.services ?? [])],
    repositories: inspections.map(({ finding }) => finding),
  };
  const classification = classify(findings);
  const at = options.now().toISOString();
  return {
    at,
    environment: site.environment.name,
    site: site.environment.site,
    ...classification,
    warnings: warningsOf(findings),
    next: nextStep({
      classification,
      findings,
      env: site.file,
      database: postgres?.database ?? '',
      dump: newestDump(site, inspections, before),
      starts: startCommands(site),
      stack: isHere(site.environment) ? undefined : freshStack(site, at),
      objects: site.plan.workloads.filter((workload) => workload.objects !== undefined).map(({ id }) => id),
    }),
    findings,
  };
}

function freshStack({ environment, plan }: Site, at: string): FreshStack {
  const { name } = environment;
  const engines = plan.repositories.filter(({ storage, written }) => storage === 's3' && written.by === 'engines');
  const day = at.slice(0, 10).replaceAll('-', '');
  return { name: `${name}-${day}`, like: name, repositories: engines.map(({ id }) => id) };
}

/** The environment names no cluster, or the database runs outside of it. */
function isHere({ kubernetes, postgres }: Site['environment']): boolean {
  return kubernetes === undefined || (postgres !== undefined && !isOnOtherHost(postgres));
}

function watched(progress: Progress): <T>(id: string, title: string, work: () => Promise<T>) => Promise<T> {
  return (id, title, work) => reportStep(progress, { step: `assess/${id}`, title }, work);
}

function workloadOfType(site: Site, type: Workload['type']): Workload | undefined {
  return site.plan.workloads.find((workload) => workload.type === type);
}

function factsOf(
  site: Site,
  before: ReadonlyMap<string, Capture>,
  type: Workload['type'],
): ResticCapture['facts'] | undefined {
  const capture = before.get(workloadOfType(site, type)?.id ?? '');
  return capture?.engine === 'restic' ? capture.facts : undefined;
}

/** The system id of the newest set. */
function clusterOf(site: Site, before: ReadonlyMap<string, Capture>): string | undefined {
  const capture = before.get(workloadOfType(site, 'postgres')?.id ?? '');
  return capture?.engine === 'pgbackrest' ? capture.systemId : undefined;
}

/** Only a manifest snapshot tells which services there were. */
function factsOfObjects(site: Site, before: ReadonlyMap<string, Capture>): ResticCapture['facts'] | undefined {
  const holder = site.plan.workloads.find(({ objects }) => objects === 'manifests');
  const capture = before.get(holder?.id ?? '');
  return capture?.engine === 'restic' ? capture.facts : undefined;
}

function newestDump(
  site: Site,
  inspections: readonly RepositoryInspection[],
  before: ReadonlyMap<string, Capture>,
): { point: string; capturedAt: string } | undefined {
  const capture = before.get(workloadOfType(site, 'postgres-dump')?.id ?? '');
  if (capture === undefined) return undefined;
  const entries = inspections.flatMap((inspection) => inspection.entries);
  const holder = entries.find(({ point }) =>
    point.captures.some(
      ({ workload, capturedAt }) => workload === capture.workload && capturedAt === capture.capturedAt,
    ),
  );
  return holder && { point: holder.point.id, capturedAt: capture.capturedAt };
}

/** Types that are asked in files; PostgreSQL and Redis are inspected on their own. */
async function inspectFolders(site: Site, before: ReadonlyMap<string, Capture>): Promise<FolderFinding[]> {
  const inspect = async (workload: Workload): Promise<FolderFinding[]> => {
    const capture = before.get(workload.id);
    const newest = capture?.engine === 'restic' ? capture : undefined;
    return (await typeOf(site.environment, workload).inspect?.(site, workload, newest)) ?? [];
  };
  const configured = site.plan.workloads.filter((workload) => isConfiguredHere(site.environment, workload));
  return (await pMap(configured, inspect, { concurrency: 4 })).flat();
}

/** The services that have a health command. Stores are inspected on their own. */
async function inspectServices(site: Site, signal: AbortSignal): Promise<ServiceFinding[]> {
  const services = site.plan.tiers.flatMap((tier) => tier.services.map(({ id }) => ({ id, tier: tier.id })));
  const queried = services.filter(({ id }) => site.environment.services[id]?.health !== undefined);
  return pMap(queried, async ({ id, tier }) => ({ service: id, tier, ...(await askService(site, id, signal)) }), {
    concurrency: 4,
  });
}

function startCommands(site: Site): Record<string, readonly string[]> {
  const { postgres, redis, services } = site.environment;
  const entries = [
    ['postgres', postgres?.control?.start],
    ['redis', redis?.control?.start],
    ...Object.entries(services).map(([id, control]) => [id, control.start] as const),
  ] as const;
  return Object.fromEntries(entries.flatMap(([id, argv]) => (argv === undefined ? [] : [[id, argv]])));
}
