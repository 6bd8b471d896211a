/** Plans that promise less than the written one. */
import { type BadCase, change } from '../bad-case.ts';
import { which } from '../declared.ts';

/** The plan in the stack's ConfigMap, with something changed. */
// biome-ignore lint/suspicious/noExplicitAny: a plan to be made worse at any place
const plan = (title: string, edit: (plan: any) => void, says: string, line: string): BadCase =>
  change(
    'plan-kept',
    title,
    which('ConfigMap', 'recovery-plan'),
    (inputs) => {
      const text = JSON.parse(inputs.data['plan.json']);
      edit(text);
      inputs.data['plan.json'] = JSON.stringify(text);
    },
    says,
    line,
  );

export const PLAN: readonly BadCase[] = [
  plan(
    'a shorter retention',
    ({ repositories }) => {
      repositories[1].retention = '30d';
    },
    'primary is kept for 30d, and the written plan keeps it for 90d',
    '106',
  ),
  plan(
    'a shorter retention of the local copies',
    ({ repositories }) => {
      repositories[0].retention = '7d';
    },
    'local is kept for 7d',
    '99',
  ),
  plan(
    'a repository without its lock',
    ({ repositories }) => {
      delete repositories[2].immutable;
      repositories[2].storage = 'drive';
    },
    'secondary is locked for 0s',
    '106',
  ),
  plan(
    'a longer RPO',
    ({ objectives }) => {
      objectives.rpo.applicationData = '12h';
    },
    "RPO of applicationData is 12h, and the written plan's is 4h",
    '36–43',
  ),
  plan(
    'a longer RTO of a tier',
    ({ tiers }) => {
      tiers[0].rto = '6h';
    },
    'RTO of P1 is 6h',
    '49–52',
  ),
  plan('a repository less', ({ repositories }) => repositories.pop(), 'no repository offsite', '113'),
  plan('a test less', ({ tests }) => tests.shift(), 'no test database-restore', '215–230'),
  plan(
    'one region',
    ({ repositories }) => {
      repositories[2].region = 'us-east-1';
    },
    'in 1 region, and the written plan has 2',
    '105',
  ),
  change(
    'plan-kept',
    'a plan that is none',
    which('ConfigMap', 'recovery-plan'),
    ({ data }) => {
      data['plan.json'] = '{"kind": "Plan"}';
    },
    'plan.json is not a plan: ',
    '36–43',
  ),
];
