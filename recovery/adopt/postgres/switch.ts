/**
 * The stack's server takes over: writers stop, the last of what was written arrives, the promotion, the name leads elsewhere, writers start.
 * Every step may be repeated: a run that was killed is resumed by the same command. Until the promotion it goes back by itself.
 */
import { DrError, precondition } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import { bytesBetween, parseLsn } from '../../points/wal-segment.ts';
import { formatBytes } from '../../report/format.ts';
import { type AdoptPorts, type Memory, placeText, type Switch, waitOf } from '../types.ts';
import { startUsers, stopUsers } from '../users.ts';
import { connectionLimits, fence, limitStatements, unfence } from './fence.ts';
import { followerOf, lagOf } from './lag.ts';
import type { ManagedServer, Session, SourceServer } from './ports.ts';
import { dropSlot } from './prepare.ts';

export interface SwitchPorts extends AdoptPorts {
  readonly source: SourceServer;
  readonly managed: ManagedServer;
}

export interface SwitchLimits {
  /** Within which the lag must end, before the writers stop and again after it. */
  readonly lagSeconds: number;
}

/** A follower this close needs a moment for the rest: the writers need not wait for it. */
const CLOSE_BYTES = 16 * 1024 * 1024;
const WRITERS_SECONDS = 20;
const PROMOTION_SECONDS = 60;

function behind(lag: { readonly bytes: number | undefined }, seconds: number): DrError {
  const distance = lag.bytes === undefined ? 'it does not stream' : `it is ${formatBytes(lag.bytes)} behind`;
  return precondition({
    code: 'LAG-DOES-NOT-END',
    where: 'switch',
    fact: `${distance} after ${seconds} s; nothing was changed`,
    hint: '`dr adopt status --stack NAME` shows the lag; wait until it is small, or give it longer: --lag-limit SECONDS',
  });
}

/** Before anything stops. Throws `LAG-DOES-NOT-END` (exit 6). */
async function waitUntilClose(ports: SwitchPorts, source: Session, slot: string, seconds: number): Promise<void> {
  const { answer, accepted } = await poll(
    waitOf(ports, seconds),
    () => lagOf(source, ports.managed, slot),
    ({ bytes, streams }) => streams && bytes !== undefined && bytes <= CLOSE_BYTES,
  );
  if (!accepted) throw behind(answer, seconds);
}

async function begin(ports: SwitchPorts, memory: Memory, source: Session): Promise<Memory> {
  const { platform, now } = ports;
  const limits = await connectionLimits(source);
  const addresses = await source.query(
    `SELECT DISTINCT host(client_addr) AS address FROM pg_stat_activity
      WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND client_addr IS NOT NULL`,
  );
  const users = await platform.users(
    memory.place,
    addresses.map(({ address }) => String(address)),
  );
  const serviceBefore = await platform.serviceSpec(memory.place);
  const started: Switch = {
    begunAt: now().toISOString(),
    users: [...users],
    limits,
    asked: false,
    ...(serviceBefore === undefined ? {} : { serviceBefore: { ...serviceBefore } }),
  };
  const next: Memory = { ...memory, phase: 'switching', switch: started };
  await ports.memory.write(next);
  return next;
}

/** As it was before the switch. */
async function goBack(ports: SwitchPorts, memory: Memory, source: Session): Promise<void> {
  const { switch: begun, ...rest } = memory;
  if (begun === undefined) return;
  ports.progress({ step: 'switch/back', title: 'let the source write again', state: 'start' });
  await unfence(source, begun.limits);
  await startUsers(ports, begun.users);
  await ports.memory.write({ ...rest, phase: 'following' });
  ports.progress({ step: 'switch/back', title: 'let the source write again', state: 'done' });
}

/** Up to the moment from which there is no way back without loss. */
async function untilCaughtUp(ports: SwitchPorts, memory: Memory, source: Session, lagSeconds: number): Promise<Memory> {
  const { progress, managed } = ports;
  const begun = memory.switch as Switch;
  try {
    await stopUsers(ports, begun.users);
    progress({ step: 'switch/fence', title: 'end the sessions of the source', state: 'start' });
    const end = await fence(source, begun.limits, waitOf(ports, WRITERS_SECONDS));
    progress({ step: 'switch/fence', title: 'end the sessions of the source', state: 'done', detail: `at ${end}` });
    const { accepted, answer } = await poll(
      waitOf(ports, lagSeconds, 0.2),
      () => followerOf(managed),
      (follower) => follower?.inRecovery === true && (follower.replayed ?? 0n) >= parseLsn(end),
    );
    if (!accepted) {
      const at = answer?.replayed;
      const distance =
        at === undefined ? 'it does not answer' : `${formatBytes(bytesBetween(at, parseLsn(end)))} are missing`;
      throw new DrError({
        code: 'LAG-DID-NOT-END',
        where: 'switch',
        fact: `the stack’s server has not reached ${end} within ${lagSeconds} s: ${distance}; the source writes again, and nothing was lost`,
        hint: '`dr adopt status --stack NAME` shows the lag; then the same command again',
      });
    }
    const next: Memory = { ...memory, switch: { ...begun, end } };
    await ports.memory.write(next);
    return next;
  } catch (error) {
    await goBack(ports, memory, source);
    throw error;
  }
}

/** Throws `PROMOTION-LATE`: the same command waits on. */
async function promote(ports: SwitchPorts): Promise<void> {
  const { managed, progress } = ports;
  progress({ step: 'switch/promote', title: 'promote the stack’s server', state: 'start' });
  if ((await followerOf(managed))?.inRecovery !== false) await managed.promote();
  const { accepted } = await poll(
    waitOf(ports, PROMOTION_SECONDS, 0.2),
    () => followerOf(managed),
    (follower) => follower?.inRecovery === false,
  );
  if (!accepted) {
    throw new DrError({
      code: 'PROMOTION-LATE',
      where: managed.describe,
      fact: `it does not take writes ${PROMOTION_SECONDS} s after its promotion was asked for, and the source takes none any more`,
      hint: 'see its log; the same command waits on; to go back to the source: --undo',
    });
  }
  progress({ step: 'switch/promote', title: 'promote the stack’s server', state: 'done' });
}

async function lead(ports: SwitchPorts, memory: Memory): Promise<Memory> {
  const begun: Switch = { ...(memory.switch as Switch), asked: true };
  const { managed, platform, now, progress } = ports;
  await ports.memory.write({ ...memory, switch: begun });
  await promote(ports);
  for (const statement of limitStatements(begun.limits)) await managed.query(statement);
  await managed.afterPromotion();
  const [row = {}] = await managed.query(`SELECT pg_current_wal_lsn()::text AS lsn`);
  if (begun.serviceBefore !== undefined) await platform.repoint(memory.place, 'postgres');
  const since = (Date.now() - Date.parse(begun.begunAt)) / 1000;
  progress({ step: 'switch/name', title: `${placeText(memory.place)} leads to the stack`, state: 'done' });
  const next: Memory = {
    ...memory,
    switch: {
      ...begun,
      promotedAt: begun.promotedAt ?? now().toISOString(),
      promotedEnd: begun.promotedEnd ?? String(row.lsn),
      writesAfterSeconds: begun.writesAfterSeconds ?? since,
    },
  };
  await ports.memory.write(next);
  return next;
}

/**
 * Gives the memory of what was done. Throws `NOT-FOLLOWING`, `LAG-DOES-NOT-END` (exit 6, nothing was changed), `LAG-DID-NOT-END` and
 * `WRITERS-REMAIN` (it went back), `PROMOTION-LATE`.
 */
export async function switchPostgres(ports: SwitchPorts, found: Memory, { lagSeconds }: SwitchLimits): Promise<Memory> {
  await using source = await ports.source.open();
  let memory = found;
  if (memory.phase === 'following') {
    await waitUntilClose(ports, source, memory.slot ?? '', lagSeconds);
    memory = await begin(ports, memory, source);
  }
  if (memory.switch?.asked !== true) memory = await untilCaughtUp(ports, memory, source, lagSeconds);
  memory = await lead(ports, memory);
  const begun = memory.switch as Switch;
  await startUsers(ports, begun.users);
  // Nobody follows the source any more: its slot would keep WAL until its disk is full.
  if (memory.slot !== undefined) await dropSlot(source, memory.slot);
  const readyAfterSeconds = begun.readyAfterSeconds ?? (Date.now() - Date.parse(begun.begunAt)) / 1000;
  const done: Memory = { ...memory, phase: 'switched', switch: { ...begun, readyAfterSeconds } };
  await ports.memory.write(done);
  return done;
}
