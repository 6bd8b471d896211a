/** What of two servers forbids that one takes over the other, and what is only worth knowing. Pure. */
import { formatBytes } from '../../report/format.ts';
import type { Finding } from '../types.ts';
import type { FirstFacts, ManagedFacts, SourceFacts } from './facts.ts';
import { replicationVerdict } from './hba.ts';
import { REPLICATOR, roleMark, SUPERUSER } from './names.ts';
import { note, refuse, software } from './software.ts';

export interface Room {
  /** Of the claim of each member; undefined where that is not known. */
  readonly claimBytes: number | undefined;
  /** Memory of a member's container. */
  readonly memoryBytes: number | undefined;
}

export interface CheckContext extends Room {
  readonly stack: string;
  readonly slot: string;
  /** An earlier run of this adoption has made the slot and the role. */
  readonly resumes: boolean;
  /** An adoption of the same source was undone and not released: slot and role may be there. */
  readonly again: boolean;
  /** Address of a member's pod. */
  readonly memberAddress: string | undefined;
  /** The limit that `--slot-limit` sets. */
  readonly slotLimit: string | undefined;
  /** Consent to delete what the stack's own database holds. */
  readonly deletesClaims: boolean;
}

const majorOf = (version: number): number => Math.floor(version / 10_000);

/** Of any source, before more is asked. One of each server behind the name. */
export function firstFindings(
  servers: readonly FirstFacts[],
  managed: Pick<ManagedFacts, 'version' | 'systemId' | 'startedAt'>,
): Finding[] {
  const ids = [...new Set(servers.map(({ systemId }) => systemId))];
  const [source] = servers;
  if (source === undefined) {
    return [
      refuse('SOURCE-UNREACHABLE', 'no server is behind that name', 'see whether it runs, and name it by --from'),
    ];
  }
  if (ids.length > 1) {
    const fact = `${servers.length} servers with ${ids.length} different databases answer to that name (system ids ${ids.join(', ')})`;
    return [refuse('TWO-STORES', fact, 'name one server: its own host, or a Service that selects its pods alone')];
  }
  if (ids.includes(managed.systemId)) {
    // The stack's database is a copy of a server that it took over and gave back: that one may be adopted anew.
    const taken = servers.some(({ readOnly }) => readOnly);
    const isCopy = servers.some(({ inRecovery, startedAt }) => inRecovery || startedAt === managed.startedAt);
    if (isCopy || taken) {
      const fact = isCopy
        ? 'it is the stack’s own database, or a copy of it'
        : 'the stack’s database has taken over from it, and it lets nobody write';
      return [refuse('SOURCE-IS-OURS', fact, 'name the platform’s own server by --from')];
    }
  }
  if (servers.some(({ inRecovery }) => inRecovery)) {
    const fact =
      servers.length === 1 ? 'it is a standby of another server' : 'a standby is among the servers behind that name';
    return [refuse('SOURCE-IN-RECOVERY', fact, 'name the server that takes writes')];
  }
  if (!source.isSuper) {
    const fact = `the role ${source.user} is no superuser: it can make no role for replication and not end other sessions`;
    return [refuse('SOURCE-RIGHTS', fact, 'name one by --user, or: ALTER ROLE … SUPERUSER')];
  }
  if (majorOf(source.version) !== majorOf(managed.version)) {
    const fact = `it is PostgreSQL ${majorOf(source.version)}, and the stack’s is ${majorOf(managed.version)}: a standby must have the same major version`;
    const hint = `use an image of the members with PostgreSQL ${majorOf(source.version)} (images.postgres), or move the data by logical replication: docs/adopt.md`;
    return [refuse('OTHER-MAJOR', fact, hint)];
  }
  return [];
}

function replication(source: SourceFacts, context: CheckContext): Finding[] {
  const { settings } = source;
  const found: Finding[] = [];
  if (settings.wal_level === 'minimal') {
    const hint = 'ALTER SYSTEM SET wal_level = replica, then restart it';
    found.push(refuse('WAL-LEVEL', 'its wal_level is minimal: it writes too little to be followed', hint));
  }
  const senders = Number(settings.max_wal_senders) - source.senders;
  // The copy of the data takes one, and its WAL another one.
  if (senders < 2) {
    const fact = `${source.senders} of ${settings.max_wal_senders} max_wal_senders are taken, and a copy needs two`;
    found.push(
      refuse('WAL-SENDERS', fact, `ALTER SYSTEM SET max_wal_senders = ${source.senders + 4}, then restart it`),
    );
  }
  const own = source.slots.find(({ name }) => name === context.slot);
  if (own !== undefined && !context.resumes && !context.again) {
    const fact = `the slot ${context.slot} is there already${own.active ? ', and in use' : ''}: somebody else’s standby may need it`;
    found.push(refuse('SLOT-TAKEN', fact, `if nobody does: SELECT pg_drop_replication_slot('${context.slot}')`));
  }
  if (own === undefined && source.slots.length >= Number(settings.max_replication_slots)) {
    const fact = `all ${settings.max_replication_slots} max_replication_slots are taken`;
    const hint = `ALTER SYSTEM SET max_replication_slots = ${source.slots.length + 2}, then restart it`;
    found.push(refuse('SLOTS-TAKEN', fact, hint));
  }
  if (settings.max_slot_wal_keep_size === '-1' && context.slotLimit === undefined) {
    const fact = 'max_slot_wal_keep_size is not set: a slot whose standby is gone fills the disk of the source';
    found.push(
      refuse('SLOT-UNLIMITED', fact, 'say how much WAL it may keep: --slot-limit 10GB; --release sets it back'),
    );
  }
  return [...found, ...admission(source, context)];
}

function admission(source: SourceFacts, { memberAddress }: CheckContext): Finding[] {
  if (memberAddress === undefined) return [];
  const tls = source.hba.some(({ type }) => type === 'hostssl');
  const verdict = replicationVerdict(source.hba, { user: REPLICATOR, address: memberAddress, tls });
  const line = `host replication ${REPLICATOR} ${memberAddress}/32 scram-sha-256`;
  if (verdict.kind === 'unknown') {
    const fact = `line ${verdict.rule.line} of pg_hba.conf decides by host name or group whether ${memberAddress} may replicate`;
    return [note('HBA-UNKNOWN', fact, `a line before it makes sure: ${line}`)];
  }
  if (verdict.kind === 'admitted') return [];
  const why = verdict.rule === undefined ? 'no line' : `line ${verdict.rule.line} (${verdict.rule.method})`;
  const fact = `its pg_hba.conf does not admit ${REPLICATOR} from ${memberAddress} for replication: ${why}`;
  return [
    refuse(
      'REPLICATION-FORBIDDEN',
      fact,
      `add this line, with the network of the pods: ${line}; then SELECT pg_reload_conf()`,
    ),
  ];
}

/** WAL that comes in while the copy runs, and the growth of some days. */
const ROOM = 1.25;

function room(source: SourceFacts, { claimBytes, memoryBytes }: CheckContext): Finding[] {
  const found: Finding[] = [];
  const bytes = source.databases.reduce((sum, database) => sum + database.bytes, 0);
  if (claimBytes !== undefined && claimBytes < bytes * ROOM) {
    const fact = `it holds ${formatBytes(bytes)}, and the claim of a member has ${formatBytes(claimBytes)}`;
    found.push(refuse('ROOM', fact, 'raise postgres.storage of the stack: a quarter more than the data'));
  }
  const shared = Number(source.settings.shared_buffers) * Number(source.settings.block_size);
  if (memoryBytes !== undefined && shared > memoryBytes / 2) {
    const fact = `its shared_buffers are ${formatBytes(shared)}, and a member has ${formatBytes(memoryBytes)} of memory`;
    found.push(refuse('MEMORY', fact, 'raise postgres.memory of the stack, or lower shared_buffers of the source'));
  }
  if (source.tablespaces.length > 0) {
    const fact = `it has tablespaces: ${source.tablespaces.join(', ')}; a member has one volume`;
    found.push(refuse('TABLESPACES', fact, 'move what is in them: ALTER TABLE … SET TABLESPACE pg_default'));
  }
  if (source.unlogged.length > 0) {
    const fact = `unlogged tables come over empty: ${source.unlogged.join(', ')}`;
    found.push(refuse('UNLOGGED', fact, 'ALTER TABLE … SET LOGGED, or drop them'));
  }
  return found;
}

/** Who logs in today, and could not log in to the stack's server, which wants a password of everybody. */
function logins(source: SourceFacts, { stack, resumes, again }: CheckContext): Finding[] {
  const found: Finding[] = [];
  const own = (name: string) => source.roles.find((role) => role.name === name);
  const replicator = own(REPLICATOR);
  if (replicator !== undefined && !((resumes || again) && replicator.comment === roleMark(stack))) {
    const fact = `it has a role ${REPLICATOR}, which is not this adoption’s: its password would change`;
    found.push(refuse('ROLE-TAKEN', fact, `rename it: ALTER ROLE ${REPLICATOR} RENAME TO …`));
  }
  const admin = own(SUPERUSER);
  if (admin !== undefined && !admin.super) {
    const fact = `its role ${SUPERUSER} is no superuser, and the members administer their server as that role`;
    found.push(refuse('ROLE-TAKEN', fact, `ALTER ROLE ${SUPERUSER} SUPERUSER, or rename it`));
  }
  const remote = source.sessions.filter(({ address }) => address !== null);
  const asAdmin = remote.filter(
    ({ user, address }) => user === SUPERUSER && address !== '127.0.0.1' && address !== '::1',
  );
  if (asAdmin.length > 0) {
    const fact = `${asAdmin.map(({ address }) => address).join(', ')} log in as ${SUPERUSER}, which gets the stack’s password at the switch`;
    found.push(refuse('SUPERUSER-IN-USE', fact, 'give that service a role of its own, or end its sessions'));
  }
  const bare = source.roles.filter(({ name, login, password }) => login && password === 'none' && name !== SUPERUSER);
  const used = bare.filter(({ name }) => remote.some(({ user }) => user === name));
  if (used.length > 0) {
    const fact = `${used.map(({ name }) => name).join(', ')} log in without a password, which the stack’s server wants of everybody`;
    found.push(refuse('NO-PASSWORD', fact, 'give them one, and to the services that use them: ALTER ROLE … PASSWORD'));
  }
  return found;
}

function notes(source: SourceFacts): Finding[] {
  const found: Finding[] = [];
  if (source.settings.data_checksums !== 'on') {
    const hint = 'pg_checksums --enable on the stopped server makes them, before the adoption';
    found.push(note('NO-CHECKSUMS', 'its pages have no checksums: a backup does not see a damaged one', hint));
  }
  if (source.settings.fsync !== 'on' || source.settings.full_page_writes !== 'on') {
    found.push(
      refuse(
        'UNSAFE-SOURCE',
        'it runs with fsync or full_page_writes off: its pages may be torn',
        'set both on, and restart it',
      ),
    );
  }
  const outside = Object.entries(source.outside).map(([name, file]) => `${name} (${file})`);
  if (outside.length > 0) {
    found.push(
      note(
        'SETTINGS-STAY',
        `settings from files that do not come along: ${outside.join(', ')}`,
        'set what services need: ALTER SYSTEM SET …',
      ),
    );
  }
  const logical = source.slots.filter(({ kind }) => kind === 'logical').map(({ name }) => name);
  if (logical.length > 0) {
    found.push(
      note(
        'LOGICAL-SLOTS',
        `logical slots stay behind: ${logical.join(', ')}`,
        'their subscribers need new ones after the switch',
      ),
    );
  }
  return found;
}

/** Of a source that has passed `firstFindings`. Refusals first. */
export function findingsOf(source: SourceFacts, managed: ManagedFacts, context: CheckContext): Finding[] {
  const found = [
    ...replication(source, context),
    ...software(source, managed),
    ...room(source, context),
    ...logins(source, context),
    ...notes(source),
  ];
  if (managed.tables.length > 0 && !context.deletesClaims && !context.resumes) {
    const some = managed.tables.slice(0, 5).join(', ');
    const fact = `the stack’s own database holds ${managed.tables.length} tables (${some}), which an adoption deletes`;
    found.push(
      refuse('MANAGED-NOT-EMPTY', fact, 'if nobody needs them: --delete-claims; a recovery point still has them'),
    );
  }
  return found.toSorted((a, b) => Number(b.refuses) - Number(a.refuses));
}

/** Whether roles of the source have passwords of the old kind. */
export function passwordsOf({ roles }: Pick<SourceFacts, 'roles'>): 'scram' | 'md5' {
  return roles.some(({ login, password }) => login && password === 'md5') ? 'md5' : 'scram';
}
