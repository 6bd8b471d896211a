/** What `dr setup --context` tells a person. */
import { plural } from '../../../recovery/report/format.ts';
import { table } from '../../../recovery/report/table.ts';
import type { ClusterSetup } from '../../../recovery/setup/cluster/setup.ts';
import { coverageLines, unansweredLines } from './found-text.ts';

const listed = (names: readonly string[]): string => (names.length === 0 ? 'none' : names.join(', '));

function networkUnknown(unread: readonly string[]): string {
  return unread.includes('daemonsets.apps')
    ? 'the DaemonSets could not be read'
    : 'no DaemonSet or API group that is known';
}

function rows({ facts, proposal }: ClusterSetup): string[][] {
  const platform = facts.namespaces.filter(({ workloads }) => workloads > 0);
  return [
    ['Kubernetes', facts.version, facts.nodes === undefined ? 'nodes unknown' : plural(facts.nodes, 'node')],
    ...platform.map(({ name, security, quotas, workloads, budgets }) => [
      'namespace',
      name,
      `${plural(workloads, 'workload')}; Pod Security ${security ?? 'not set'}; quotas: ${listed(quotas)}; budgets: ${listed(budgets)}`,
    ]),
    ...facts.operators.map(({ name, group }) => ['operator', name, `API group ${group}`]),
    ...facts.storageClasses.map(({ name, provisioner, isDefault, shared }) => [
      'storage class',
      name,
      `${provisioner}${isDefault ? ', the default' : ''}; ReadWriteMany: ${shared ?? 'not known'}`,
    ]),
    ...facts.snapshotClasses.map((name) => ['snapshot class', name, 'CSI snapshots']),
    ['network', facts.network?.name ?? 'not recognised', facts.network?.by ?? networkUnknown(facts.unread)],
    ...facts.prometheus.map((namespace) => [
      'Prometheus',
      namespace,
      `operator: ${facts.prometheusOperator ? 'yes' : 'no'}`,
    ]),
    ...proposal.volumes.map(({ id, claim: { namespace, name, size, mountedBy } }) => [
      'volume',
      `${namespace}/${name}`,
      `${size}; mounted by ${listed(mountedBy)}; copied as volumes.${id}`,
    ]),
    ...facts.stores.map(({ kind, object, by }) => [kind === 'postgres' ? 'PostgreSQL?' : 'Redis?', object, by]),
  ];
}

export function clusterText(setup: ClusterSetup): string {
  const { unanswered, notes, workloads } = setup.proposal;
  return [
    table(['found', 'where', 'what'], rows(setup)),
    ...coverageLines(workloads),
    ...notes.map((note) => `note: ${note}`),
    ...unansweredLines(unanswered),
  ].join('\n');
}
