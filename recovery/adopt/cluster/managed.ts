/** The stack's own PostgreSQL, asked and promoted in its pods. */
import { join } from 'node:path/posix';
import { DrError } from '../../core/errors.ts';
import type { ClusterAccess } from '../../kubernetes/access.ts';
import { runInPod } from '../../kubernetes/exec.ts';
import { parseRows, psqlArguments } from '../../kubernetes/psql.ts';
import type { SiteCluster } from '../../kubernetes/site-cluster.ts';
import { membersOf, POSTGRES_APP } from '../../workloads/postgres/members.ts';
import type { ManagedServer } from '../postgres/ports.ts';

/** Container that runs the server in a member's pod. */
const CONTAINER = 'postgres';

/** As infra/cluster/paths.ts and infra/postgres/scripts.ts have them. */
const STATE = '/var/lib/go-coffee-dr';
const ENGINE = 'pgbackrest';
const PATRONI = '/etc/patroni/patroni.yml';

export interface ManagedPlace {
  readonly access: ClusterAccess;
  readonly site: SiteCluster;
  readonly namespace: string;
  /** Of the generation that follows. */
  readonly lineage: () => Promise<string>;
}

/** The leader, or the furthest member. Throws `MANAGED-SILENT`. */
async function memberOf({ site, namespace }: ManagedPlace): Promise<string> {
  const [first] = await membersOf(site, namespace);
  if (first !== undefined) return first.pod;
  throw new DrError({
    code: 'MANAGED-SILENT',
    where: `namespace ${namespace}`,
    fact: 'no member of the stack’s PostgreSQL answers',
    hint: `kubectl -n ${namespace} get pods; kubectl -n ${namespace} logs postgres-0`,
  });
}

export function managedIn(place: ManagedPlace): ManagedServer {
  const { access, namespace } = place;
  const inMember = async (argv: readonly string[]) =>
    runInPod(access, { namespace, pod: await memberOf(place), container: CONTAINER }, argv);
  // Which member is the furthest changes seldom, and finding it asks each of them: seconds in which nobody can write.
  let last: string | undefined;
  const ask = async (argv: readonly string[]): Promise<string> => {
    const pod = last ?? (await memberOf(place));
    try {
      const answer = await runInPod(access, { namespace, pod, container: CONTAINER }, argv);
      last = pod;
      return answer;
    } catch (error) {
      last = undefined;
      throw error;
    }
  };
  return {
    describe: `PostgreSQL of the stack in ${namespace}`,
    async query(text, database = 'postgres') {
      return parseRows(text, await ask(psqlArguments(text, database)));
    },
    async promote() {
      const edit = ['edit-config', '--force', '--set', 'standby_cluster=null', POSTGRES_APP];
      await inMember(['patronictl', '--config-file', PATRONI, ...edit]);
      last = undefined;
    },
    async afterPromotion() {
      last = undefined;
      await inMember([join(STATE, ENGINE, await place.lineage(), 'after-adopt.sh')]);
    },
  };
}
