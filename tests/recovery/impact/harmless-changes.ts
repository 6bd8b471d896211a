/** Changes that mean nothing for recovery. They stop nobody; `shows` names the rows that they have all the same. */
import { all, change, type Edit, sed } from './recorded-sides.ts';

interface Harmless {
  readonly title: string;
  readonly edit: Edit;
  readonly shows?: readonly string[];
}

const PATRONI = (from: string | RegExp, to: string): Edit => sed('postgres-patroni', 'patroni.yml', from, to);
const parameter = (line: string): Edit => PATRONI(/^ {2}parameters:\n/m, `  parameters:\n    ${line}\n`);
const container = (
  kind: string,
  name: string,
  edit: (one: Record<string, unknown> & { env: object[] }) => void,
): Edit => change(kind, name, ({ spec }) => edit(spec.template.spec.containers[0]));

export const HARMLESS: readonly Harmless[] = [
  { title: 'memory of PostgreSQL', edit: parameter('shared_buffers: 2GB\n    work_mem: 64MB') },
  { title: 'the planner', edit: parameter('random_page_cost: 1.1') },
  { title: 'the log', edit: parameter('log_min_duration_statement: 500ms') },
  { title: 'more connections', edit: parameter('max_connections: 300') },
  {
    title: 'a default that is written out',
    edit: parameter('fsync: "on"\n    full_page_writes: true\n    synchronous_commit: on'),
  },
  {
    title: 'the same timeout in another unit',
    edit: PATRONI('archive_timeout: 60', 'archive_timeout: 1min'),
    shows: ['PostgreSQL archive_timeout'],
  },
  { title: 'on as true', edit: PATRONI('archive_mode: on', 'archive_mode: true') },
  {
    title: 'other order and comments',
    edit: all(PATRONI(/^/, '# Patroni\n'), PATRONI(/( +archive_mode: on\n)( +archive_command: .*\n)/, '$2$1')),
  },
  {
    title: 'more processes of pgBackRest',
    edit: sed('postgres-pgbackrest', 'us-east-1-1.conf', 'process-max=2', 'process-max=4'),
  },
  {
    title: 'another compression',
    edit: sed('postgres-pgbackrest', 'us-east-1-1.conf', 'compress-type=zst', 'compress-type=zst\ncompress-level=6'),
  },
  {
    title: 'another order of repositories’ lines',
    edit: sed('postgres-pgbackrest', 'us-east-1-1.conf', /(repo2-type=s3\n)(repo2-path=.*\n)/, '$2$1'),
  },
  { title: 'memory of Redis', edit: sed('redis', 'redis.conf', 'appendonly yes', 'maxmemory 3gb\nappendonly yes') },
  {
    title: 'a comment in a script',
    edit: sed('postgres-scripts', 'archive-push.sh', '#!/bin/sh\n', '#!/bin/sh\n# Ships one segment.\n\n'),
  },
  {
    title: 'resources of a pod',
    edit: container('StatefulSet', 'postgres', (one) => {
      one.resources = { limits: { memory: '8Gi' } };
    }),
  },
  {
    title: 'a variable of the log',
    edit: container('Deployment', 'dr-monitor', ({ env }) => {
      env.push({ name: 'LOG_LEVEL', value: 'debug' });
    }),
  },
  {
    title: 'the description of a key',
    edit: change('Key', 'aws-storage-key-us-east-1', (inputs) => {
      inputs.description = 'Backups';
    }),
  },
  {
    title: 'tags of a bucket',
    edit: change('Bucket', 'go-coffee-backups', (inputs) => {
      inputs.tags = { team: 'platform' };
    }),
  },
  {
    title: 'a label of a StatefulSet',
    edit: change('StatefulSet', 'redis', ({ metadata }) => {
      metadata.labels.team = 'platform';
    }),
  },
  {
    title: 'an annotation of an alert',
    edit: change('PrometheusRule', 'dr-monitor', ({ spec }) => {
      spec.groups[0].rules[0].annotations.summary = 'Late';
    }),
  },
  {
    title: 'a policy in another order',
    edit: change('Key', 'aws-storage-key-us-east-1', (inputs) => {
      const document = JSON.parse(inputs.policy);
      document.Statement.reverse();
      inputs.policy = JSON.stringify(document);
    }),
  },
  {
    title: 'a new image',
    edit: container('StatefulSet', 'redis', (one) => {
      one.image = 'example/redis:8';
    }),
    shows: ['image of redis in StatefulSet redis'],
  },
];
