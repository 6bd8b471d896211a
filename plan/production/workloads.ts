/**
 * The plan's four groups of backup components (lines 69–93) as workloads. A workload that is not a service has the tier of what needs it:
 * no service starts without its objects, secrets, images and settings, so these are P1.
 */
import type { Workload } from '../types.ts';

/** Lines 95–113: every repository holds every workload. */
const EVERYWHERE = ['local', 'primary', 'secondary', 'offsite'];

type Rest = Omit<Workload, 'group' | 'repositories'>;

function group(name: Workload['group'], workloads: Rest[]): Workload[] {
  return workloads.map((workload) => ({ ...workload, group: name, repositories: [...EVERYWHERE] }));
}

/** Lines 71–75. */
const database = group('database', [
  {
    id: 'postgres',
    type: 'postgres',
    title: 'PostgreSQL: backup sets and WAL',
    tier: 'P1',
    dataClass: 'database',
    services: ['postgres', 'auth-service', 'payment-service', 'order-service', 'ai-search', 'analytics'],
    // An idle database still ships a segment each minute; a backlog of five minutes is an alert long before the RPO of one hour.
    continuous: { archiveTimeout: '60s', pushDelay: '5m' },
    covers: ['Transaction log shipping (continuous)', 'Point-in-time recovery capability'],
  },
  {
    id: 'postgres-dump',
    type: 'postgres-dump',
    title: 'PostgreSQL: logical dump and globals',
    tier: 'P1',
    dataClass: 'database',
    services: [],
    secondFormOf: 'postgres',
    covers: ['PostgreSQL full dumps (daily)'],
  },
  {
    id: 'postgres-config',
    type: 'postgres-config',
    title: 'PostgreSQL: configuration and schema',
    tier: 'P1',
    dataClass: 'configuration',
    services: ['postgres'],
    covers: ['Database configuration and schemas'],
  },
]);

/** Lines 77–81. */
const application = group('application', [
  {
    id: 'redis',
    type: 'redis',
    title: 'Redis: RDB and AOF, sessions and cache',
    tier: 'P1',
    dataClass: 'application-data',
    services: ['redis', 'auth-service'],
    covers: ['Redis data dumps (RDB and AOF)', 'Session data and cache'],
  },
  {
    id: 'event-store',
    type: 'files',
    title: 'Event store',
    tier: 'P2',
    dataClass: 'application-data',
    services: ['payment-service', 'order-service'],
    covers: ['Event store data'],
  },
  {
    id: 'uploads',
    type: 'files',
    title: 'File uploads',
    tier: 'P2',
    dataClass: 'application-data',
    services: ['order-service'],
    covers: ['File uploads and static assets'],
  },
  {
    id: 'static-assets',
    type: 'files',
    title: 'Static assets',
    tier: 'P2',
    dataClass: 'application-data',
    services: ['order-service'],
    covers: ['File uploads and static assets'],
  },
]);

/** Lines 83–87. */
const infrastructure = group('infrastructure', [
  {
    id: 'manifests',
    type: 'files',
    title: 'Kubernetes manifests and configurations',
    tier: 'P1',
    dataClass: 'configuration',
    services: [],
    objects: 'manifests',
    covers: ['Kubernetes manifests and configurations'],
  },
  {
    id: 'config-and-secrets',
    type: 'files',
    title: 'Secrets and ConfigMaps (encrypted)',
    tier: 'P1',
    dataClass: 'configuration',
    services: [],
    objects: 'configuration',
    covers: ['Secrets and ConfigMaps (encrypted)'],
  },
  {
    id: 'network-policies',
    type: 'files',
    title: 'Network policies and RBAC',
    tier: 'P1',
    dataClass: 'configuration',
    services: [],
    objects: 'access',
    covers: ['Network policies and RBAC'],
  },
  {
    id: 'monitoring-config',
    type: 'files',
    title: 'Monitoring configurations',
    tier: 'P4',
    dataClass: 'configuration',
    services: ['monitoring', 'logging'],
    objects: 'monitoring',
    covers: ['Monitoring configurations'],
  },
]);

/** Lines 89–93. */
const code = group('code', [
  {
    id: 'git',
    type: 'git',
    title: 'Git repository mirrors',
    tier: 'P3',
    dataClass: 'configuration',
    services: [],
    covers: ['Git repository mirrors'],
  },
  {
    id: 'images',
    type: 'images',
    title: 'Container images by digest',
    tier: 'P1',
    dataClass: 'configuration',
    services: [],
    covers: ['Docker images in registry'],
  },
  {
    id: 'artifacts',
    type: 'files',
    title: 'Build artifacts and dependencies',
    tier: 'P3',
    dataClass: 'configuration',
    services: [],
    covers: ['Build artifacts and dependencies'],
  },
  {
    id: 'configuration-files',
    type: 'files',
    title: 'Configuration files',
    tier: 'P1',
    dataClass: 'configuration',
    services: [],
    covers: ['Configuration files'],
  },
]);

export const workloads: Workload[] = [...database, ...application, ...infrastructure, ...code];
