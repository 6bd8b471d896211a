/** `dr adopt postgres`: the stack's PostgreSQL follows the platform's own, and takes over. */
import type { Opened } from '../../../recovery/adopt/cluster/open.ts';
import type { PostgresPorts, PostgresRequest } from '../../../recovery/adopt/postgres/run.ts';
import type { Memory } from '../../../recovery/adopt/types.ts';
import { type CommandContext, type CommandResult, freeCommand, type OptionsOf } from '../../command.ts';
import { examples, wholeNumber } from '../../flags.ts';
import { actOf, adoptCommand, alone, checkWords, type Login, openStore } from './options.ts';

const declaration = () =>
  adoptCommand('postgres')
    .description('Let the stack’s PostgreSQL follow a running one of the platform, then take it over.')
    .option(
      '--slot-limit <size>',
      'WAL that the source may keep while the stack’s server is away, e.g. 10GB (max_slot_wal_keep_size)',
    )
    .option(
      '--follow-limit <seconds>',
      'within which the copy must be made',
      wholeNumber(1, 'a number of seconds'),
      4 * 3600,
    )
    .option('--delete-claims', 'delete the stack’s own database although it holds tables', false)
    .addHelpText(
      'after',
      examples(
        'dr adopt postgres --stack production --from postgres.shop-data --user shop --password-file shop.password --dry-run',
        'dr adopt postgres --stack production --from postgres.shop-data --user shop --password-file shop.password --slot-limit 10GB --confirm production',
        'dr adopt postgres --stack production --user shop --password-file shop.password --switch --confirm production',
        'dr adopt postgres --stack production --user shop --password-file shop.password --undo --accept-loss --confirm production',
        'dr adopt postgres --stack production --user shop --password-file shop.password --release',
      ),
    );

type Options = OptionsOf<typeof declaration>;

export async function openPostgres(
  login: Login,
  context: CommandContext,
): Promise<{ readonly opened: Opened; readonly ports: PostgresPorts }> {
  const [{ passwordsOf }, { postgresPorts }] = await Promise.all([
    import('../../../recovery/adopt/cluster/open.ts'),
    import('../../../recovery/adopt/cluster/postgres.ts'),
  ]);
  const { password, opened } = await openStore('postgres', login, context);
  const { replication } = await passwordsOf(opened.stack);
  return { opened, ports: await postgresPorts(opened, { user: login.user ?? 'postgres', password }, replication) };
}

async function adopt(options: Options, context: CommandContext): Promise<CommandResult> {
  await checkWords(options);
  if (options.slotLimit !== undefined) {
    const { checkSlotLimit } = await import('../../../recovery/adopt/postgres/prepare.ts');
    checkSlotLimit(options.slotLimit);
  }
  const work = () => act(options, context);
  return options.dryRun ? work() : alone(options.stack, 'dr adopt postgres', work);
}

async function act(options: Options, context: CommandContext): Promise<CommandResult> {
  const wanted = actOf(options);
  const { opened, ports } = await openPostgres(options, context);
  // What is returned is awaited here: the connections end with this function.
  await using _ = opened;
  if (wanted === 'follow') return await follow(options, context, opened, ports);
  const memory = opened.memory;
  if (memory === undefined) {
    const { notAdopting } = await import('../../../recovery/adopt/acts.ts');
    throw notAdopting('postgres', options.stack);
  }
  if (wanted === 'switch') return await switchOver(options, context, ports, memory);
  return wanted === 'undo' ? await undo(options, context, ports, memory) : await release(options, ports, memory);
}

async function follow(
  options: Options,
  context: CommandContext,
  opened: Opened,
  ports: PostgresPorts,
): Promise<CommandResult> {
  const [
    { planPostgres, refusalOf, followPostgres },
    { roomOf },
    { checkSlotLimit },
    { postgresPlanText, followText },
  ] = await Promise.all([
    import('../../../recovery/adopt/postgres/run.ts'),
    import('../../../recovery/adopt/cluster/room.ts'),
    import('../../../recovery/adopt/postgres/prepare.ts'),
    import('../../../recovery/adopt/text.ts'),
  ]);
  const { stack, slotLimit, deleteClaims, followLimit, dryRun } = options;
  const request: PostgresRequest = {
    from: opened.from,
    place: opened.source.place,
    slotLimit: slotLimit === undefined ? undefined : checkSlotLimit(slotLimit),
    deletesClaims: deleteClaims,
    followSeconds: followLimit,
  };
  const room = await roomOf(opened.cluster, opened.stack.outputs.namespaces.platform);
  const planned = await planPostgres(ports, request, room);
  const refusal = refusalOf(planned);
  const text = postgresPlanText(planned.plan);
  if (dryRun) return { kind: 'AdoptionPlan', data: planned.plan, text, exit: refusal === undefined ? 0 : 6 };
  if (refusal !== undefined) throw refusal;
  if (planned.memory === undefined) {
    const gone = `${planned.plan.claims.join(', ') || 'No volumes'} of the stack’s own PostgreSQL are DELETED; its recovery points stay. Until the switch the stack makes no copies.`;
    await context.confirm({ name: stack, what: [text, gone] });
  }
  const lag = await followPostgres(ports, planned, request);
  return { kind: 'Adoption', data: { ...planned.plan, lag }, text: followText(stack, lag) };
}

async function switchOver(
  options: Options,
  context: CommandContext,
  ports: PostgresPorts,
  memory: Memory,
): Promise<CommandResult> {
  const [{ switchPostgres }, { checkPhase, usersText }, { switchText }] = await Promise.all([
    import('../../../recovery/adopt/postgres/switch.ts'),
    import('../../../recovery/adopt/acts.ts'),
    import('../../../recovery/adopt/text.ts'),
  ]);
  const { stack, lagLimit, dryRun } = options;
  checkPhase(memory, ['following', 'switching', 'switched'], stack);
  const users = await usersText(ports, memory);
  if (dryRun) return { kind: 'AdoptionSwitch', data: memory, text: users };
  if (memory.phase === 'following') await context.confirm({ name: stack, what: [users] });
  // A run that was killed after the switch may lack the stack's own `up`.
  const done = memory.phase === 'switched' ? memory : await switchPostgres(ports, memory, { lagSeconds: lagLimit });
  await ports.stack.lead();
  return { kind: 'AdoptionSwitch', data: done, text: switchText(done, stack, 'postgres') };
}

async function undo(
  options: Options,
  context: CommandContext,
  ports: PostgresPorts,
  memory: Memory,
): Promise<CommandResult> {
  const [{ refuseLoss, undoPostgres, writtenSince, writtenText }, { giveUpPostgres }] = await Promise.all([
    import('../../../recovery/adopt/postgres/undo.ts'),
    import('../../../recovery/adopt/postgres/run.ts'),
  ]);
  const { stack, acceptLoss, dryRun } = options;
  const name = { name: stack };
  if (memory.phase === 'preparing' || memory.phase === 'following') {
    const what = `The stack’s PostgreSQL stops following ${memory.from} and begins empty.`;
    if (dryRun) return { kind: 'AdoptionUndo', data: memory, text: what };
    await context.confirm({ ...name, what: [what] });
    const done = await giveUpPostgres(ports, memory);
    return {
      kind: 'AdoptionUndo',
      data: { removed: done },
      text: `given up; removed from the source: ${done.join(', ') || 'nothing'}`,
    };
  }
  const written = await writtenSince(ports.managed, memory);
  const text = writtenText(written);
  if (dryRun)
    return {
      kind: 'AdoptionUndo',
      data: written,
      text,
      exit: (written.certain && written.rows === 0) || acceptLoss ? 0 : 6,
    };
  refuseLoss(written, acceptLoss);
  await context.confirm({ ...name, what: [text, `${memory.from} leads again; the source never gets these changes.`] });
  const done = await undoPostgres(ports, memory);
  // What leads has to be copied, although nobody uses it now: the next adoption begins anew.
  if (done.switch?.asked === true) await ports.stack.lead();
  return {
    kind: 'AdoptionUndo',
    data: { ...done, lost: written },
    text: `${memory.from} leads to the source again; ${text}`,
  };
}

async function release({ stack, dryRun }: Options, ports: PostgresPorts, memory: Memory): Promise<CommandResult> {
  const [{ releasePostgres }, { checkPhase }] = await Promise.all([
    import('../../../recovery/adopt/postgres/run.ts'),
    import('../../../recovery/adopt/acts.ts'),
  ]);
  checkPhase(memory, ['switched', 'undone'], stack);
  if (dryRun)
    return {
      kind: 'AdoptionRelease',
      data: memory,
      text: `removed from the source: slot ${memory.slot}, ${memory.madeRoles.join(', ')}`,
    };
  const done = await releasePostgres(ports, memory);
  const text = `released; removed from the source: ${done.join(', ') || 'nothing'}. Its data stays, and it ${memory.phase === 'switched' ? 'lets nobody write' : 'leads'}`;
  return { kind: 'AdoptionRelease', data: { removed: done }, text };
}

export const declare = freeCommand({ declare: declaration, check: (options) => void actOf(options), run: adopt });
