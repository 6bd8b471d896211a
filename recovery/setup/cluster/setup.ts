/** `dr setup --context`: the look at a cluster, the proposed config of a stack and, where that is there, its difference. Writes nothing. */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parseYaml } from '../../../plan/input/yaml-text.ts';
import { didYouMean } from '../../../plan/nearest.ts';
import type { Plan } from '../../../plan/types.ts';
import { isThere } from '../../core/absent.ts';
import { badInput } from '../../core/errors.ts';
import { isRecord, type Json, valueAt } from '../../core/json.ts';
import type { Cluster } from '../../kubernetes/objects.ts';
import { type Difference, differences } from '../difference.ts';
import { type Part, renderDocument, section, value } from '../document.ts';
import type { ClusterFacts } from './facts.ts';
import { lookAtCluster } from './look.ts';
import { type ClusterChoices, type ClusterProposal, candidates, proposeCluster } from './proposal.ts';

const PREFIX = 'go-coffee-dr:';

export interface ClusterRequest {
  readonly cluster: Cluster;
  /** With Pulumi.yaml. */
  readonly folder: string;
  readonly plan: Plan;
  readonly choices: Omit<ClusterChoices, 'named'>;
  readonly now: Date;
}

export interface ClusterSetup {
  readonly file: string;
  readonly text: string;
  readonly facts: ClusterFacts;
  readonly proposal: ClusterProposal;
  /** Undefined where the stack has no file yet. */
  readonly differences: readonly Difference[] | undefined;
}

/** What the config says about what runs; everything else in it is a decision. */
const SECTIONS = ['namespaces', 'storageClasses', 'postgres', 'folders', 'volumes', 'monitoring', 'capture'];

/** Where a field of the config lies in the stack's file. */
export function keysInFile(path: string): string[] {
  const [key = '', ...rest] = path.split('.');
  return ['config', `${PREFIX}${key}`, ...rest];
}

/** Its config without the project's name. Throws `SETUP-STACK-FILE` (exit 2) for a file that is no YAML. */
async function configBefore(file: string): Promise<Json | undefined> {
  if (!(await isThere(file))) return undefined;
  const yaml = parseYaml(await readFile(file, 'utf8'));
  const [problem] = yaml.problems;
  if (problem !== undefined) {
    const fact = `line ${problem.line}: ${problem.doubled === undefined ? problem.message : `the key "${problem.doubled}" stands there a second time`}`;
    throw badInput({ code: 'SETUP-STACK-FILE', where: file, fact, hint: 'fix the YAML at this line' });
  }
  const config = valueAt(yaml.data(), 'config');
  const own = Object.entries(isRecord(config) ? config : {}).filter(([key]) => key.startsWith(PREFIX));
  return Object.fromEntries(own.map(([key, of]) => [key.slice(PREFIX.length), of]));
}

/** Throws `SETUP-NAMESPACE` (exit 2): a namespace that was named by hand must be one that a platform has. */
function checkNamespaces(facts: ClusterFacts, named: readonly string[]): void {
  if (facts.unread.includes('namespaces')) return;
  const known = facts.namespaces.map(({ name }) => name);
  const missing = named.find((name) => !known.includes(name));
  const taken = named.find((name) => facts.namespaces.some((each) => each.name === name && each.ofAStack));
  if (missing === undefined && taken === undefined) return;
  throw badInput({
    code: 'SETUP-NAMESPACE',
    where: '--namespace',
    fact:
      missing === undefined
        ? `a stack of this program made the namespace "${taken}", and owns it`
        : `the cluster has no namespace "${missing}".${didYouMean(missing, known)}`,
    hint: `name those of the platform: ${
      candidates(facts)
        .map(({ name }) => name)
        .join(', ') || 'none has workloads'
    }`,
  });
}

/** Those of the file, as far as they are still there. */
function namespacesBefore(before: Json | undefined, facts: ClusterFacts): string[] {
  const listed = valueAt(before, 'namespaces', 'platform', 'existing');
  const names = Array.isArray(listed) ? listed.map(String) : [];
  return facts.unread.includes('namespaces')
    ? names
    : names.filter((name) => facts.namespaces.some((each) => each.name === name));
}

function prefixed(parts: readonly Part[]): Part[] {
  return parts.map((part) => (part.kind === 'remark' ? part : { ...part, key: `${PREFIX}${part.key}` }));
}

function headOf(
  { unanswered }: ClusterProposal,
  { stack, context }: Pick<ClusterChoices, 'stack' | 'context'>,
  now: Date,
): string[] {
  const at = now.toISOString().slice(0, 10);
  const marked =
    unanswered.length === 0
      ? 'Everything that was asked was answered.'
      : `Look for NOT ANSWERED (${unanswered.length}) before the first preview.`;
  return [
    `Stack ${stack}. Made by \`dr setup\` on ${at} from what ran in the cluster of the context ${context}. ${marked}`,
    'Read each line; Pulumi.yaml says what each key means and which others there are.',
  ];
}

/** Throws what the cluster says where it does not answer at all, and `SETUP-NAMESPACE`. */
export async function prepareCluster({ cluster, folder, plan, choices, now }: ClusterRequest): Promise<ClusterSetup> {
  const file = join(folder, `Pulumi.${choices.stack}.yaml`);
  const before = await configBefore(file);
  const facts = await lookAtCluster(cluster);
  checkNamespaces(facts, choices.namespaces);
  const namespaces = choices.namespaces.length > 0 ? choices.namespaces : namespacesBefore(before, facts);
  const volumes = valueAt(before, 'volumes');
  const named = isRecord(volumes) ? volumes : {};
  const proposal = proposeCluster(facts, { ...choices, namespaces, named }, plan);
  const config = section('config', 'Every key without go-coffee-dr: is Pulumi’s own', [
    value(
      'pulumi:disable-default-providers',
      ['aws', 'kubernetes'],
      'no profile and no current context is used by accident',
    ),
    ...prefixed(proposal.parts),
  ]);
  const found =
    before &&
    differences({
      file: before,
      now: proposal.data,
      sections: SECTIONS,
      unknown: proposal.unanswered.map(({ about }) => about),
      kept: proposal.volumes.filter(({ id }) => named[id] !== undefined).map(({ id }) => `volumes.${id}`),
    });
  return {
    file,
    text: renderDocument(headOf(proposal, choices, now), [config]),
    facts,
    proposal,
    // What this account may not see is no less there.
    differences: facts.unread.length === 0 ? found : found?.filter((each) => each.now !== undefined),
  };
}
