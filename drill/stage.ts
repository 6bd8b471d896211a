/** What a scenario works with, and where it writes what it saw. */
import type { Plan } from '../plan/types.ts';
import { asDrError } from '../recovery/core/as-dr-error.ts';
import type { Progress } from '../recovery/core/progress.ts';
import type { Loss, SecurityAttempt, TimelineEvent, Verification } from '../recovery/report/types.ts';
import type { BaselineWithLimits } from './baseline.ts';
import { type BackupData, type DrClient, drClient } from './dr-client.ts';
import type { Load } from './load/load.ts';
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

/** Events carry their own time; offsets from the disaster are added when the report is made. */
export type SeenEvent = Omit<TimelineEvent, 'offsetSeconds'>;

export class Stage {
  readonly options: StageOptions;
  readonly events: SeenEvent[] = [];
  readonly verification: Verification[] = [];
  readonly losses: Loss[] = [];
  readonly attempts: SecurityAttempt[] = [];
  /** Every site that was made, to be ended with the drill. */
  readonly sites: Platform[] = [];
  /** Every load, likewise. */
  readonly loads: Load[] = [];
  disasterAt: Date | undefined;

  constructor(options: StageOptions) {
    this.options = options;
  }

  /** A step with its place in the progress and in the timeline. Failures go on to the caller. */
  async step<T>(id: string, title: string, work: () => Promise<T>, detail?: (result: T) => string): Promise<T> {
    const { scenario, progress, signal } = this.options;
    signal.throwIfAborted();
    const step = `drill/${scenario}/${id}`;
    progress({ step, title, state: 'start' });
    try {
      const result = await work();
      const said = detail?.(result);
      const rest = said === undefined ? {} : { detail: said };
      progress({ step, title, state: 'done', ...rest });
      this.event(title, said);
      return result;
    } catch (error) {
      progress({ step, title, state: 'failed', detail: asDrError(error, id).fact.split('\n')[0] ?? '' });
      throw error;
    }
  }

  event(event: string, detail?: string, at = new Date()): void {
    this.events.push({ at: at.toISOString(), event, ...(detail === undefined ? {} : { detail }) });
  }

  /** The moment from which every clock runs. */
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

/** What every scenario finds on its stage: a platform with customers, backed up. */
export interface Prepared {
  readonly stage: Stage;
  readonly first: Platform;
  readonly regions: { readonly primary: S3Region; readonly secondary: S3Region };
  /** Before the first customer. */
  readonly baseline: BaselineWithLimits;
  readonly backups: { readonly full: BackupData; readonly incremental: BackupData };
  /** Customers at work. */
  readonly load: Load;
  readonly ledgerFile: string;
  /** A second, empty site, ended with the drill. */
  emptySite(options: Omit<SiteOptions, 'folder'>): Promise<Platform>;
}
