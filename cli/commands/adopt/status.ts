/** `dr adopt status`: what a stack takes over, how far it is, and how far behind. */
import { Command, Option } from '@commander-js/extra-typings';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../../command.ts';
import { examples } from '../../flags.ts';

const declaration = () =>
  new Command('status')
    .description('Show what the stack takes over, and how far behind it is. Reads only.')
    .requiredOption('--stack <name>', 'the stack that takes over')
    .addOption(new Option('--store <store>', 'which one').choices(['postgres', 'redis']).default('postgres' as const))
    .option('--user <name>', 'as whom to log in to the source')
    .option('--password-file <file>', 'file (mode 0600) with that one’s password')
    .addHelpText(
      'after',
      examples(
        'dr adopt status --stack production --user shop --password-file shop.password',
        'dr adopt status --stack production --store redis --password-file redis.password',
      ),
    );

type Options = OptionsOf<typeof declaration>;

async function ofPostgres(options: Options, context: CommandContext): Promise<CommandResult> {
  const [{ openPostgres }, { statusPostgres }, { postgresStatusText }, { notAdopting }] = await Promise.all([
    import('./postgres.ts'),
    import('../../../recovery/adopt/postgres/run.ts'),
    import('../../../recovery/adopt/text.ts'),
    import('../../../recovery/adopt/acts.ts'),
  ]);
  const { opened, ports } = await openPostgres(options, context);
  await using _ = opened;
  if (opened.memory === undefined) throw notAdopting('postgres', options.stack);
  const found = await statusPostgres(ports, opened.memory);
  return { kind: 'AdoptionStatus', data: { postgres: found }, text: postgresStatusText(found, context.now()) };
}

async function ofRedis(options: Options, context: CommandContext): Promise<CommandResult> {
  const [{ openRedis }, { redisLag }, { redisStatusText }, { notAdopting }] = await Promise.all([
    import('./redis.ts'),
    import('../../../recovery/adopt/redis/run.ts'),
    import('../../../recovery/adopt/text.ts'),
    import('../../../recovery/adopt/acts.ts'),
  ]);
  const { opened, ports } = await openRedis(options, context);
  await using _ = opened;
  const { memory } = opened;
  if (memory === undefined) throw notAdopting('redis', options.stack);
  const follows = memory.phase === 'following' || memory.phase === 'preparing';
  const lag = follows ? await redisLag(ports, memory.place) : undefined;
  return {
    kind: 'AdoptionStatus',
    data: { redis: { memory, lag } },
    text: redisStatusText(memory, lag, context.now()),
  };
}

export const declare = freeCommand({
  declare: declaration,
  run: (options, context) => (options.store === 'redis' ? ofRedis(options, context) : ofPostgres(options, context)),
});
