/** `dr setup`: propose the configuration for a platform that runs. */
import type { CommandUnknownOpts } from '@commander-js/extra-typings';
import { badInput, type DrError } from '../../../recovery/core/errors.ts';
import { type CommandContext, type CommandResult, freeCommand } from '../../command.ts';
import { declaration, type SetupOptions } from './declaration.ts';

function misuse(where: string, fact: string, hint: string): DrError {
  return badInput({ code: 'USAGE', where, fact, hint });
}

/** Options that mean something only for one of the two. */
const OF_CLUSTER = ['kubeconfig', 'stack', 'registry'] as const;
const OF_HOST = ['postgres', 'postgresPassword', 'database', 'redis', 'redisPassword'] as const;

function flagOf(name: string): string {
  return `--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`;
}

/** Throws exit 2. */
function check(options: SetupOptions, command: CommandUnknownOpts): void {
  const { folder, endpoint, context, namespace } = options;
  if (command.optsWithGlobals().env !== undefined) {
    throw misuse('--env', 'dr setup makes the file, in a folder', 'name the folder: --into /etc/go-coffee-dr');
  }
  const empty = Object.entries(options).find(([, value]) => value === '');
  if (empty !== undefined) {
    throw misuse(flagOf(empty[0]), 'its value is empty', 'write one, or leave the flag out; see `dr setup --help`');
  }
  if (options.stack !== undefined && !/^[A-Za-z0-9][\w.-]{0,99}$/.test(options.stack)) {
    throw misuse(
      '--stack',
      `"${options.stack}" is not a valid name of a stack`,
      'use letters, digits, "-", "_" and "."',
    );
  }
  const wrong = folder.find((each) => !/^[a-z0-9-]+=\/./.test(each));
  if (wrong !== undefined) {
    const hint = 'type e.g. --folder uploads=/srv/shop/uploads; `dr plan show` lists the workloads';
    throw misuse('--folder', `"${wrong}" is not WORKLOAD=/absolute/path`, hint);
  }
  const bad = endpoint.find((each) => !/^[a-z0-9-]+=https:\/\/[^/]+\/?$/.test(each));
  if (bad !== undefined) {
    const hint = 'type e.g. --endpoint primary=https://s3.example.com:9000; `dr plan show` lists the repositories';
    throw misuse('--endpoint', `"${bad}" is not REPOSITORY=https://host`, hint);
  }
  const stray = (context === undefined ? OF_CLUSTER : OF_HOST).find((name) => options[name] !== undefined);
  const lists = { namespace, endpoint };
  const list =
    context === undefined ? (['namespace', 'endpoint'] as const).find((name) => lists[name].length > 0) : undefined;
  const flag = stray ?? list;
  if (flag === undefined) return;
  const kind = context === undefined ? 'a cluster, and --context is missing' : 'a host, not for --context';
  throw misuse('setup', `${flagOf(flag)} is for ${kind}`, 'leave it out, or see `dr setup --help`');
}

async function run(options: SetupOptions, context: CommandContext): Promise<CommandResult> {
  if (options.context !== undefined) {
    return (await import('./cluster.ts')).setUpCluster({ ...options, context: options.context }, context);
  }
  return (await import('./host.ts')).setUpHost(options, context);
}

export const declare = freeCommand({ declare: declaration, check, run });
