/** What an adoption changes in a stack. */
import type { Place } from './types.ts';

/** `postgres.adopt` of a stack's config, as infra/config/stores/schema.ts reads it. */
export interface FollowSettings {
  readonly place: Place;
  readonly slot: string;
  readonly passwords: 'scram' | 'md5';
  readonly settings: Readonly<Record<string, number>>;
}

/** Every call may be repeated: what an earlier run has done is found. */
export interface StackPort {
  readonly name: string;
  /** Of the stack's config. */
  generation(): Promise<number>;
  /** The stack's password for replication. */
  readonly replicationPassword: string;
  /** Claims of the members, which `begin` deletes. */
  claims(): Promise<readonly string[]>;
  /** The members begin anew, in this generation, from that server or empty. */
  begin(generation: number, follow: FollowSettings | undefined): Promise<void>;
  /** The members took over: schedules start, and the first full backup. */
  lead(): Promise<void>;
}
