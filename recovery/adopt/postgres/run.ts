/** `dr adopt postgres`: looks at both servers, lets the stack's one follow, and takes it back. */
import { type DrError, precondition } from '../../core/errors.ts';
import { poll } from '../../core/poll.ts';
import { formatBytes } from '../../report/format.ts';
import { refusalIn } from '../acts.ts';
import type { StackPort } from '../stack-port.ts';
import { type Finding, type Memory, type Place, placeText, waitOf } from '../types.ts';
import { type CheckContext, findingsOf, firstFindings, passwordsOf } from './checks.ts';
import { firstFacts, managedFacts, type SourceFacts, sourceFacts } from './facts.ts';
import { followerOf, type Lag, lagOf } from './lag.ts';
import { STANDBY_SETTINGS, slotName } from './names.ts';
import type { SourceServer } from './ports.ts';
import { cleanSource, prepareSource } from './prepare.ts';
import type { SwitchPorts } from './switch.ts';

export interface PostgresPorts extends SwitchPorts {
  /** Each server that answers to the name: one, or the adoption is refused. */
  readonly servers: readonly SourceServer[];
  readonly stack: StackPort;
}

export interface PostgresRequest {
  /** As it was typed. */
  readonly from: string;
  readonly place: Place;
  readonly slotLimit: string | undefined;
  readonly deletesClaims: boolean;
  /** Within which the copy must be made and the stack's server stream. */
  readonly followSeconds: number;
}

export interface PostgresPlan {
  readonly stack: string;
  readonly from: string;
  readonly place: string;
  readonly sourceVersion: string | undefined;
  readonly managedVersion: string;
  readonly bytes: number | undefined;
  readonly databases: readonly string[];
  readonly slot: string;
  readonly generation: number;
  readonly claims: readonly string[];
  /** Workloads that would stop for the switch. */
  readonly users: readonly string[];
  readonly findings: readonly Finding[];
}

export interface Planned {
  readonly plan: PostgresPlan;
  readonly facts: SourceFacts | undefined;
  /** Of an adoption that has begun. */
  readonly memory: Memory | undefined;
  /** Of one of the same source that was undone and not released: what it has made there is taken away by the next release. */
  readonly undone: Memory | undefined;
}

const isSame = (one: Place, other: Place): boolean => placeText(one) === placeText(other);

/** An adoption that was undone is over: the next one begins anew. */
const isOver = (memory: Memory | undefined): boolean => memory === undefined || memory.phase === 'undone';

/** Reads both servers, and changes nothing. Throws what the sessions throw, and `ALREADY-ADOPTED` (exit 6). */
export async function planPostgres(
  ports: PostgresPorts,
  request: PostgresRequest,
  room: Pick<CheckContext, 'claimBytes' | 'memoryBytes' | 'memberAddress'>,
): Promise<Planned> {
  const { stack, servers, managed } = ports;
  const found = await ports.memory.read('postgres');
  const memory = isOver(found) ? undefined : found;
  const undone = found !== undefined && isOver(found) && isSame(found.place, request.place) ? found : undefined;
  if (memory?.phase === 'switched' || memory?.phase === 'switching') {
    throw precondition({
      code: 'ALREADY-ADOPTED',
      where: `stack ${stack.name}`,
      fact: `its switch from ${memory.from} has ${memory.phase === 'switched' ? 'ended' : 'begun'}`,
      hint:
        memory.phase === 'switched'
          ? `\`dr adopt postgres --stack ${stack.name} --release\`, or the same with --undo`
          : `\`dr adopt postgres --stack ${stack.name} --switch\` resumes it`,
    });
  }
  const slot = slotName(stack.name);
  // A member that is being copied answers nothing, and was looked at before the adoption began.
  const own = memory === undefined ? await managedFacts(managed) : undefined;
  const first = await Promise.all(servers.map((server) => firstFacts(server)));
  const refused = firstFindings(first, own ?? { version: first[0]?.version ?? 0, systemId: '', startedAt: '' });
  const facts = refused.length > 0 ? undefined : await sourceFacts(ports.source);
  const begun = { resumes: memory !== undefined, again: undone !== undefined };
  const context = { stack: stack.name, slot, ...begun, ...request, ...room };
  const findings = facts === undefined || own === undefined ? refused : findingsOf(facts, own, context);
  const addresses = facts?.sessions.flatMap(({ address }) => address ?? []) ?? [];
  const users = await ports.platform.users(request.place, addresses);
  // A Service that can't lead elsewhere is refused here, and not when its writers have stopped.
  await ports.platform.serviceSpec(request.place);
  const plan: PostgresPlan = {
    stack: stack.name,
    from: request.from,
    place: placeText(request.place),
    sourceVersion: first[0]?.versionText,
    managedVersion: own?.versionText ?? 'being copied',
    bytes: facts?.databases.reduce((sum, { bytes }) => sum + bytes, 0),
    databases: facts?.databases.map(({ name }) => name) ?? [],
    slot,
    generation: memory?.generation ?? (await stack.generation()) + 1,
    claims: memory === undefined ? await stack.claims() : [],
    users: users.map(({ namespace, name }) => `${namespace}/${name}`),
    findings,
  };
  return { plan, facts, memory, undone };
}

export const refusalOf = ({ plan }: Planned): DrError | undefined => refusalIn(plan.findings, plan.place);

/** A standby needs at least what its source has, and no less than PostgreSQL's own defaults. */
function settingsOf({ settings }: SourceFacts): Record<string, number> {
  return Object.fromEntries(STANDBY_SETTINGS.map((name) => [name, Number(settings[name])]));
}

/** Gives the lag once the stack's server streams. Throws `NOT-STREAMING`: the same command waits on. */
export async function followPostgres(ports: PostgresPorts, planned: Planned, request: PostgresRequest): Promise<Lag> {
  const { stack, now } = ports;
  const { plan, facts, undone } = planned;
  await using source = await ports.source.open();
  let memory: Memory = planned.memory ?? {
    apiVersion: 'go-coffee-dr/v1',
    store: 'postgres',
    from: request.from,
    place: request.place,
    phase: 'preparing',
    begunAt: now().toISOString(),
    generation: plan.generation,
    slot: plan.slot,
    madeRoles: undone?.madeRoles ?? [],
    ...(undone?.slotLimitBefore === undefined ? {} : { slotLimitBefore: undone.slotLimitBefore }),
  };
  if (memory.phase === 'preparing') {
    if (facts === undefined) throw new TypeError('a plan without refusals has read the source');
    await ports.memory.write(memory);
    const { replicationPassword: password } = stack;
    const { slotLimit } = request;
    memory = await prepareSource(source, ports.memory, memory, {
      stack: stack.name,
      slot: plan.slot,
      password,
      slotLimit,
    });
    const passwords = passwordsOf(facts);
    await stack.begin(memory.generation, {
      place: memory.place,
      slot: plan.slot,
      passwords,
      settings: settingsOf(facts),
    });
    memory = { ...memory, phase: 'following' };
    await ports.memory.write(memory);
  }
  // Awaited here: the session ends with this function.
  return await untilStreams(ports, source, memory.slot ?? plan.slot, request.followSeconds);
}

async function untilStreams(
  ports: PostgresPorts,
  source: Parameters<typeof lagOf>[0],
  slot: string,
  seconds: number,
): Promise<Lag> {
  const { progress, managed, stack } = ports;
  const step = { step: 'adopt/follow', title: 'copy the source and follow it' };
  progress({ ...step, state: 'start' });
  let shown = '';
  const { answer, accepted } = await poll(
    waitOf(ports, seconds, 2),
    async () => {
      const lag = await lagOf(source, managed, slot);
      const detail = lagText(lag);
      if (detail !== shown) progress({ ...step, state: 'progress', detail });
      shown = detail;
      return lag;
    },
    ({ streams, slot: state }) => streams || state === 'lost',
  );
  if (accepted && answer.streams) {
    progress({ ...step, state: 'done', detail: lagText(answer) });
    return answer;
  }
  progress({ ...step, state: 'failed' });
  if (answer.slot === 'lost') {
    const fact = 'the source has removed WAL that the copy still needed: its slot went over max_slot_wal_keep_size';
    const hint = `begin again with more room: dr adopt postgres --stack ${stack.name} --undo, then --slot-limit with a larger size`;
    throw precondition({ code: 'SLOT-LOST', where: slot, fact, hint });
  }
  throw precondition({
    code: 'NOT-STREAMING',
    where: managed.describe,
    fact: `it does not stream after ${seconds} s: ${lagText(answer)}`,
    hint: 'its log says why (a network policy, pg_hba.conf of the source); the same command waits on, --undo gives up',
  });
}

export function lagText({ replayed, bytes, streams, keptBytes }: Lag): string {
  const kept = keptBytes === undefined ? '' : `; the source keeps ${formatBytes(keptBytes)} of WAL for it`;
  if (replayed === undefined) return `the copy is being made${kept}`;
  return `${formatBytes(bytes ?? 0)} behind${streams ? '' : ', and not streaming'}${kept}`;
}

export interface PostgresStatus {
  readonly memory: Memory;
  /** While it follows. */
  readonly lag: Lag | undefined;
  readonly leads: boolean;
}

export async function statusPostgres(
  ports: Pick<PostgresPorts, 'source' | 'managed'>,
  memory: Memory,
): Promise<PostgresStatus> {
  if (memory.phase === 'switched' || memory.phase === 'undone') {
    return { memory, lag: undefined, leads: (await followerOf(ports.managed))?.inRecovery === false };
  }
  await using source = await ports.source.open();
  const lag = await lagOf(source, ports.managed, memory.slot ?? '');
  return { memory, lag, leads: false };
}

/** Before a switch: the stack's database begins empty, in the next generation. Gives what was removed from the source. */
export async function giveUpPostgres(ports: PostgresPorts, memory: Memory): Promise<string[]> {
  await ports.stack.begin(memory.generation + 1, undefined);
  return releasePostgres(ports, memory);
}

/** Takes slot and roles away, and forgets the adoption: from now on there is no `--undo`. Never touches the source's data. */
export async function releasePostgres(ports: PostgresPorts, memory: Memory): Promise<string[]> {
  await using source = await ports.source.open();
  const done = await cleanSource(source, memory);
  await ports.memory.forget('postgres');
  return done;
}
