/** What `dr setup`, `dr adopt`, `dr restore` and `dr uninstall` refuse by their command lines alone, before they look at anything. */
import { expect, test } from 'vitest';
import { dr } from '../run-dr.ts';

test.each([
  [['setup', '--folder', 'uploads'], /--folder: "uploads" is not WORKLOAD=/],
  [['setup', '--folder', 'uploads=here'], /--folder: "uploads=here" is not WORKLOAD=/],
  [['setup', '--folder', 'uploads=/srv/there-is-none'], /--folder uploads: \/srv\/there-is-none does not exist/],
  [['setup', '--folder', 'nosuch=/tmp'], /--folder nosuch: the plan has no folder "nosuch"/],
  [['setup', '--look', '/srv/there-is-none'], /--look: \/srv\/there-is-none does not exist/],
  [['setup', '--look', '/etc/passwd'], /--look: \/etc\/passwd is not a folder/],
  [
    ['setup', '--redis-password', '/srv/there-is-none'],
    /\/srv\/there-is-none, which --redis-password names, does not exist/,
  ],
  [['setup', '--postgres-password', '/tmp'], /\/tmp, which --postgres-password names, is not a file/],
  [['setup', '--context', 'prod', '--stack', '../x y'], /--stack: "..\/x y" is not a valid name/],
  [['setup', '--context', ''], /--context: its value is empty/],
  [['setup', '--context', 'prod', '--kubeconfig', '/there/is/none'], /KUBECONFIG-UNREADABLE.*\n.*--kubeconfig/],
  [['adopt', 'postgres', '--stack', 's', '--from', ''], /--from: "" is neither a host nor a Service/],
  [['adopt', 'redis', '--stack', 's', '--from', 'db:99999'], /--from: "db:99999" is neither/],
  [['adopt', 'postgres', '--stack', 's', '--from', 'db', '--slot-limit', '-5GB'], /--slot-limit: "-5GB" is not a size/],
  [['setup', '--stack', 'production'], /--stack is for a cluster, and --context is missing/],
  [['setup', '--endpoint', 'primary=https://s3.example.com'], /--endpoint is for a cluster/],
  [['setup', '--namespace', 'shop'], /--namespace is for a cluster/],
  [['setup', '--context', 'prod', '--redis-password', '/x'], /--redis-password is for a host/],
  [['setup', '--context', 'prod', '--endpoint', 'primary'], /--endpoint: "primary" is not REPOSITORY=https/],
  [['--env', '/etc/go-coffee-dr/dr.yaml', 'setup'], /--env: dr setup makes the file/],
  [['restore', '--stack', 's', '--to', 'latest', '--select', 'deployment'], /SELECT-FORM/],
  [['restore', '--stack', 's', '--to', 'soon', '--select', 'deployment/api'], /"soon" is not a recovery target/],
  [['restore', '--stack', 's', '--to', 'latest', '--select', 'deployment/api', '--wait', '5'], /WAIT-FORM --wait/],
  [['uninstall'], /uninstall: --plan is missing/],
  [['uninstall', '--plan', '--env', '/there/is/none.yaml'], /ENV-MISSING/],
])('dr %j: exit 2', async (words, said) => {
  const { exit, stderr } = await dr(words);
  expect([exit, stderr]).toEqual([2, expect.stringMatching(said)]);
});
