/**
 * The five scenarios (lines 27–31) with the procedures of the written plan (lines 115–197), and procedures for those without one.
 * Points, times and stacks in the commands are examples. Where a step has both `dr rebuild` and `dr restore`, the first is for a cluster
 * and the second for a single host.
 */
import type { Scenario, Step } from '../procedure-types.ts';

/** Lines 142–146. */
const VALIDATION: Step[] = [
  { text: 'Service functionality testing', run: ['dr health --comprehensive'] },
  { text: 'Data integrity verification', run: ['dr verify --deep'] },
  { text: 'Performance validation', run: ['dr objectives', 'dr health --performance'] },
  { text: 'Security assessment', run: ['dr health --security'] },
];

const validated = { source: 'added', steps: VALIDATION } as const satisfies Scenario['validation'];

/** In a cluster one command does both: the rebuilt platform starts with new secrets and with the security measures. */
const REBUILT_CLEAN =
  'dr rebuild --stack recovered --to 2026-01-31T11:59:00Z --from secondary --like production --rotate-secrets --harden';

/** Lines 117–146. */
const completeFailure: Scenario = {
  id: 'complete-failure',
  title: 'Complete Infrastructure Failure',
  description: 'Total loss of primary data center',
  immediate: {
    from: '0m',
    to: '30m',
    source: 'plan',
    steps: [
      { text: 'Activate disaster recovery team' },
      { text: 'Assess scope of failure', run: ['dr assess', 'dr points list'] },
      { text: 'Initiate communication plan' },
      { text: 'Activate secondary infrastructure', run: ['dr doctor', 'dr failover --stack dr --dry-run'] },
    ],
  },
  recovery: {
    from: '30m',
    to: '4h',
    source: 'plan',
    steps: [
      {
        text: 'Prepare new infrastructure',
        shell: ['kubectl create namespace go-coffee', 'kubectl apply -f k8s/namespace.yaml'],
        run: ['dr doctor'],
      },
      {
        text: 'Download latest backup',
        shell: ['aws s3 cp s3://go-coffee-backups/production/latest/ . --recursive'],
        run: ['dr restore --to latest --from secondary --dry-run'],
      },
      {
        text: 'Restore infrastructure',
        shell: ['./scripts/disaster-recovery/restore.sh -e production -f backup.tar.gz'],
        run: [
          'dr rebuild --stack recovered --to latest --from secondary --like production',
          'dr restore --to latest --from secondary',
        ],
      },
      {
        text: 'Verify services',
        shell: ['./scripts/health-check.sh --comprehensive'],
        run: ['dr health --comprehensive'],
      },
    ],
  },
  validation: { from: '4h', to: '8h', source: 'plan', steps: VALIDATION },
};

/** Lines 148–172. */
const databaseCorruption: Scenario = {
  id: 'database-corruption',
  title: 'Database Corruption',
  description: 'PostgreSQL data corruption or loss',
  immediate: {
    source: 'plan',
    steps: [
      { text: 'Stop application services', shell: ['kubectl scale deployment --all --replicas=0 -n go-coffee'] },
      {
        text: 'Assess database state',
        shell: [`kubectl exec -it postgres-pod -- psql -c "SELECT pg_database_size('go_coffee');"`],
        run: ['dr assess', 'dr points list'],
      },
      {
        text: 'Create emergency backup if possible',
        shell: ['kubectl exec postgres-pod -- pg_dump go_coffee > emergency_backup.sql'],
        run: ['dr restore --emergency-dump'],
      },
    ],
  },
  recovery: {
    source: 'plan',
    steps: [
      {
        text: 'Restore from latest backup',
        shell: ['./scripts/disaster-recovery/restore.sh --database-only backup.tar.gz'],
        run: ['dr restore --to latest --only postgres'],
      },
      {
        text: 'Apply transaction logs if available',
        shell: ['kubectl exec -it postgres-pod -- psql go_coffee < transaction_logs.sql'],
        run: ['dr restore --to 2026-01-31T11:59:00Z --only postgres'],
      },
      {
        text: 'Restart services',
        shell: ['kubectl scale deployment --all --replicas=1 -n go-coffee'],
        run: ['dr health'],
      },
    ],
  },
  validation: validated,
};

/** Line 29; the written plan has no procedure for it. */
const applicationFailure: Scenario = {
  id: 'application-failure',
  title: 'Application Failure',
  description: 'Service corruption or configuration loss',
  immediate: {
    source: 'added',
    steps: [
      { text: 'Name the services that fail and the tier they are in', run: ['dr health', 'dr assess'] },
      { text: 'Stop the services that write wrong data' },
      { text: 'Initiate communication plan' },
    ],
  },
  recovery: {
    source: 'added',
    steps: [
      { text: 'Choose the newest point from before the failure', run: ['dr points list'] },
      {
        text: 'Restore configuration and application data, and leave the database alone',
        run: [
          'dr restore --stack production --to latest --only manifests --select deployment/order-service --dry-run',
          'dr restore --stack production --to latest --only manifests --select deployment/order-service',
          'dr restore --to latest --only config-and-secrets,configuration-files',
        ],
      },
      { text: 'Restart services in the order of their tiers', run: ['dr health'] },
    ],
  },
  validation: validated,
};

/** Lines 174–197 (the written plan numbers it 3 there, and 4 in its list). */
const securityBreach: Scenario = {
  id: 'security-breach',
  title: 'Security Breach',
  description: 'Compromised systems requiring clean restoration',
  immediate: {
    source: 'plan',
    steps: [
      { text: 'Isolate affected systems', run: ['dr isolate --stack production', 'dr isolate'] },
      {
        text: 'Preserve forensic evidence',
        run: ['dr evidence collect --stack production --name breach', 'dr evidence collect --name breach'],
      },
      {
        text: 'Assess breach scope',
        run: [
          'dr assess',
          'dr points list',
          'dr points diff 20260130T020000Z-full-7f3a latest',
          'dr points mark 20260131T120000Z-incremental-7f3a compromised',
        ],
      },
      { text: 'Notify security team' },
    ],
  },
  recovery: {
    source: 'plan',
    steps: [
      {
        text: 'Complete infrastructure rebuild',
        shell: ['kubectl delete namespace go-coffee', 'kubectl create namespace go-coffee'],
        run: ['dr doctor', `${REBUILT_CLEAN} --dry-run`],
      },
      {
        text: 'Restore from clean backup (pre-breach)',
        shell: ['./scripts/disaster-recovery/restore.sh -f clean_backup.tar.gz'],
        run: ['dr restore --to 2026-01-31T11:59:00Z'],
      },
      {
        text: 'Update all secrets and certificates',
        shell: ['kubectl delete secret --all -n go-coffee', 'kubectl apply -f k8s/secrets-new.yaml'],
        run: [REBUILT_CLEAN, 'dr secrets rotate'],
      },
      {
        text: 'Implement additional security measures',
        shell: ['kubectl apply -f k8s/security-hardening.yaml'],
        run: [REBUILT_CLEAN],
      },
    ],
  },
  validation: validated,
};

/** Line 31; the written plan has no procedure for it. */
const humanError: Scenario = {
  id: 'human-error',
  title: 'Human Error',
  description: 'Accidental deletion or misconfiguration',
  immediate: {
    source: 'added',
    steps: [
      { text: 'Stop whatever still deletes or changes', run: ['dr assess'] },
      {
        text: 'Find the moment of the mistake: the transaction, or the second in the logs',
        run: ['dr find --what drop,truncate,delete,update'],
      },
      { text: 'Hold the points around that moment', run: ['dr points mark 20260131T110000Z-incremental-7f3a hold'] },
    ],
  },
  recovery: {
    source: 'added',
    steps: [
      {
        text: 'See what going back to that moment would lose',
        run: ['dr restore --to 2026-01-31T11:59:00Z --dry-run'],
      },
      {
        text: 'Lay the tables that were hit beside the live ones, and compare',
        run: ['dr restore --to 2026-01-31T11:59:00Z --table public.payments --compare'],
      },
      {
        text: 'Write back the rows that are missing or wrong',
        run: ['dr restore --into-database dr_restored --table public.payments --merge changed'],
      },
      { text: 'Restore only what was hit', run: ['dr restore --to 2026-01-31T11:59:00Z --only uploads'] },
      { text: 'Restart services', run: ['dr health'] },
    ],
  },
  validation: validated,
};

export const scenarios: Scenario[] = [
  completeFailure,
  databaseCorruption,
  applicationFailure,
  securityBreach,
  humanError,
];
