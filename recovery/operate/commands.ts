/** Which commands run in a pod of a stack, and in which one: what a command may do is what that pod may do. Pure. */
import { badInput, type DrError } from '../core/errors.ts';

/**
 * `monitor`: reads repositories and stores, and changes nothing. `health`: also reads the platform's workloads and pods. `verify`: may write marks and incidents' events and break locks, as the stack's
 * own verification may. `incident`: the same, and it tells people by the stack's channels.
 */
export type PodOf = 'monitor' | 'health' | 'verify' | 'incident';

const RUNS_IN: Readonly<Record<string, PodOf>> = {
  'dr assess': 'health',
  'dr doctor': 'monitor',
  'dr health': 'health',
  'dr incident assign': 'verify',
  'dr incident declare': 'incident',
  'dr incident deliver': 'incident',
  'dr incident delivered': 'verify',
  'dr incident follow-ups done': 'verify',
  'dr incident follow-ups list': 'verify',
  'dr incident list': 'verify',
  'dr incident post-mortem': 'verify',
  'dr incident resolve': 'incident',
  'dr incident show': 'verify',
  'dr incident status': 'verify',
  'dr incident test-channels': 'incident',
  'dr incident update': 'incident',
  'dr incident watch': 'verify',
  'dr monitor': 'monitor',
  'dr objectives': 'monitor',
  'dr offsite list': 'monitor',
  'dr plan calendar': 'monitor',
  'dr plan check': 'monitor',
  'dr plan record': 'verify',
  'dr plan review': 'verify',
  'dr plan schema': 'monitor',
  'dr plan show': 'monitor',
  'dr points list': 'monitor',
  'dr points mark': 'verify',
  'dr points show': 'monitor',
  'dr readiness': 'monitor',
  'dr repository status': 'monitor',
  'dr unlock': 'verify',
  'dr verify': 'verify',
};

/** The first words of a command → what to type in its place. */
const INSTEAD: readonly (readonly [command: string, hint: (stack: string) => string])[] = [
  [
    'dr restore',
    (stack) =>
      `a pod can't replace the volumes of a cluster. From this machine: the stores, dr restore --stack ${stack} --to latest; chosen objects, with --select KIND/NAME; a fresh platform, dr rebuild --stack NAME --to latest --like ${stack}`,
  ],
  ['dr restore-volume', (stack) => `a rebuild fills the volumes: dr rebuild --stack NAME --to latest --like ${stack}`],
  ['dr seed', (stack) => `a rebuild fills the volumes: dr rebuild --stack NAME --to latest --like ${stack}`],
  ['dr rebuild', () => 'it runs on this machine: dr rebuild --stack NAME --to latest'],
  ['dr failover', (stack) => `it runs on this machine: dr failover --stack ${stack}`],
  ['dr failback', (stack) => `it runs on this machine: dr failback --stack ${stack} --of LEADER`],
  ['dr adopt', (stack) => `it runs on this machine: dr adopt status --stack ${stack}`],
  ['dr drill', (stack) => `it runs on this machine: dr drill --on cluster --like ${stack}`],
  [
    'dr repository attach',
    (stack) => `it changes the stack, from this machine: dr repository attach ID --stack ${stack}`,
  ],
  [
    'dr repository detach',
    (stack) => `it changes the stack, from this machine: dr repository detach ID --stack ${stack}`,
  ],
  ['dr receive-wal', () => 'the Deployment dr-wal-receiver of the stack does that, with external.postgres.wal set'],
  ['dr setup', () => 'it looks at what runs where it is typed: type it without --stack'],
  ['dr harden', (stack) => `it runs on this machine: dr harden --stack ${stack}`],
  ['dr exercise', () => 'it runs where the team sits: type it without --stack, with the environment file'],
  ['dr isolate', (stack) => `it runs on this machine: dr isolate --stack ${stack}`],
  ['dr evidence', (stack) => `it runs on this machine: dr evidence collect --stack ${stack}`],
  ['dr secrets', () => 'a stack gets new secrets with a rebuild: dr rebuild --stack NAME --to latest --rotate-secrets'],
  ['dr runbook', () => 'it is walked where people are: type it without --stack, with the environment file'],
  [
    'dr points name',
    () =>
      'the leader makes it: kubectl -n NAMESPACE exec postgres-0 -c postgres -- psql -c "SELECT pg_create_restore_point(\'TEXT\')"',
  ],
  ['dr points diff', () => 'it lays copies down, on a host with the engines and an environment file'],
  ['dr points locate', () => 'it reads WAL, on a host with the engines and an environment file'],
  ['dr find', () => 'it reads WAL, on a host with the engines and an environment file'],
  ['dr impact', () => 'it reads files of this machine: type it without --stack'],
  ['dr keys', () => 'keys never pass through a pod: type it without --stack, with the environment file'],
];

const SCHEDULED =
  'the stack’s CronJobs do that, in its recovery namespace: kubectl -n NAMESPACE get cronjobs, then kubectl -n NAMESPACE create job --from=cronjob/NAME dr-by-hand';

/**
 * The pod that runs a command. Throws `NOT-IN-A-POD` (exit 2) with what to type instead.
 * @param path `dr points list`
 * @param flags the command's options, as typed
 */
export function podFor(path: string, flags: Readonly<Record<string, unknown>>, stack: string): PodOf {
  const found = RUNS_IN[path];
  if (found === undefined) throw refused(path, stack);
  if (path === 'dr monitor' && flags.serve === true) {
    throw badInput({
      code: 'NOT-IN-A-POD',
      where: path,
      fact: 'the monitor of the stack serves already',
      hint: 'kubectl -n NAMESPACE port-forward service/dr-monitor 9187 (its recovery namespace); without --serve it prints the metrics',
    });
  }
  return found;
}

function refused(path: string, stack: string): DrError {
  const [, hint] = INSTEAD.find(([command]) => path === command || path.startsWith(`${command} `)) ?? [];
  return badInput({
    code: 'NOT-IN-A-POD',
    where: path,
    fact: `it does not run in a pod of the stack ${stack}`,
    hint: hint?.(stack) ?? SCHEDULED,
  });
}
