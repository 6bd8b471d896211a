/** `dr failover` and `dr failback`: which site leads. */
import { Option } from 'commander';
import { confirmOption, dryRunOption, examples } from './flags.ts';
import type { Declare } from './program.ts';

export const declareFailover: Declare = (program, action) => {
  const command = program
    .command('failover')
    .description('Let the standby of a stack take over: look at both sites, fence the old leader, promote, verify.')
    .requiredOption('--stack <name>', 'the stack of the standby')
    .option('--old-context <context>', 'context of the old leader’s cluster, to stop it there; never the current one')
    .option('--old-kubeconfig <file>', 'where that context is (default: ~/.kube/config)')
    .option('--old-namespace <name>', 'namespace of the old leader', 'go-coffee')
    .option('--old-recovery-namespace <name>', 'namespace of its CronJobs', 'go-coffee-dr')
    .option('--max-loss <duration>', 'most that may be lost, e.g. 5m (default: the RPO of the database)')
    .option('--allow-unfenced', 'take over although the old leader can’t be stopped from here', false)
    .option('--declared-at <time>', 'when the old site went away; the RTO clock starts there (default: now)')
    .option('--report <dir>', 'write the report there too')
    .addOption(dryRunOption())
    .addOption(confirmOption('the stack’s name'))
    .action(
      action(async () => (await import('../commands/failover.ts')).failoverCommand, {
        needsSite: false,
      }),
    );
  examples(command, [
    'dr failover --stack dr --dry-run',
    'dr failover --stack dr --old-context go-coffee-us-east-1 --confirm dr',
    'dr failover --stack dr --allow-unfenced --declared-at 2026-11-23T01:59:00Z --report ./failover',
  ]);
};

export const declareFailback: Declare = (program, action) => {
  const phase = new Option('--phase <phase>', 'only this part (default: both, one after the other)').choices([
    'reseed',
    'switchover',
  ]);
  const command = program
    .command('failback')
    .description(
      'Bring a site that was failed over from back: as a standby of the new leader, then, without loss, as the leader.',
    )
    .requiredOption('--stack <name>', 'the stack that comes back')
    .requiredOption('--of <name>', 'the stack that leads now')
    .addOption(phase)
    .option('--repository <id>', 'what it follows the leader from (default: the first in S3 of its own)')
    .option('--delete-claims', 'delete the volumes of the life that is over; they are listed before', false)
    .addOption(dryRunOption())
    .addOption(confirmOption('the name of the stack that comes back'))
    .action(
      action(async () => (await import('../commands/failback.ts')).failbackCommand, {
        needsSite: false,
      }),
    );
  examples(command, [
    'dr failback --stack production --of dr --dry-run',
    'dr failback --stack production --of dr --phase reseed --delete-claims --confirm production',
    'dr failback --stack production --of dr --phase switchover --confirm production',
    'dr failback --stack dr --of production --phase reseed --delete-claims --confirm dr',
  ]);
};
