import { beforeAll, describe, expect, test } from 'vitest';
import type { Resource } from '../../../infra/policy/resource.ts';
import { type Acceptance, parseAcceptance } from '../../../recovery/impact/accept.ts';
import { impactMarkdown } from '../../../recovery/impact/markdown.ts';
import { parseWritten } from '../../../recovery/impact/read.ts';
import { type ImpactReport, impactOf } from '../../../recovery/impact/report.ts';
import { changed, declaredBy, which, without } from '../../infra/policy/declared.ts';
import { previewOf } from './preview-of.ts';

let good: Resource[];

beforeAll(async () => {
  good = await declaredBy('production');
});

function impact(after: readonly Resource[], acceptances: readonly Acceptance[] = [], showSames = true): ImpactReport {
  const written = parseWritten('x.json', JSON.stringify(previewOf(good, after, showSames)));
  if (written.kind !== 'preview') return expect.unreachable('it is a preview');
  return impactOf(written, acceptances);
}

const of = ({ changes }: ImpactReport, what: string) => changes.find((change) => change.what === what);

/** The plan in both namespaces, with something changed. */
// biome-ignore lint/suspicious/noExplicitAny: a plan to be changed at any place
const withPlan = (edit: (plan: any) => void): Resource[] =>
  changed(good, which('ConfigMap', 'recovery-plan'), ({ data }) => {
    const plan = JSON.parse(data['plan.json']);
    edit(plan);
    data['plan.json'] = JSON.stringify(plan);
  });

const BUCKET = 'go-coffee-backups';

test('what does not change has no impact; RPO and RTO are shown all the same', () => {
  const report = impact(good);
  expect(report.refused).toEqual([]);
  expect(report.changes.every(({ verdict }) => verdict === 'same')).toBe(true);
  expect(of(report, 'worst-case RPO of P1')).toMatchObject({ before: '30 min', after: '30 min' });
  expect(of(report, 'RTO objective of P1')).toMatchObject({ before: '2 h', after: '2 h' });
  expect(impactMarkdown(report)).toContain('### Recovery impact: production\n\nNothing changes for recovery.');
});

describe('what gets worse', () => {
  test.each<[string, () => Resource[], string, string, string | undefined]>([
    [
      'a rarer schedule, by the plan and its job',
      () =>
        changed(
          withPlan(({ schedules }) => {
            schedules[1].cron = '0 */3 * * *';
          }),
          which('CronJob', 'dr-hourly'),
          ({ spec }) => {
            spec.schedule = '0 */3 * * *';
          },
        ),
      'worst-case RPO of P2',
      '2 h 40 min',
      '3 h 40 min',
    ],
    [
      'a rarer schedule, by the job alone',
      () =>
        changed(good, which('CronJob', 'dr-redis'), ({ spec }) => {
          spec.schedule = '30 * * * *';
        }),
      'CronJob dr-redis',
      '*/15 * * * *',
      '30 * * * *',
    ],
    [
      'a job that is gone',
      () => without(good, which('CronJob', 'dr-hourly')),
      'CronJob dr-hourly',
      '0 * * * *',
      undefined,
    ],
    [
      'a suspended drill',
      () =>
        changed(good, which('CronJob', 'dr-full-simulation'), ({ spec }) => {
          spec.suspend = true;
        }),
      'CronJob dr-full-simulation',
      '0 5 4 1,4,7,10 *',
      '0 5 4 1,4,7,10 *, suspended',
    ],
    [
      'an RTO',
      () =>
        withPlan(({ tiers }) => {
          tiers[0].rto = '3h';
        }),
      'RTO objective of P1',
      '2 h',
      '3 h',
    ],
    [
      'a retention',
      () =>
        withPlan(({ repositories }) => {
          repositories[0].retention = '7d';
        }),
      'retention of local',
      '30 d',
      '7 d',
    ],
    [
      'a region',
      () =>
        withPlan(({ repositories }) => {
          repositories[2].region = 'us-east-1';
        }),
      'regions of the copies',
      'eu-west-1, us-east-1',
      'us-east-1',
    ],
    [
      'versioning',
      () =>
        changed(good, which('BucketVersioning', BUCKET), (inputs) => {
          inputs.versioningConfiguration.status = 'Suspended';
        }),
      `versioning of ${BUCKET}`,
      'Enabled',
      'Suspended',
    ],
    [
      'a lock',
      () => without(good, which('BucketObjectLockConfiguration', BUCKET)),
      `lock of ${BUCKET}`,
      '90 d',
      undefined,
    ],
    [
      'encryption',
      () =>
        changed(good, which('BucketServerSideEncryptionConfiguration', BUCKET), ({ rules }) => {
          rules[0].applyServerSideEncryptionByDefault.sseAlgorithm = 'AES256';
        }),
      `encryption of ${BUCKET}`,
      'aws:kms',
      'AES256',
    ],
    [
      'the refusal of plain HTTP',
      () =>
        changed(good, which('BucketPolicy', BUCKET), (inputs) => {
          inputs.policy = inputs.policy.replace('"Deny"', '"Allow"');
        }),
      `plain HTTP to ${BUCKET}`,
      'refused',
      'let in',
    ],
    [
      'current objects that expire',
      () =>
        changed(good, which('BucketLifecycleConfiguration', BUCKET), ({ rules }) => {
          rules.push({ id: 'old', status: 'Enabled', filter: { prefix: '' }, expiration: { days: 90 } });
        }),
      `expiry of current objects in ${BUCKET}`,
      'never',
      '90 d',
    ],
    [
      'a class that takes hours to thaw',
      () =>
        changed(good, which('BucketLifecycleConfiguration', BUCKET), ({ rules }) => {
          for (const { transitions } of rules) if (transitions) transitions[1].storageClass = 'DEEP_ARCHIVE';
        }),
      `storage classes in ${BUCKET}`,
      'STANDARD_IA at 30 d, GLACIER_IR at 60 d',
      'STANDARD_IA at 30 d, DEEP_ARCHIVE at 60 d',
    ],
    [
      'instances',
      () =>
        changed(good, which('StatefulSet', 'postgres'), ({ spec }) => {
          spec.replicas = 1;
        }),
      'instances of postgres',
      '3',
      '1',
    ],
  ])('%s', (_, after, what, was, is) => {
    const report = impact(after());
    expect(of(report, what)).toMatchObject({ what, before: was, verdict: 'worse' });
    expect(of(report, what)?.after).toBe(is);
    expect(report.refused).toContain(what);
  });

  test('a changed job changes the worst case too, though the plan stays', () => {
    const report = impact(
      changed(good, which('CronJob', 'dr-hourly'), ({ spec }) => {
        spec.schedule = '0 */6 * * *';
      }),
    );
    expect(of(report, 'worst-case RPO of P2')).toMatchObject({
      verdict: 'worse',
      after: expect.stringMatching(/^6 h/),
    });
  });
});

test('what gets better, costs more or is only another way is said and lets through', () => {
  const after = changed(
    changed(good, which('StatefulSet', 'postgres'), ({ spec }) => {
      spec.replicas = 5;
      spec.volumeClaimTemplates[0].spec.resources.requests.storage = '500Gi';
    }),
    which('BucketObjectLockConfiguration', BUCKET),
    ({ rule }) => {
      rule.defaultRetention.mode = 'COMPLIANCE';
    },
  );
  const report = impact(after);
  expect(report.changes.filter(({ verdict }) => verdict !== 'same')).toEqual([
    {
      area: 'immutability',
      what: `mode of the lock of ${BUCKET}`,
      before: 'GOVERNANCE',
      after: 'COMPLIANCE',
      verdict: 'better',
    },
    { area: 'instances', what: 'instances of postgres', before: '3', after: '5', verdict: 'better' },
    { area: 'cost', what: 'volume data of postgres', before: '50Gi', after: '500Gi', verdict: 'changed' },
  ]);
  expect(report.refused).toEqual([]);
});

test('what only the update will know is said as such, and is not worse', () => {
  const report = impact(
    changed(good, which('BucketPolicy', BUCKET), (inputs) => {
      inputs.policy = '04da6b54-80e4-46f7-96ec-b56ff0331ba9';
    }),
  );
  expect(of(report, `plain HTTP to ${BUCKET}`)).toMatchObject({ after: 'known after the update', verdict: 'changed' });
});

describe('accepting', () => {
  const worse = () => without(good, which('CronJob', 'dr-full-simulation'));

  test.each(['drills', 'CronJob dr-full-simulation'])('%s lets it through, and the reason is shown', (what) => {
    const report = impact(worse(), [parseAcceptance(`${what}=moved to the staging cluster, see the runbook`)]);
    expect(report.refused).toEqual([]);
    const text = impactMarkdown(report);
    expect(text).toContain('| worse, accepted | drills | CronJob dr-full-simulation |');
    expect(text).toContain('- CronJob dr-full-simulation: moved to the staging cluster, see the runbook');
  });

  test('another area lets nothing through', () => {
    expect(impact(worse(), [parseAcceptance('cost=cheaper this way')]).refused).toEqual(['CronJob dr-full-simulation']);
  });

  test.each([
    ['drills', 'ACCEPT-INVALID', '"drills" gives no reason'],
    ['drills= ', 'ACCEPT-INVALID', '"drills= " gives no reason'],
    ['=because', 'ACCEPT-INVALID', '"=because" names no area or row'],
  ])('%s is refused', (text, code, fact) => {
    expect(() => parseAcceptance(text)).toThrow(expect.objectContaining({ code, fact, exit: 2 }));
  });

  test('a name that is none is refused, with the nearest', () => {
    expect(() => impact(worse(), [parseAcceptance('drill=why not')])).toThrow(
      expect.objectContaining({ code: 'ACCEPT-UNKNOWN', fact: expect.stringContaining('Did you mean "drills"') }),
    );
  });
});

test('a preview without what stays the same says that RPO and RTO do', () => {
  const after = without(good, which('CronJob', 'dr-full-simulation'));
  const report = impact(after, [], false);
  expect(report).toMatchObject({ planSeen: false, refused: ['CronJob dr-full-simulation'] });
  expect(impactMarkdown(report)).toContain('RPO and RTO stay as they are');
});

test('the comment: worst first to see, no cell breaks the table, new things folded away', () => {
  const extra: Resource = {
    type: 'kubernetes:core/v1:PersistentVolumeClaim',
    name: 'odd',
    props: { metadata: { name: 'a|b\n<script>' }, spec: { resources: { requests: { storage: '1Gi' } } } },
  };
  const text = impactMarkdown(impact([...without(good, which('BucketVersioning', BUCKET)), extra]));
  expect(text).toContain('**worse** | immutability | versioning of go-coffee-backups | Enabled | — |');
  expect(text).toContain('<details><summary>');
  expect(text).toContain(
    '| volume a\\|b &lt;script>, resized where it is if its class has allowVolumeExpansion | — | 1Gi |',
  );
  expect(text).toMatch(/\*\*1 thing gets worse\.\*\* To accept one, say why: `--accept "/);
});

test('no secret is in the report', () => {
  expect(JSON.stringify(impact(without(good, which('Secret', 'dr-stores'))))).not.toMatch(/random-|-secret/);
});
