/** Changes of the objects in the cluster. */
import { BUCKET, PATRONI, type RealChange } from '../real-change.ts';
import { all, change, remove } from '../recorded-sides.ts';

export const CLUSTER: readonly RealChange[] = [
  {
    title: 'backups that overlap',
    edit: change('CronJob', 'dr-hourly', ({ spec }) => (spec.concurrencyPolicy = 'Allow')),
    row: 'overlapping runs of CronJob dr-hourly',
  },
  {
    title: 'a full backup that is cut off',
    edit: change('CronJob', 'dr-daily', ({ spec }) => (spec.jobTemplate.spec.activeDeadlineSeconds = 60)),
    row: 'time limit of CronJob dr-daily',
  },
  {
    title: 'a backup of less',
    edit: change('CronJob', 'dr-daily', ({ spec }) =>
      spec.jobTemplate.spec.template.spec.containers[0].args.push('--only', 'redis'),
    ),
    row: 'command of CronJob dr-daily',
    verdict: 'unknown',
  },
  {
    title: 'an hourly backup that is suspended',
    edit: change('CronJob', 'dr-hourly', ({ spec }) => (spec.suspend = true)),
    row: 'worst-case RPO of P2',
  },
  {
    title: 'a volume that becomes smaller',
    edit: change('PersistentVolumeClaim', 'data-postgres-0', ({ spec }) => (spec.resources.requests.storage = '1Gi')),
    row: 'volume data-postgres-0, resized where it is if its class has allowVolumeExpansion',
  },
  {
    title: 'no disruption budget',
    edit: remove('PodDisruptionBudget', 'postgres'),
    row: 'disruption budget of postgres',
  },
  {
    title: 'a wider disruption budget',
    edit: change('PodDisruptionBudget', 'postgres', ({ spec }) => (spec.maxUnavailable = 3)),
    row: 'disruption budget of postgres: at most away',
  },
  {
    title: 'no default deny',
    edit: remove('NetworkPolicy', 'foundation-go-coffee-dr-default-deny'),
    row: 'NetworkPolicy go-coffee-dr/default-deny',
  },
  {
    title: 'PostgreSQL for everybody',
    edit: change('NetworkPolicy', 'into-postgres', ({ spec }) =>
      spec.ingress.push({ ports: [{ port: 5432, protocol: 'TCP' }] }),
    ),
    row: 'ways of NetworkPolicy go-coffee/into-postgres',
  },
  {
    title: 'no way to the object storage',
    edit: change(
      'NetworkPolicy',
      'foundation-go-coffee-reach-object-storage',
      ({ spec }) => (spec.egress[0].to[0].ipBlock.cidr = '10.0.0.0/8'),
    ),
    row: 'ways of NetworkPolicy go-coffee/reach-object-storage',
  },
  {
    title: 'volumes that go with the StatefulSet',
    edit: change(
      'StatefulSet',
      'postgres',
      ({ spec }) => (spec.persistentVolumeClaimRetentionPolicy.whenDeleted = 'Delete'),
    ),
    row: 'volumes of postgres when it is deleted',
  },
  {
    title: 'an alert that is gone',
    edit: change('PrometheusRule', 'dr-monitor', ({ spec }) => {
      for (const group of spec.groups)
        group.rules = group.rules.filter(({ alert }: { alert: string }) => alert !== 'DrWalRpoMissed');
    }),
    row: /^alert DrWalRpoMissed/,
  },
  {
    title: 'an alert that comes late',
    edit: change('PrometheusRule', 'dr-monitor', ({ spec }) => {
      for (const group of spec.groups)
        for (const rule of group.rules) if (rule.alert === 'DrWalBacklog') rule.for = '6h';
    }),
    row: /^patience of alert DrWalBacklog/,
  },
  {
    title: 'no heartbeat',
    edit: change('Deployment', 'dr-monitor', ({ spec }) => {
      const [container] = spec.template.spec.containers;
      container.args = container.args.filter((one: string) => one !== '--heartbeat');
    }),
    row: 'heartbeat of the monitor in the database',
  },
  { title: 'no scrape', edit: remove('ServiceMonitor', 'dr-monitor'), row: 'scrape monitor-scrape' },
  {
    title: 'more rights in the cluster',
    edit: change('ClusterRole', 'dr-watch-go-coffee-dr', ({ rules }) => rules[0].verbs.push('delete')),
    row: /^verbs of rights by ClusterRole dr-watch/,
  },
  {
    title: 'another cluster',
    edit: change('kubernetes', 'cluster', (inputs) => (inputs.context = 'staging')),
    row: 'context of provider cluster',
    verdict: 'unknown',
  },
  {
    title: 'all at once',
    edit: all(PATRONI('archive_mode: on', 'archive_mode: off'), remove('Bucket', BUCKET)),
    row: 'PostgreSQL archive_mode',
    says: 'Bucket go-coffee-backups goes',
  },
];
