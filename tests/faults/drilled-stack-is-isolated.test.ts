/**
 * A drilled platform can't call out to the world or back itself up: the stack's own part. This proves what is declared. Whether a
 * network enforces it is tried in `tests/cluster/scenarios/quarantine.ts`.
 */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { declaredPlan } from '../../infra/policy/effective-plan.ts';
import type { Resource } from '../../infra/policy/resource.ts';
import { breaches } from '../../infra/policy/rule.ts';
import { RULES } from '../../infra/policy/rules.ts';
import type { ResolvedPoint } from '../../recovery/points/resolved/resolved-point.ts';
import { find, kinds, object, podsOf } from '../infra/objects.ts';
import { changed, which } from '../infra/policy/declared.ts';
import { record, STORED_SECRETS } from '../infra/recording.ts';
import { PIN as RECOVERY_PIN } from '../infra/recovered/recovery-stack.ts';

const POINT = '20261123T011500Z-incremental-0000';
const PIN: ResolvedPoint = {
  ...RECOVERY_PIN,
  files: [{ workload: 'uploads', point: POINT, snapshot: 'b'.repeat(64), capturedAt: '2026-11-23T01:15:00Z' }],
};
const PLATFORM = 'go-coffee-drill-1';
const RECOVERY = 'go-coffee-drill-1-dr';
const CONFIG = {
  role: 'recovery',
  site: 'drill-1',
  folders: { uploads: 'uploads' },
  namespaces: { platform: PLATFORM, recovery: RECOVERY },
  secrets: { from: 'config' },
  secretValues: STORED_SECRETS,
  // Everything that could alert somebody: a drill alerts nobody.
  alertTargets: { slackWebhook: 'https://hooks.slack.test/x', pingUrl: 'https://ping.test/x' },
  monitoring: { prometheusOperator: true, namespace: 'monitoring' },
};
const upBefore = {
  previous: { leads: true, site: 'drill-1', generation: 1, recoveredFrom: PIN },
};
const settings = { from: 'latest', repository: 'secondary' };

const drilled = await record('local', { ...CONFIG, recovery: { ...settings, isolated: true } }, upBefore);
// The same stack without `isolated`: the assertions below must tell the two apart.
const real = await record('local', { ...CONFIG, recovery: settings }, upBefore);

interface Policy {
  readonly metadata: { readonly name: string; readonly namespace: string };
  readonly spec: {
    readonly podSelector: { readonly matchLabels?: Record<string, string> };
    readonly policyTypes: readonly string[];
    readonly egress?: readonly { to?: unknown[]; ports?: { port: number }[] }[];
    readonly ingress?: readonly { from?: unknown[]; ports?: { port: number }[] }[];
  };
}

const policies = (of: typeof drilled) =>
  kinds(of, 'NetworkPolicy').map(({ manifest }) => manifest as unknown as Policy);

/** `namespace/policy: who → where:port`, a line each. */
function waysOut(of: typeof drilled): string[] {
  return policies(of).flatMap(({ metadata, spec }) =>
    (spec.egress ?? []).map(({ to = ['everywhere'], ports = [] }) => {
      const where = to.map((peer) => JSON.stringify(peer).replaceAll(/[{}"]/g, '')).join(' | ');
      return `${metadata.namespace}/${metadata.name} → ${where} :${ports.map(({ port }) => port).join(',')}`;
    }),
  );
}

const named = (namespace: string, pod: string) =>
  `namespaceSelector:matchLabels:kubernetes.io/metadata.name:${namespace},podSelector:matchLabels:app.kubernetes.io/name:${pod},go-coffee-dr/owner:stack`;

describe('egress', () => {
  test('is denied to every pod of both namespaces', () => {
    const denied = policies(drilled).filter(({ metadata }) => metadata.name === 'default-deny');
    expect(denied.map(({ metadata }) => metadata.namespace).sort()).toEqual([PLATFORM, RECOVERY]);
    for (const { spec } of denied) expect(spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
  });

  test('is open for DNS, the stores, the repository that is read and Patroni’s elections; every rule is listed here', () => {
    const ofEach = [PLATFORM, RECOVERY].flatMap((namespace) => [
      `${namespace}/reach-dns → namespaceSelector:matchLabels:kubernetes.io/metadata.name:kube-system :53,53`,
      `${namespace}/reach-kubernetes-api → ipBlock:cidr:0.0.0.0/0,except:[169.254.0.0/16] :443,6443`,
      `${namespace}/reach-object-storage → ipBlock:cidr:0.0.0.0/0,except:[169.254.0.0/16] :7070`,
      `${namespace}/reach-postgres → ${named(PLATFORM, 'postgres')} :5432`,
      `${namespace}/reach-postgres-service → ipBlock:cidr:10.100.0.7/32 :5432`,
      `${namespace}/reach-redis → ${named(PLATFORM, 'redis')} :6379`,
    ]);
    const members = `${PLATFORM}/among-postgres-members → podSelector:matchLabels:app.kubernetes.io/name:postgres,go-coffee-dr/owner:stack :5432,8008`;
    expect(waysOut(drilled).sort()).toEqual([...ofEach, members].sort());
    expect(waysOut(real).filter((way) => /alerting|pgbackrest/.test(way))).toHaveLength(6);
  });

  test('to an address is open only for pods with that label: the stores and the checks', () => {
    for (const { metadata, spec } of policies(drilled)) {
      if (!JSON.stringify(spec.egress ?? []).includes('ipBlock')) continue;
      const reach = metadata.name.replace(/^reach-|-service$/g, '');
      expect(spec.podSelector).toEqual({ matchLabels: { [`reach.go-coffee/${reach}`]: 'allowed' } });
    }
    const running = podsOf(drilled).filter(({ of }) => !of.startsWith('CronJob'));
    const reaching = running.filter(({ labels }) => labels['reach.go-coffee/object-storage'] === 'allowed');
    expect(reaching.map(({ of }) => of).sort()).toEqual(['StatefulSet postgres', 'StatefulSet redis']);
  });
});

test('no pod of another namespace may connect', () => {
  const peers = policies(drilled).flatMap(({ spec }) =>
    (spec.ingress ?? []).flatMap(({ from = ['everybody'] }) => from),
  );
  const namespaces = peers.map((peer) => {
    const { namespaceSelector, podSelector } = peer as Record<string, { matchLabels: Record<string, string> }>;
    return namespaceSelector?.matchLabels['kubernetes.io/metadata.name'] ?? (podSelector ? PLATFORM : 'anywhere');
  });
  expect([...new Set(namespaces)].sort()).toEqual([PLATFORM, RECOVERY]);
  expect(JSON.stringify(policies(real))).toContain('"monitoring"');
  expect(JSON.stringify(policies(drilled))).not.toContain('"monitoring"');
});

describe('a drill makes no copies of its own', () => {
  test('each CronJob is declared, and suspended', () => {
    const suspended = (of: typeof drilled) =>
      kinds(of, 'CronJob').map(({ manifest }) => [
        manifest.metadata.name,
        (manifest.spec as { suspend: boolean }).suspend,
      ]);
    expect(
      suspended(drilled)
        .map(([name]) => name)
        .sort(),
    ).toEqual(
      suspended(real)
        .map(([name]) => name)
        .sort(),
    );
    expect(suspended(drilled).filter(([, off]) => off !== true)).toEqual([]);
    expect(suspended(real).filter(([, off]) => off === true)).toEqual([]);
  });

  test('no repository is prepared, no first backup runs, and no pod waits for a missing claim', () => {
    const jobs = (of: typeof drilled) => kinds(of, 'Job').map(({ manifest }) => manifest.metadata.name);
    expect(jobs(drilled).filter((name) => /^dr-/.test(name))).toEqual([]);
    expect(
      jobs(real)
        .filter((name) => /^dr-/.test(name))
        .sort(),
    ).toEqual(['dr-full-drill-1-1', 'dr-init-drill-1-1', 'dr-seed-uploads']);
    expect(find(drilled, 'PersistentVolumeClaim', 'local-repository')).toBeUndefined();
    expect(kinds(drilled, 'Deployment').map(({ manifest }) => manifest.metadata.name)).toEqual([]);
  });

  test('PostgreSQL archives nothing: neither the mode, nor a command, nor a configuration, nor a key', () => {
    type Data = { data: Record<string, string> };
    const config = parse(object<Data>(drilled, 'ConfigMap', 'postgres-patroni').data['patroni.yml'] ?? '');
    expect(config.postgresql.parameters).toMatchObject({ archive_mode: 'off', max_logical_replication_workers: 0 });
    expect(config.postgresql.parameters).not.toHaveProperty('archive_command');
    expect(config.postgresql).not.toHaveProperty('recovery_conf');
    const scripts = object<Data>(drilled, 'ConfigMap', 'postgres-scripts').data;
    expect(Object.keys(scripts).sort()).toEqual(['after-init.sh', 'restore.sh', 'source-get.sh', 'start.sh']);
    expect(scripts['restore.sh']).toContain("'--archive-mode=off'");
    expect(scripts['restore.sh']).not.toContain('archive_(mode|');
    const pgbackrest = object<Data>(drilled, 'ConfigMap', 'postgres-pgbackrest').data;
    expect(Object.keys(pgbackrest).sort()).toEqual(['local-1.conf', 'server.conf']);
    expect(find(drilled, 'Secret', 'postgres-writer')).toBeUndefined();
    expect(Object.keys(object<{ stringData: object }>(drilled, 'Secret', 'postgres-keys').stringData)).toEqual([
      'secondary.passphrase',
    ]);
  });

  test('none of its keys can write, and it knows one repository only', () => {
    const texts = kinds(drilled, 'Secret').map(({ manifest }) => JSON.stringify(manifest));
    for (const text of texts)
      expect(text).not.toMatch(/-writer-(id|secret)|-admin-(id|secret)|pass-(local|primary|offsite)/);
    const { data } = object<{ data: Record<string, string> }>(drilled, 'ConfigMap', 'dr-environment');
    expect(Object.keys(parse(data['dr.yaml'] ?? '').repositories)).toEqual(['secondary']);
  });
});

test('it alerts nobody: no monitor, no scrape, no rule, no route, no ping', () => {
  const told = ['PrometheusRule', 'ServiceMonitor', 'AlertmanagerConfig'];
  for (const kind of told) {
    expect([kind, kinds(drilled, kind).length]).toEqual([kind, 0]);
    expect([kind, kinds(real, kind).length]).not.toEqual([kind, 0]);
  }
  expect(find(drilled, 'Secret', 'dr-alerts')).toBeUndefined();
  expect(find(drilled, 'ConfigMap', 'dr-dashboard')).toBeUndefined();
});

test('its namespaces are labelled as a drill’s and are removed with the stack; real ones never are', () => {
  for (const [recording, kept] of [
    [drilled, false],
    [real, true],
  ] as const) {
    const held = recording.filter(({ type }) => /:(Namespace|PersistentVolumeClaim|StatefulSet)$/.test(type));
    // Those of members end with their generation, and stay: a protected one would stop that `up`.
    const ofMembers = held.filter(({ name }) => /-claim-\d+-data-\d+$/.test(name));
    expect(ofMembers.length).toBeGreaterThan(1);
    expect(ofMembers.map(({ retainOnDelete }) => retainOnDelete ?? false)).toEqual(ofMembers.map(() => kept));
    const others = held.filter((each) => !ofMembers.includes(each));
    expect(others.map(({ protect }) => protect)).toEqual(others.map(() => kept));
    expect(held.some(({ retainOnDelete }) => retainOnDelete)).toBe(kept);
    const labels = kinds(recording, 'Namespace').map(({ manifest }) => manifest.metadata.labels);
    for (const each of labels) expect(each?.['go-coffee-dr/isolated']).toBe(kept ? undefined : 'true');
  }
});

describe('the policy pack', () => {
  const resources = drilled.map(
    ({ type, name, inputs, secrets }): Resource => ({ type, name, props: inputs, secrets }),
  );
  const found = (given: readonly Resource[]) =>
    RULES.flatMap((rule) =>
      breaches(rule, { resources: given, plan: declaredPlan(given).plan }).map(
        (breach) => `${rule.id}: ${breach.found}`,
      ),
    );

  test('finds nothing in a drill', () => {
    expect(found(resources)).toEqual([]);
  });

  // biome-ignore lint/suspicious/noExplicitAny: inputs of any resource
  const cases: [string, Parameters<typeof changed>[1], (inputs: any) => void][] = [
    [
      'CronJob "dr-daily" of a drill runs',
      which('CronJob', 'dr-daily'),
      ({ spec }) => {
        spec.suspend = false;
      },
    ],
    [
      'CronJob "dr-verify" of a drill runs',
      which('CronJob', 'dr-verify'),
      ({ spec }) => {
        delete spec.suspend;
      },
    ],
    [
      'NetworkPolicy "reach-dns" of a drill opens egress: 0.0.0.0/0',
      which('NetworkPolicy', 'reach-dns'),
      ({ spec }) => {
        spec.egress.push({ to: [{ ipBlock: { cidr: '0.0.0.0/0' } }], ports: [{ port: 443 }] });
      },
    ],
    [
      'NetworkPolicy "reach-dns" of a drill opens egress: namespace "kube-system"',
      which('NetworkPolicy', 'reach-dns'),
      ({ spec }) => {
        spec.egress[0].ports = [{ port: 443 }];
      },
    ],
    [
      'NetworkPolicy "into-redis" of a drill opens ingress: namespace "go-coffee"',
      which('NetworkPolicy', 'into-redis'),
      ({ spec }) => {
        spec.ingress[0].from[0].namespaceSelector.matchLabels['kubernetes.io/metadata.name'] = 'go-coffee';
      },
    ],
    [
      'NetworkPolicy "reach-postgres" of a drill opens egress: everywhere',
      which('NetworkPolicy', 'reach-postgres'),
      ({ spec }) => {
        spec.egress = [{}];
      },
    ],
    [
      'NetworkPolicy "reach-postgres-service" of a drill opens egress: 10.0.0.0/8',
      which('NetworkPolicy', 'reach-postgres-service'),
      ({ spec }) => {
        spec.egress[0].to[0].ipBlock.cidr = '10.0.0.0/8';
      },
    ],
    [
      'ConfigMap "postgres-patroni" of a drill archives: archive_mode is not off',
      which('ConfigMap', 'postgres-patroni'),
      ({ data }) => {
        data['patroni.yml'] = data['patroni.yml'].replace(/archive_mode: .*/, 'archive_mode: "on"');
      },
    ],
    [
      'Service "redis" of a drill is of type "LoadBalancer"',
      which('Service', 'redis'),
      ({ spec }) => {
        spec.type = 'LoadBalancer';
      },
    ],
    [
      `Namespace "${PLATFORM}" of a drill is not marked as one`,
      which('Namespace', PLATFORM),
      ({ metadata }) => {
        delete metadata.labels['go-coffee-dr/isolated'];
      },
    ],
  ];
  test.each(cases)('%s', (says, match, edit) => {
    expect(found(changed(resources, match, edit))).toContain(`isolation: ${says}`);
  });
});
