/** A real change of the shipped program or of its config, and the row that it must raise in production. */
import { type Edit, sed } from './recorded-sides.ts';

export interface RealChange {
  readonly title: string;
  readonly edit: Edit;
  readonly row: string | RegExp;
  /** @default worse */
  readonly verdict?: 'worse' | 'unknown';
  /** Part of the sentence with which the comment begins. */
  readonly says?: string | RegExp;
}

export const BUCKET = 'go-coffee-backups';
export const KEY = 'aws-storage-key-us-east-1';
export const PATRONI = (from: string | RegExp, to: string): Edit => sed('postgres-patroni', 'patroni.yml', from, to);
export const PGBACKREST = (from: string | RegExp, to: string): Edit =>
  sed('postgres-pgbackrest', 'us-east-1-1.conf', from, to);
export const REDIS = (from: string | RegExp, to: string): Edit => sed('redis', 'redis.conf', from, to);

export const parameter = (line: string): Edit => PATRONI(/^ {2}parameters:\n/m, `  parameters:\n    ${line}\n`);
export const NO_WAL = /^It gets worse for P1 Critical.* after Database Corruption.*: PostgreSQL archives no WAL/;
