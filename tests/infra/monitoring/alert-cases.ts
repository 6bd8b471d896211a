/** Series of metrics, and the alerts that must fire on them: for promtool. */
import type { RuleSettings } from '../../../infra/monitoring/rules.ts';

export const ALL: RuleSettings = { namespace: 'go-coffee-dr' };
export const STANDBY: RuleSettings = { role: 'standby', namespace: 'go-coffee-dr' };

/** Series, what must fire when, and what must not. `absent` rules of all else are left out of the comparison. */
interface AlertCase {
  readonly alert: string;
  readonly settings?: RuleSettings;
  readonly series: Readonly<Record<string, string>>;
  /** Minutes; the labels of what fires then, besides severity and tier. */
  readonly at: Readonly<Record<number, readonly Readonly<Record<string, string>>[]>>;
}

const m = (name: string, labels = ''): string => `go_coffee_dr_${name}${labels}`;
const JOB = '{namespace="go-coffee-dr",job_name="dr-daily-1"';

export const CASES: readonly AlertCase[] = [
  {
    alert: 'DrNotReady',
    series: { [m('readiness')]: '2 0x60' },
    at: { 0: [], 30: [], 31: [{}] },
  },
  {
    // The verdict of a monitor that no longer judges is worth nothing.
    alert: 'DrNotReady',
    series: { [m('readiness')]: '2x200', [m('readiness_judged_timestamp_seconds')]: '0x200' },
    at: { 120: [], 151: [{}] },
  },
  {
    alert: 'DrReviewOverdue',
    series: {
      [m('due_seconds', '{kind="review",id="monthly"}')]: '60-60x5',
      [m('due_seconds', '{kind="review",id="quarterly"}')]: '6000-60x5',
    },
    at: { 1: [], 2: [{ kind: 'review', id: 'monthly', review: 'monthly' }] },
  },
  {
    alert: 'DrTestOverdue',
    series: {
      [m('due_seconds', '{kind="test",id="team-response"}')]: '60-60x5',
      [m('due_seconds', '{kind="test",id="full-simulation"}')]: '-60x5',
    },
    at: { 1: [], 2: [{ kind: 'test', id: 'team-response', test: 'team-response' }] },
  },
  {
    alert: 'DrBackupFailed',
    series: {
      [m('backup_last_run_failed', '{schedule="hourly"}')]: '0 1 0',
      [m('backup_last_run_failed', '{schedule="redis"}')]: '0 0 0',
    },
    at: { 0: [], 1: [{ schedule: 'hourly' }], 2: [] },
  },
  {
    alert: 'DrWorkloadFailed',
    series: {
      [m('workload_backup_failed', '{workload="uploads",repository="primary"}')]: '0 1 0',
      [m('workload_backup_failed', '{workload="uploads",repository="local"}')]: '0 0 0',
      [m('workload_backup_failed', '{workload="redis",repository="local"}')]: '0 0 0',
    },
    at: { 0: [], 1: [{ workload: 'uploads' }], 2: [] },
  },
  {
    // A Job of the platform's that has a name like ours in another namespace is not ours.
    alert: 'DrJobFailed',
    settings: {
      namespace: 'go-coffee-dr',
      visitors: [{ namespace: 'shop', names: 'shop-dr-((media|files)-.+|seed-(media|files))' }],
    },
    series: {
      'kube_job_failed{namespace="shop",job_name="shop-dr-media-daily-7",condition="true"}': '0 1 1',
      'kube_job_status_start_time{namespace="shop",job_name="shop-dr-media-daily-7"}': '0 0 -90000',
      'kube_job_failed{namespace="shop",job_name="shop-dr-seed-files",condition="true"}': '0 1 0',
      'kube_job_status_start_time{namespace="shop",job_name="shop-dr-seed-files"}': '0 0 0',
      'kube_job_failed{namespace="shop",job_name="dr-daily-1",condition="true"}': '1 1 1',
      'kube_job_status_start_time{namespace="shop",job_name="dr-daily-1"}': '0 0 0',
    },
    at: {
      0: [],
      1: [
        { namespace: 'shop', job_name: 'shop-dr-media-daily-7', condition: 'true' },
        { namespace: 'shop', job_name: 'shop-dr-seed-files', condition: 'true' },
      ],
      2: [],
    },
  },
  {
    alert: 'DrJobFailed',
    series: {
      [`kube_job_failed${JOB},condition="true"}`]: '0 1 1',
      [`kube_job_status_start_time${JOB}}`]: '0 0 -90000',
    },
    at: { 0: [], 1: [{ namespace: 'go-coffee-dr', job_name: 'dr-daily-1', condition: 'true' }], 2: [] },
  },
  {
    alert: 'DrNoNewPoint',
    series: {
      [m('last_point_age_seconds', '{workload="redis",repository="primary"}')]: '3000+60x20',
      [m('last_point_age_seconds', '{workload="redis",repository="local"}')]: '4000+60x20',
      [m('last_point_age_seconds', '{workload="uploads",repository="primary"}')]: '+Inf+0x20',
    },
    // As long as one repository has a newer copy nothing is missed; no copy at all is.
    at: { 10: [{ workload: 'uploads' }], 11: [{ workload: 'redis' }, { workload: 'uploads' }] },
  },
  {
    // Its first copy is not late before it could have been made; one that is late rings.
    alert: 'DrNoNewPoint',
    series: {
      [m('last_point_age_seconds', '{workload="uploads",repository="primary"}')]: '+Inf+0x400',
      [m('watched_seconds', '{workload="uploads"}')]: '60+60x400',
    },
    at: { 0: [], 238: [], 239: [{ workload: 'uploads' }] },
  },
  {
    alert: 'DrFenced',
    series: { [m('fenced')]: '0 1 0' },
    at: { 0: [], 1: [{}], 2: [] },
  },
  {
    alert: 'DrRepositoryUnreachable',
    series: { [m('repository_reachable', '{repository="primary"}')]: '1 0x20' },
    at: { 5: [], 6: [{ repository: 'primary' }] },
  },
  {
    alert: 'DrAllRepositoriesUnreachable',
    series: {
      [m('repository_reachable', '{repository="primary"}')]: '0x20',
      [m('repository_reachable', '{repository="local"}')]: '1 1 0x20',
    },
    at: { 6: [], 7: [{}] },
  },
  {
    alert: 'DrRepositoryBehind',
    series: {
      [m('last_point_age_seconds', '{workload="redis",repository="primary"}')]: '60+0x200',
      [m('last_point_age_seconds', '{workload="redis",repository="secondary"}')]: '900+60x200',
    },
    at: { 99: [], 101: [{ repository: 'secondary' }] },
  },
  {
    alert: 'DrExportOverdue',
    series: { [m('last_point_age_seconds', '{workload="redis",repository="offsite"}')]: '600000 900000' },
    at: { 0: [], 1: [{ repository: 'offsite' }] },
  },
  {
    // Never exported: nothing in the first week, and then a missed week.
    alert: 'DrExportOverdue',
    series: {
      [m('last_point_age_seconds', '{workload="redis",repository="offsite"}')]: '+Inf +Inf +Inf 600',
      [m('watched_seconds', '{repository="offsite"}')]: '86400 650000 900000 900060',
    },
    at: { 0: [], 1: [], 2: [{ repository: 'offsite' }], 3: [] },
  },
  {
    alert: 'DrStorageFillingUp',
    series: { [m('storage_used_ratio', '{volume="local"}')]: '0.8 0.81 0.96' },
    at: { 0: [], 1: [{ volume: 'local' }], 2: [] },
  },
  {
    alert: 'DrStorageFull',
    series: { [m('storage_used_ratio', '{volume="local"}')]: '0.8 0.95 0.96' },
    at: { 0: [], 1: [], 2: [{ volume: 'local' }] },
  },
  {
    alert: 'DrIntegrityFailed',
    series: { [m('verification_ok', '{repository="primary"}')]: '1 0' },
    at: { 0: [], 1: [{ repository: 'primary' }] },
  },
  {
    alert: 'DrVerificationOverdue',
    series: { [m('verification_age_seconds', '{repository="primary"}')]: '172800 172801 +Inf' },
    at: { 0: [], 1: [{ repository: 'primary' }], 2: [{ repository: 'primary' }] },
  },
  {
    alert: 'DrVerificationOverdue',
    series: {
      [m('verification_age_seconds', '{repository="primary"}')]: '+Inf +Inf 60',
      [m('watched_seconds', '{repository="primary"}')]: '600 172800 172860',
      [m('watched_seconds', '{workload="redis"}')]: '600 600 600',
    },
    at: { 0: [], 1: [{ repository: 'primary' }], 2: [] },
  },
  {
    alert: 'DrTrialRestoreOverdue',
    series: {
      [m('trial_restore_age_seconds', '{workload="redis",repository="primary"}')]: '60 60 60',
      [m('trial_restore_age_seconds', '{workload="uploads",repository="primary"}')]: '+Inf +Inf 60',
      [m('watched_seconds', '{repository="primary"}')]: '600 2764800 2764860',
    },
    at: { 0: [], 1: [{ repository: 'primary' }], 2: [] },
  },
  {
    alert: 'DrReadOverdue',
    series: { [m('unread_seconds', '{repository="primary"}')]: '2419200 2419201 60' },
    at: { 0: [], 1: [{ repository: 'primary' }], 2: [] },
  },
  { alert: 'DrWalLate', series: { [m('wal_lag_seconds')]: '360 361 3601' }, at: { 0: [], 1: [{}], 2: [] } },
  { alert: 'DrWalRpoMissed', series: { [m('wal_lag_seconds')]: '360 3600 3601' }, at: { 0: [], 1: [], 2: [{}] } },
  { alert: 'DrWalBacklog', series: { [m('wal_backlog_segments')]: '0 9x20' }, at: { 5: [], 6: [{}] } },
  {
    alert: 'DrSlotKeepsWal',
    series: {
      [m('unused_slot_bytes', '{slot="dr_adopt_shop"}')]: '2e9+0x20',
      [m('unused_slot_bytes', '{slot="postgres_1"}')]: '1e9+0x20',
    },
    at: { 4: [], 5: [{ slot: 'dr_adopt_shop' }] },
  },
  {
    alert: 'DrStandbyLate',
    settings: STANDBY,
    series: { [m('standby_lag_seconds')]: '0 800x20' },
    at: { 5: [], 6: [{}] },
  },
  {
    alert: 'DrStandbyRpoMissed',
    settings: STANDBY,
    series: { [m('standby_lag_seconds')]: '3600 3601' },
    at: { 0: [], 1: [{}] },
  },
  {
    alert: 'DrObjectiveMissed',
    series: {
      [m('objective_met', '{objective="rpo",tier="P1"}')]: '1 0',
      [m('objective_met', '{objective="rto",tier="P1"}')]: '1 1',
    },
    at: { 0: [], 1: [{ objective: 'rpo', tier: 'P1' }] },
  },
  {
    alert: 'DrDrillOverdue',
    series: {
      [m('drill_age_seconds', '{scenario="database-corruption"}')]: '2764800 2764801',
      [m('drill_age_seconds', '{scenario="complete-failure"}')]: '2764800 2764801',
      [m('drill_age_seconds', '{scenario="human-error"}')]: '+Inf +Inf',
    },
    at: { 0: [{ scenario: 'human-error' }], 1: [{ scenario: 'database-corruption' }, { scenario: 'human-error' }] },
  },
  {
    alert: 'DrDrillOverdue',
    series: {
      [m('drill_age_seconds', '{scenario="database-corruption"}')]: '+Inf +Inf 60',
      [m('watched_seconds', '{scenario="database-corruption"}')]: '2764799 2764800 2764860',
    },
    at: { 0: [], 1: [{ scenario: 'database-corruption' }], 2: [] },
  },
  {
    alert: 'DrClusterUnasked',
    series: { [m('answers', '{of="kubernetes"}')]: '1 0x10 1', [m('answers', '{of="redis"}')]: '0x20' },
    at: { 5: [], 6: [{ of: 'kubernetes' }], 12: [] },
  },
  {
    alert: 'DrNoAnswer',
    series: { [m('answers', '{of="redis"}')]: '1 0x10 1', [m('answers', '{of="kubernetes"}')]: '0x20' },
    at: { 5: [], 6: [{ of: 'redis' }], 12: [] },
  },
  {
    alert: 'DrNoAnswer',
    settings: STANDBY,
    series: { [m('answers', '{of="postgres"}')]: '0x20', [m('answers', '{of="redis"}')]: '0x20' },
    at: { 6: [{ of: 'postgres' }] },
  },
  {
    alert: 'DrIncidentUpdateOverdue',
    series: { [m('incident_update_overdue_seconds')]: '0 1 0' },
    at: { 0: [], 1: [{}], 2: [] },
  },
  {
    alert: 'DrPostMortemOverdue',
    series: { [m('post_mortem_overdue_seconds')]: '0 60 0' },
    at: { 0: [], 1: [{}], 2: [] },
  },
  { alert: 'DrFollowUpOverdue', series: { [m('follow_ups_overdue')]: '0 2 0' }, at: { 0: [], 1: [{}], 2: [] } },
  {
    // 31 days are left, then fewer each minute; a renewed one ends it.
    alert: 'DrCertificateExpires',
    series: {
      [m('certificate_seconds', '{certificate="postgres"}')]: `${31 * 86_400} ${30 * 86_400 - 1} ${360 * 86_400}`,
    },
    at: { 0: [], 1: [{ certificate: 'postgres' }], 2: [] },
  },
  {
    alert: 'DrCertificateExpiresNow',
    series: { [m('certificate_seconds', '{certificate="jobs"}')]: `${8 * 86_400} ${7 * 86_400 - 1} 0` },
    at: { 0: [], 1: [{ certificate: 'jobs' }], 2: [{ certificate: 'jobs' }] },
  },
  { alert: 'DrMonitorDown', series: { 'up{job="dr-monitor"}': '1 0x20' }, at: { 5: [], 6: [{}] } },
  { alert: 'DrMonitorStale', series: { [m('refreshed_timestamp_seconds')]: '0x20' }, at: { 5: [], 6: [{}] } },
];
