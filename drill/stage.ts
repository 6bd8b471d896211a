/** A scenario, the stage that it plays on, and where it records what happens. */
import type { Plan } from '../plan/types.ts';
import { asDrError } from '../recovery/core/as-dr-error.ts';
import type { Progress } from '../recovery/core/progress.ts';
import type { DrillReport, Loss, SecurityAttempt, TimelineEvent, Verification } from '../recovery/report/types.ts';
import type { BaselineWithLimits, Renewed } from './baseline.ts';
import { type BackupData, type DrAnswer, type DrClient, drClient, type RestoreData } from './dr-client.ts';
import type { LedgerComparison } from './load/compare.ts';
import type { Load } from './load/load.ts';
import type { Receivers } from './people/receivers.ts';
import type { Walk } from './people/types.ts';
import type { Platform, SiteOptions } from './platform/platform.ts';
import type { S3Region } from './s3/region.ts';

export interface StageOptions {
  readonly scenario: string;
  readonly folder: string;
  readonly scale: number;
  readonly seed: number;
  readonly plan: Plan;
  readonly progress: Progress;
  readonly signal: AbortSignal;
}

/** An event with its time; the report adds its offset from the disaster. */
export type SeenEvent = Omit<TimelineEvent, 'offsetSeconds'>;

export class Stage {
  readonly options: StageOptions;
  readonly events: SeenEvent[] = [];
  readonly verification: Verification[] = [];
  readonly losses: Loss[] = [];
  readonly attempts: SecurityAttempt[] = [];
  /** All sites, to be destroyed with the drill. */
  readonly sites: Platform[] = [];
  /** All load generators, to be stopped with the drill. */
  readonly loads: Load[] = [];
  disasterAt: Date | undefined;
  /** Whom the drill's incident tells. */
  people: Receivers | undefined;
  /** The incident's post-mortem, in Markdown. */
  postMortem: string | undefined;

  constructor(options: StageOptions) {
    this.options = options;
  }

  /** Runs a step and reports it in the progress and the timeline. Rethrows its failure. */
  async step<T>(id: string, title: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const { scenario, progress, signal } = this.options;
    signal.throwIfAborted();
    const step = `drill/${scenario}/${id}`;
    progress({ step, title, state: 'start' });
    try {
      const result = await work();
      const text = detail?.(result);
      progress({ step, title, state: 'done', ...(text === undefined ? {} : { detail: text }) });
      this.event(title, text);
      return result;
    } catch (error) {
      progress({ step, title, state: 'failed', detail: asDrError(error, id).fact.split('\n')[0] ?? '' });
      throw error;
    }
  }

  event(event: string, detail?: string, at = new Date()): void {
    this.events.push({ at: at.toISOString(), event, ...(detail === undefined ? {} : { detail }) });
  }

  /** Declares the disaster: every clock runs from this moment. */
  declare(event: string, at = new Date()): Date {
    this.disasterAt = at;
    this.event(event, 'the disaster', at);
    return at;
  }

  check(verification: Omit<Verification, 'ok'> & { readonly ok?: boolean }): boolean {
    const ok = verification.ok ?? verification.expected === verification.actual;
    this.verification.push({ ...verification, ok });
    return ok;
  }

  dr(platform: Platform): DrClient {
    const { folder, signal, progress, scenario } = this.options;
    const onLine = (line: string): void => {
      progress({ step: `drill/${scenario}/dr`, title: 'dr', state: 'progress', detail: line });
    };
    return drClient({ envFile: platform.envFile, logFile: `${folder}/dr.log`, signal, onLine });
  }
}

/** Every scenario starts with a platform under load that was backed up. */
export interface Prepared {
  readonly stage: Stage;
  readonly first: Platform;
  readonly regions: { readonly primary: S3Region; readonly secondary: S3Region };
  /** From before the load started. */
  readonly baseline: BaselineWithLimits;
  readonly backups: { readonly full: BackupData; readonly incremental: BackupData };
  readonly load: Load;
  readonly ledgerFile: string;
  /** Makes another, empty site. */
  emptySite(options: Omit<SiteOptions, 'folder'>): Promise<Platform>;
}

export interface Recovered {
  /** The platform at the site that it was recovered to. */
  readonly platform: Platform;
  readonly restored: DrAnswer<RestoreData>;
  readonly target: DrillReport['target'];
  /** Acknowledged writes compared with the recovered stores. */
  readonly comparison: LedgerComparison;
  /** Files that the recovery has replaced, such as rotated secrets. */
  readonly renewed?: Renewed;
  /** By tier, since when it is healthy. */
  readonly ready: ReadonlyMap<string, Date>;
  /** The incident and its runbook, as far as the recovery has come. */
  readonly walk: Walk;
}

export interface Scenario {
  /** Its id in the plan. */
  readonly id: string;
  /** Stages the disaster, recovers, and records both on the stage. */
  readonly run: (prepared: Prepared) => Promise<Recovered>;
}
