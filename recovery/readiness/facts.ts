/** All that the checks look at. They are pure functions of it. */
import type { Finding } from '../../plan/checks/finding.ts';
import type { Plan } from '../../plan/types.ts';
import type { Environment } from '../config/environment.ts';
import type { ChannelTest } from '../incident/channel-tests.ts';
import type { RecordsRead } from '../records/store.ts';
import type { RunRecord } from '../report/runs.ts';
import type { Check } from '../status/doctor/site-checks.ts';
import type { Observation } from '../status/monitor/observation.ts';
import type { StandbyLook } from '../status/standby/look.ts';
import type { Running } from './running.ts';

/** What an attempt to look came to; `fact` says why it failed. */
export type Looked<T> =
  | { readonly kind: 'seen'; readonly value: T }
  | { readonly kind: 'unseen'; readonly fact: string };

export interface Facts {
  readonly now: Date;
  readonly plan: Plan;
  readonly environment: Environment;
  /** Path of the environment file. */
  readonly file: string;
  readonly observation: Observation;
  readonly runs: readonly RunRecord[];
  readonly records: Looked<RecordsRead>;
  /** When each channel last took a test message. */
  readonly channels: Looked<readonly ChannelTest[]>;
  /** Of what an escrow file would hold now. */
  readonly fingerprint: Looked<string>;
  readonly doctor: Looked<readonly Check[]>;
  /** Undefined in a cluster. */
  readonly running: Looked<Running | undefined>;
  /** Undefined where the environment file names no standby. */
  readonly standby: Looked<StandbyLook | undefined>;
  readonly findings: readonly Finding[];
  /** Repositories that somebody has detached. */
  readonly detached: readonly string[];
}

export const recordsOf = ({ records }: Facts): RecordsRead['records'] =>
  records.kind === 'seen' ? records.value.records : [];
