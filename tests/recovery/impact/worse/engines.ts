/** Changes of pgBackRest, of the scripts, of Redis and of what the jobs copy. */
import { PGBACKREST, REDIS, type RealChange } from '../real-change.ts';
import { change, sed } from '../recorded-sides.ts';

export const ENGINES: readonly RealChange[] = [
  {
    title: 'WAL that may be dropped',
    edit: PGBACKREST('archive-async=y', 'archive-async=y\narchive-push-queue-max=4GB'),
    row: 'pgBackRest archive-push-queue-max (us-east-1-1.conf of ConfigMap postgres-pgbackrest)',
  },
  {
    title: 'WAL that one command may drop',
    edit: PGBACKREST('[global:archive-push]', '[global:archive-push]\narchive-push-queue-max=1GiB'),
    row: 'pgBackRest archive-push-queue-max (us-east-1-1.conf of ConfigMap postgres-pgbackrest)',
  },
  {
    title: 'no encryption',
    edit: PGBACKREST('repo2-cipher-type=aes-256-cbc', 'repo2-cipher-type=none'),
    row: /^pgBackRest cipher-type of s3 go-coffee-backups /,
  },
  {
    title: 'a repository less',
    edit: PGBACKREST(/repo3-.*\n/g, ''),
    row: 'repositories of pgBackRest (us-east-1-1.conf of ConfigMap postgres-pgbackrest)',
  },
  {
    title: 'another bucket',
    edit: PGBACKREST('repo3-s3-bucket=go-coffee-backups-eu-west-1', 'repo3-s3-bucket=scratch'),
    row: 'repositories of pgBackRest (us-east-1-1.conf of ConfigMap postgres-pgbackrest)',
  },
  {
    title: 'sets that expire by themselves',
    edit: PGBACKREST('archive-async=y', 'archive-async=y\nrepo2-retention-full=2'),
    row: /^pgBackRest retention-full of s3 go-coffee-backups /,
  },
  {
    title: 'no check of the archive',
    edit: PGBACKREST('archive-async=y', 'archive-async=y\narchive-check=n'),
    row: 'pgBackRest archive-check (us-east-1-1.conf of ConfigMap postgres-pgbackrest)',
  },
  {
    title: 'a push script that does nothing',
    edit: sed('postgres-scripts', 'archive-push.sh', /exec pgbackrest.*/, 'exit 0'),
    row: 'what archive-push.sh of ConfigMap postgres-scripts does',
  },
  {
    title: 'a push script that ends early',
    edit: sed('postgres-scripts', 'archive-push.sh', '#!/bin/sh\n', '#!/bin/sh\nexit 0\n'),
    row: 'what archive-push.sh of ConfigMap postgres-scripts does',
  },
  ...(
    [
      ['that leaves out a repository', 'for repository in 1 2 3; do', 'for repository in 1 2; do'],
      ['that forgets what failed', 'else failed=$?; fi', 'else :; fi'],
      ['that is always content', 'exit "$failed"', 'exit 0'],
      ['that forgives', '"$failed" -eq 0 ]', '"$failed" -ge 0 ]'],
      ['that ends before it calls', 'running= served= failed=0', 'exit 0'],
    ] as const
  ).map(([title, from, to]) => ({
    title: `a push script ${title}`,
    edit: sed('postgres-scripts', 'archive-push.sh', from, to),
    row: 'what archive-push.sh of ConfigMap postgres-scripts does',
  })),
  {
    title: 'a script in another way',
    edit: sed('postgres-scripts', 'start.sh', 'exec patroni', 'export X=1\nexec patroni'),
    row: 'lines of start.sh of ConfigMap postgres-scripts',
    verdict: 'unknown',
  },
  {
    title: 'a start on any volume',
    edit: sed('postgres-scripts', 'start.sh', /if \[ -n "\$held" \][\s\S]*?fi\n/, ''),
    row: 'what start.sh of ConfigMap postgres-scripts does',
  },
  {
    title: 'a script that is gone',
    edit: change('ConfigMap', 'postgres-scripts', ({ data }) => delete data['archive-missing.sh']),
    row: 'archive-missing.sh of ConfigMap postgres-scripts',
  },
  {
    title: 'a variable that turns a check off',
    edit: change('StatefulSet', 'postgres', ({ spec }) =>
      spec.template.spec.containers[0].env.push({ name: 'PGBACKREST_ARCHIVE_CHECK', value: 'n' }),
    ),
    row: 'variable PGBACKREST_ARCHIVE_CHECK of postgres in StatefulSet postgres',
    verdict: 'unknown',
  },
  {
    title: 'data that goes with the pod',
    edit: change('StatefulSet', 'postgres', ({ spec }) =>
      spec.template.spec.volumes.push({ name: 'data', emptyDir: {} }),
    ),
    row: 'volume at /var/lib/postgresql/data of postgres in StatefulSet postgres',
  },
  {
    title: 'Redis without its file',
    edit: REDIS('appendonly yes', 'appendonly no'),
    row: 'Redis appendonly',
    says: /^It gets worse for P1 Critical .*a restart of Redis loses/,
  },
  { title: 'Redis without its file, by default', edit: REDIS('appendonly yes\n', ''), row: 'Redis appendonly' },
  {
    title: 'Redis without its file, by the command line',
    edit: change('StatefulSet', 'redis', ({ spec }) =>
      spec.template.spec.containers[0].command.push('--appendonly', 'no'),
    ),
    row: 'command of redis in StatefulSet redis',
  },
  {
    title: 'Redis that syncs when it likes',
    edit: REDIS('appendfsync everysec', 'appendfsync no'),
    row: 'Redis appendfsync',
  },
  { title: 'Redis without snapshots', edit: REDIS(/save .*/, 'save ""'), row: 'Redis save' },
  { title: 'rarer snapshots', edit: REDIS('save 900 1 300 100', 'save 7200 1 300 100'), row: 'Redis save' },
  { title: 'sessions that are dropped', edit: REDIS('noeviction', 'allkeys-lru'), row: 'Redis maxmemory-policy' },
  {
    title: 'a folder that the jobs forget',
    edit: sed('dr-environment', 'dr.yaml', / {2}uploads:\n.*\n/, ''),
    row: 'what the jobs copy by dr.yaml of ConfigMap dr-environment',
  },
  {
    title: 'a repository that the jobs forget',
    edit: sed('dr-environment', 'dr.yaml', / {2}secondary:\n[\s\S]*$/, ''),
    row: 'repositories in dr.yaml of ConfigMap dr-environment',
  },
];
