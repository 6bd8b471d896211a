/** `dr adopt redis`: the stack's Redis follows the platform's own, and takes over. */
import type { Opened } from '../../../recovery/adopt/cluster/open.ts';
import type { RedisPorts, RedisRequest } from '../../../recovery/adopt/redis/run.ts';
import type { Memory } from '../../../recovery/adopt/types.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../../command.ts';
import { examples, wholeNumber } from '../../flags.ts';
import { actOf, adoptCommand, alone, checkWords, type Login, openStore } from './options.ts';

const declaration = () =>
  adoptCommand('redis')
    .description('Let the stack’s Redis follow a running one of the platform, then take it over.')
    .option(
      '--follow-limit <seconds>',
      'within which the copy must be made',
      wholeNumber(1, 'a number of seconds'),
      3600,
    )
    .option('--delete-keys', 'delete what the stack’s own Redis holds', false)
    .option('--no-password', 'the source needs no password: let the platform’s services in without one')
    .addHelpText(
      'after',
      examples(
        'dr adopt redis --stack production --from redis.shop-data --password-file redis.password --dry-run',
        'dr adopt redis --stack production --from redis.shop-data --password-file redis.password --confirm production',
        'dr adopt redis --stack production --password-file redis.password --switch --confirm production',
        'dr adopt redis --stack production --password-file redis.password --release',
      ),
    );

type Options = OptionsOf<typeof declaration>;

export async function openRedis(
  login: Login,
  context: CommandContext,
): Promise<{ readonly opened: Opened; readonly ports: RedisPorts }> {
  const [{ passwordsOf }, { redisPorts }] = await Promise.all([
    import('../../../recovery/adopt/cluster/open.ts'),
    import('../../../recovery/adopt/cluster/redis.ts'),
  ]);
  const { password, opened } = await openStore('redis', login, context);
  const { redis } = await passwordsOf(opened.stack);
  return { opened, ports: await redisPorts(opened, { user: login.user, password }, redis) };
}

async function adopt(options: Options, context: CommandContext): Promise<CommandResult> {
  await checkWords(options);
  const work = () => act(options, context);
  return options.dryRun ? work() : alone(options.stack, 'dr adopt redis', work);
}

async function act(options: Options, context: CommandContext): Promise<CommandResult> {
  const wanted = actOf(options);
  const { opened, ports } = await openRedis(options, context);
  // What is returned is awaited here: the connections end with this function.
  await using _ = opened;
  if (wanted === 'follow') return await follow(options, context, opened, ports);
  const { memory } = opened;
  if (memory === undefined) {
    const { notAdopting } = await import('../../../recovery/adopt/acts.ts');
    throw notAdopting('redis', options.stack);
  }
  if (wanted === 'switch') return await switchOver(options, context, ports, memory);
  return wanted === 'undo' ? await undo(options, context, ports, memory) : await release(options, ports, memory);
}

async function follow(
  options: Options,
  context: CommandContext,
  opened: Opened,
  ports: RedisPorts,
): Promise<CommandResult> {
  const [{ planRedis, followRedis, redisLagText }, { redisMemory }, { redisPlanText }, { refusalIn }] =
    await Promise.all([
      import('../../../recovery/adopt/redis/run.ts'),
      import('../../../recovery/adopt/cluster/redis.ts'),
      import('../../../recovery/adopt/text.ts'),
      import('../../../recovery/adopt/acts.ts'),
    ]);
  const { stack, deleteKeys, password, followLimit, dryRun } = options;
  const request: RedisRequest = { from: opened.from, place: opened.source.place, followSeconds: followLimit };
  const memoryBytes = await redisMemory(opened);
  const planned = await planRedis(ports, request, {
    memoryBytes,
    replacesData: deleteKeys,
    withoutPassword: !password,
  });
  const refusal = refusalIn(planned.plan.findings, planned.plan.place);
  const text = redisPlanText(planned.plan);
  if (dryRun) return { kind: 'AdoptionPlan', data: planned.plan, text, exit: refusal === undefined ? 0 : 6 };
  if (refusal !== undefined) throw refusal;
  if (planned.memory === undefined) {
    await context.confirm({
      name: stack,
      what: [text, 'What the stack’s own Redis holds is DELETED; its recovery points stay.'],
    });
  }
  const lag = await followRedis(ports, planned, request);
  const next = `next: dr adopt redis --stack ${stack} --switch`;
  return { kind: 'Adoption', data: { ...planned.plan, lag }, text: `it follows: ${redisLagText(lag)}\n${next}` };
}

async function switchOver(
  { stack, lagLimit, dryRun }: Options,
  context: CommandContext,
  ports: RedisPorts,
  memory: Memory,
): Promise<CommandResult> {
  const [{ switchRedis }, { checkPhase, usersText }, { switchText }] = await Promise.all([
    import('../../../recovery/adopt/redis/switch.ts'),
    import('../../../recovery/adopt/acts.ts'),
    import('../../../recovery/adopt/text.ts'),
  ]);
  checkPhase(memory, ['following', 'switching'], stack);
  const users = await usersText(ports, memory);
  if (dryRun) return { kind: 'AdoptionSwitch', data: memory, text: users };
  if (memory.phase === 'following') await context.confirm({ name: stack, what: [users] });
  const done = await switchRedis(ports, memory, lagLimit);
  return { kind: 'AdoptionSwitch', data: done, text: switchText(done, stack, 'redis') };
}

async function undo(
  { stack, acceptLoss, dryRun }: Options,
  context: CommandContext,
  ports: RedisPorts,
  memory: Memory,
): Promise<CommandResult> {
  const [{ redisWrittenSince, redisWrittenText, refuseRedisLoss, undoRedis }, { giveUpRedis }] = await Promise.all([
    import('../../../recovery/adopt/redis/switch.ts'),
    import('../../../recovery/adopt/redis/run.ts'),
  ]);
  if (memory.phase === 'preparing' || memory.phase === 'following') {
    const what = `The stack’s Redis stops following ${memory.from} and is empty again.`;
    if (dryRun) return { kind: 'AdoptionUndo', data: memory, text: what };
    await context.confirm({ name: stack, what: [what] });
    await giveUpRedis(ports);
    return { kind: 'AdoptionUndo', data: memory, text: 'given up' };
  }
  const bytes = await redisWrittenSince(ports, memory);
  const text = redisWrittenText(bytes);
  if (dryRun) return { kind: 'AdoptionUndo', data: { bytes }, text, exit: bytes === 0 || acceptLoss ? 0 : 6 };
  refuseRedisLoss(bytes, acceptLoss);
  await context.confirm({ name: stack, what: [`${memory.from} leads again; the source never gets ${text}.`] });
  const done = await undoRedis(ports, memory);
  return {
    kind: 'AdoptionUndo',
    data: { ...done, lostBytes: bytes },
    text: `${memory.from} leads to the source again`,
  };
}

async function release({ stack, dryRun }: Options, ports: RedisPorts, memory: Memory): Promise<CommandResult> {
  const [{ releaseRedis }, { checkPhase }] = await Promise.all([
    import('../../../recovery/adopt/redis/run.ts'),
    import('../../../recovery/adopt/acts.ts'),
  ]);
  checkPhase(memory, ['switched', 'undone'], stack);
  const text = 'the way back is forgotten; the source keeps its data';
  if (!dryRun) await releaseRedis(ports);
  return { kind: 'AdoptionRelease', data: memory, text };
}

export const declare = freeCommand({ declare: declaration, check: (options) => void actOf(options), run: adopt });
