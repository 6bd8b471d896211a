/** Namespaces that are open, secrets that are readable, images that move. */
import { type BadCase, change, removal } from '../bad-case.ts';
import { which } from '../declared.ts';

export const CLUSTER: readonly BadCase[] = [
  removal(
    'default-deny',
    'the denial dropped',
    which('NetworkPolicy', 'default-deny'),
    'namespace "go-coffee" has no',
    '86',
  ),
  change(
    'default-deny',
    'a denial of one direction',
    which('NetworkPolicy', 'default-deny'),
    ({ spec }) => {
      spec.policyTypes = ['Ingress'];
    },
    'namespace "go-coffee" has no',
    '86',
  ),
  change(
    'open-network',
    'an opening for everybody',
    which('NetworkPolicy', 'into-postgres'),
    ({ spec }) => {
      spec.ingress = [{}];
    },
    'NetworkPolicy "into-postgres" opens ingress from everywhere',
    '86',
  ),
  change(
    'open-network',
    'an opening for all namespaces',
    which('NetworkPolicy', 'into-redis'),
    ({ spec }) => {
      spec.ingress[0].from = [{ namespaceSelector: {} }];
    },
    'opens ingress from the pods of every namespace',
    '86',
  ),
  change(
    'open-network',
    'a way out to the whole net',
    which('NetworkPolicy', 'reach-object-storage'),
    ({ spec }) => {
      spec.egress = [{ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }] }];
    },
    'opens egress to 0.0.0.0/0 by every port',
    '86',
  ),
  change(
    'open-network',
    'a way in from the whole net',
    which('NetworkPolicy', 'into-redis'),
    ({ spec }) => {
      spec.ingress[0].from = [{ ipBlock: { cidr: '0.0.0.0/0' } }];
    },
    'opens ingress from 0.0.0.0/0',
    '86',
  ),
  ...(
    [
      ['nothing but its name', 'CronJob "dr-daily" of a drill runs'],
      ['an archive', 'ConfigMap "postgres-patroni" of a drill archives: archive_mode is not off'],
      ['a first backup', 'Job "dr-init-us-east-1-1" of a drill runs `dr init`'],
      ['a way to everybody', 'NetworkPolicy "reach-alerting" of a drill opens egress: 0.0.0.0/0'],
    ] as const
  ).map(([title, says]) =>
    change(
      'isolation',
      `a drill with ${title}`,
      which('Namespace'),
      ({ metadata }) => {
        metadata.labels['go-coffee-dr/isolated'] = 'true';
      },
      says,
      '218',
    ),
  ),
  change(
    'isolation',
    'a drill that is half of a real platform',
    which('Namespace', 'go-coffee-dr'),
    ({ metadata }) => {
      metadata.labels['go-coffee-dr/isolated'] = 'true';
    },
    'Namespace "go-coffee" of a drill is not marked as one',
    '218',
  ),
  change(
    'pod-security',
    'a namespace with a weaker level',
    which('Namespace', 'go-coffee-dr'),
    ({ metadata }) => {
      metadata.labels['pod-security.kubernetes.io/enforce'] = 'baseline';
    },
    'namespace "go-coffee-dr" enforces pod security "baseline"',
    '30',
  ),
  change(
    'pod-security',
    'a namespace without a level',
    which('Namespace', 'go-coffee'),
    ({ metadata }) => {
      delete metadata.labels;
    },
    'enforces pod security nothing',
    '30',
  ),
  {
    rule: 'plain-secrets',
    title: 'a Secret in plain text',
    broken: (resources) =>
      resources.map((resource) => (which('Secret', 'dr-stores')(resource) ? { ...resource, secrets: [] } : resource)),
    says: 'Secret "dr-stores" has stringData',
    line: '85',
  },
  change(
    'plain-secrets',
    'one more key of a Secret, in plain text',
    which('Secret', 'dr-stores'),
    (inputs) => {
      inputs.data = { more: 'cGxhaW4=' };
    },
    'Secret "dr-stores" has data ["more"]',
    '85',
  ),
  change(
    'plain-secrets',
    'a ConfigMap with a key that is a secret',
    which('ConfigMap', 'dr-environment'),
    ({ data }) => {
      data['redis-password'] = 'hunter2';
    },
    'has key "redis-password", which looks like a secret',
    '85',
  ),
  change(
    'plain-secrets',
    'a ConfigMap with a password in its text',
    which('ConfigMap', 'redis'),
    ({ data }) => {
      data['redis.conf'] += 'requirepass hunter2\n';
    },
    'ConfigMap "redis" has a secret in the text of "redis.conf"',
    '85',
  ),
  change(
    'plain-secrets',
    'a password in an environment',
    which('CronJob', 'dr-daily'),
    ({ spec }) => {
      spec.jobTemplate.spec.template.spec.containers[0].env.push({ name: 'PGPASSWORD', value: 'hunter2' });
    },
    'has the value of "PGPASSWORD" in its environment',
    '85',
  ),
  change(
    'fixed-images',
    'an image by latest',
    which('StatefulSet', 'postgres'),
    ({ spec }) => {
      spec.template.spec.containers[0].image = 'example.com/go-coffee/postgres:latest';
    },
    'runs "example.com/go-coffee/postgres:latest"',
    '91',
  ),
  change(
    'fixed-images',
    'an image by a tag that moves with each release',
    which('CronJob', 'dr-daily'),
    ({ spec }) => {
      spec.jobTemplate.spec.template.spec.containers[0].image = 'example.com:5000/toolbox:1';
    },
    'runs "example.com:5000/toolbox:1", wanted a digest',
    '91',
  ),
  change(
    'fixed-images',
    'an image without a tag, at a port',
    which('StatefulSet', 'redis'),
    ({ spec }) => {
      spec.template.spec.containers[0].image = 'example.com:5000/redis';
    },
    'runs "example.com:5000/redis"',
    '91',
  ),
];
