/** `dr setup` on a host: the look, the proposal and, where a file is there, its difference to what runs now. Writes nothing. */
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { loadPlan } from '../../../plan/load.ts';
import type { Plan } from '../../../plan/types.ts';
import type { Environment } from '../../config/environment.ts';
import { parseEnvironment, readEnvironment } from '../../config/environment-file.ts';
import { isConfigured } from '../../config/selection.ts';
import { checkSite } from '../../config/site-check.ts';
import { isThere } from '../../core/absent.ts';
import type { SecretRef } from '../../core/fields.ts';
import type { Run } from '../../core/process.ts';
import { type Difference, differences } from '../difference.ts';
import { renderDocument } from '../document.ts';
import { uncoveredPlaces } from './folders-part.ts';
import { type HostChoices, type HostFacts, lookAtHost } from './look.ts';
import { type HostProposal, type HostSettings, proposeHost } from './proposal.ts';

export interface HostRequest {
  readonly run: Run;
  /** Where dr.yaml and the folder `keys` are, or will be. */
  readonly folder: string;
  readonly choices: HostChoices;
  readonly settings: Omit<HostSettings, 'keys'>;
  /** For the head of the file: when it was made. */
  readonly now: Date;
}

export interface HostSetup {
  readonly file: string;
  /** The proposed file. */
  readonly text: string;
  readonly environment: Environment;
  readonly plan: Plan;
  readonly facts: HostFacts;
  readonly proposal: HostProposal;
  /** Workloads of the plan, and whether the file says where the data of each is. */
  readonly workloads: readonly { readonly id: string; readonly title: string; readonly covered: boolean }[];
  /** Places that services write to and no workload covers. */
  readonly uncovered: readonly string[];
  /** Undefined where there is no file yet. */
  readonly differences: readonly Difference[] | undefined;
}

/** What the file says about what runs; everything else in it is a decision. */
const SECTIONS = ['runAs', 'postgres', 'redis', 'folders', 'git', 'services'];

const fileOf = (secret: SecretRef | undefined): string | undefined =>
  secret !== undefined && 'file' in secret ? secret.file : undefined;

function choicesBefore(choices: HostChoices, { postgres, redis }: Environment): HostChoices {
  const address = redis?.socket ?? `${redis?.host ?? '127.0.0.1'}:${redis?.port ?? 6379}`;
  return {
    ...choices,
    database: choices.database ?? postgres?.database,
    postgresPassword: choices.postgresPassword ?? fileOf(postgres?.password),
    redisPassword: choices.redisPassword ?? fileOf(redis?.password),
    before: { postgres: postgres?.dataDir, ...(redis === undefined ? {} : { redis: address }) },
  };
}

/** Folders that the file names and that exist: a person chose them. */
async function keptPaths({ folders }: Environment): Promise<string[]> {
  const there = await Promise.all(
    Object.entries(folders).map(async ([id, { path }]) => ((await isThere(path)) ? [`folders.${id}`] : [])),
  );
  return there.flat();
}

const gitSchema = z.object({ repositories: z.array(z.object({ name: z.string(), url: z.string() })) });

/** Those of the file stay, wherever they are; what was found besides is new. */
function gitBeside({ git }: Environment, proposed: unknown): { git?: unknown } {
  const found = gitSchema.safeParse(proposed).data?.repositories ?? [];
  const known = git?.repositories ?? [];
  const isNew = ({ name, url }: { name: string; url: string }): boolean =>
    !known.some((each) => each.url === url || each.name === name);
  const repositories = [...known, ...found.filter(isNew)];
  return repositories.length === 0 ? {} : { git: { repositories } };
}

/** Sections whose servers or folders gave no answer. */
function unknownPaths({ unanswered }: HostProposal, facts: HostFacts): string[] {
  const about = unanswered.map((each) => each.about.split(' ')[0]?.toLowerCase() ?? '');
  const stores = about.map((each) => (each.startsWith('postgresql') ? 'postgres' : each));
  return [
    ...stores.filter((each) => each !== ''),
    ...(facts.unanswered.length > 0 ? ['folders', 'git', 'services'] : []),
  ];
}

const before = async (file: string): Promise<Environment | undefined> =>
  (await isThere(file)) ? readEnvironment(file) : undefined;

/** Throws `ENV-INVALID` for a file that is there and can't be read, and for names that can't stand in one. */
export async function prepareHost(request: HostRequest): Promise<HostSetup> {
  const { run, folder, now } = request;
  const file = join(folder, 'dr.yaml');
  const old = await before(file);
  const plan = await loadPlan(old?.plan);
  const choices = old === undefined ? request.choices : choicesBefore(request.choices, old);
  const facts = await lookAtHost(run, plan, choices);
  const settings = { ...request.settings, keys: join(folder, 'keys') };
  const proposal = proposeHost(facts, choices, settings, plan);
  const text = renderDocument(headOf(proposal, now), proposal.parts);
  const environment = parseEnvironment(text, file);
  checkSite(environment, plan, file);
  const workloads = plan.workloads.map((each) => ({
    id: each.id,
    title: each.title,
    covered: isConfigured(old ?? environment, each),
  }));
  const covered = [
    environment.postgres?.dataDir,
    environment.redis?.dataDir,
    homedir(),
    settings.stateDir,
    settings.local,
  ];
  const paths = [
    ...Object.values((old ?? environment).folders).map(({ path }) => path),
    ...covered.flatMap((p) => p ?? []),
  ];
  return {
    file,
    text,
    environment,
    plan,
    facts,
    proposal,
    workloads,
    uncovered: uncoveredPlaces(facts, paths),
    differences:
      old &&
      differences({
        file: old,
        now: { ...proposal.data, ...gitBeside(old, proposal.data.git) },
        sections: SECTIONS,
        unknown: unknownPaths(proposal, facts),
        kept: await keptPaths(old),
      }),
  };
}

function headOf({ unanswered }: HostProposal, now: Date): string[] {
  const open =
    unanswered.length === 0
      ? 'Everything that was asked was answered.'
      : `Look for NOT ANSWERED (${unanswered.length}): what stands there is not protected.`;
  return [
    `Made by \`dr setup\` on ${now.toISOString().slice(0, 10)} from what ran on this host. ${open}`,
    'Read each line, then: dr doctor, dr init, dr backup --kind full. `dr setup` again shows what has changed since.',
    'The file names secrets and never holds one. dr.example.yaml shows everything that it may hold.',
  ];
}
