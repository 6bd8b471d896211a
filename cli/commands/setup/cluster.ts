/** `dr setup --context`: the config of a stack for a platform that runs in a cluster. */
import { homedir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadPlan } from '../../../plan/load.ts';
import { badInput } from '../../../recovery/core/errors.ts';
import { shellWord } from '../../../recovery/core/quote.ts';
import { programVersion } from '../../../recovery/core/version.ts';
import { openClusterAt } from '../../../recovery/kubernetes/open.ts';
import { type ClusterSetup, keysInFile, prepareCluster } from '../../../recovery/setup/cluster/setup.ts';
import { createNewFile } from '../../../recovery/setup/create-file.ts';
import type { CommandContext, CommandResult } from '../../command.ts';
import { clusterText } from './cluster-text.ts';
import { asName, pairs, type SetupOptions } from './declaration.ts';
import { finish } from './written.ts';

type ClusterOptions = SetupOptions & { readonly context: string };

const PROGRAM = fileURLToPath(new URL('../../..', import.meta.url));

function nextSteps({ file, proposal }: ClusterSetup, stack: string): string[] {
  const name = shellWord(stack);
  const repositories = Object.keys((proposal.data.storage as { repositories: object }).repositories);
  const keys = repositories.map(
    (id) =>
      `      pulumi config set --stack ${name} --secret --path 's3Credentials.${id}.writer.accessKeyId' …   (and writer.secretAccessKey, restorer.accessKeyId, restorer.secretAccessKey)`,
  );
  return [
    `next: pulumi stack init ${name} (keeps ${file})`,
    ...keys,
    `      pulumi preview --stack ${name}`,
    `      pulumi up --stack ${name}`,
    `      dr --stack ${name} points`,
  ];
}

function endpointsOf(options: ClusterOptions, known: readonly string[]): Map<string, string> {
  const endpoints = pairs(options.endpoint);
  const unknown = [...endpoints.keys()].find((id) => !known.includes(id));
  if (unknown === undefined) return endpoints;
  throw badInput({
    code: 'REPOSITORY-UNKNOWN',
    where: '--endpoint',
    fact: `the plan has no repository "${unknown}" in S3`,
    hint: `name one of: ${known.join(', ')}`,
  });
}

export async function setUpCluster(options: ClusterOptions, context: CommandContext): Promise<CommandResult> {
  const plan = await loadPlan();
  const inS3 = plan.repositories.filter(({ storage }) => storage === 's3').map(({ id }) => id);
  const endpoints = endpointsOf(options, inS3);
  const kubeconfig = resolve(options.kubeconfig ?? join(homedir(), '.kube', 'config'));
  const stack = options.stack ?? options.name;
  const place = { kubeconfig: { path: kubeconfig }, context: options.context };
  await using cluster = await openClusterAt(place, context.signal);
  const setup = await prepareCluster({
    cluster,
    folder: resolve(options.into ?? PROGRAM),
    plan,
    now: context.now(),
    choices: {
      stack,
      context: options.context,
      kubeconfig,
      name: options.name,
      site: options.site ?? asName(options.context),
      namespaces: options.namespace,
      endpoints,
      registry: options.registry,
      version: programVersion(),
    },
  });
  const { file, text, differences, facts, proposal } = setup;
  const { workloads, unanswered, notes } = proposal;
  // Awaited: the cluster is closed afterwards.
  return await finish(
    {
      file,
      text,
      differences,
      partial: unanswered.length > 0,
      name: stack,
      shown: clusterText(setup),
      data: { file, proposal: text, workloads, unanswered, notes, found: facts, differences: differences ?? [] },
      async write() {
        await createNewFile(file, text);
        return { lines: nextSteps(setup, stack), data: {} };
      },
      keysOf: keysInFile,
      check: () => {},
    },
    options,
    context,
  );
}
