/** Services of PostgreSQL: Patroni maintains the leader's endpoint, the others select pods by labels. */
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import { labelsOf, selectorOf } from '../cluster/labels.ts';
import { PORTS, POSTGRES } from '../cluster/ports.ts';

type Spec = k8s.types.input.core.v1.ServiceSpec;

const SQL = { name: 'postgres', port: PORTS.postgres };

const SERVICES: Readonly<Record<string, Spec>> = {
  // No selector: Patroni writes the leader's address into the endpoint of the same name.
  [POSTGRES]: { ports: [SQL, { name: 'pgbackrest', port: PORTS.pgbackrest }] },
  // Patroni keeps its configuration in this Service's endpoint. Without the Service Kubernetes would delete the endpoint.
  [`${POSTGRES}-config`]: { clusterIP: 'None' },
  [`${POSTGRES}-replicas`]: { selector: { ...selectorOf(POSTGRES), role: 'replica' }, ports: [SQL] },
  [`${POSTGRES}-members`]: {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: selectorOf(POSTGRES),
    ports: [SQL],
  },
};

export function makeServices(name: string, namespace: string, opts: pulumi.CustomResourceOptions): pulumi.Resource[] {
  return Object.entries(SERVICES).map(([service, spec]) => {
    // Their endpoints appear with the members, which don't wait for these Services.
    const annotations = { 'pulumi.com/skipAwait': 'true' };
    const metadata = { name: service, namespace, labels: labelsOf(POSTGRES), annotations };
    return new k8s.core.v1.Service(`${name}${service.slice(POSTGRES.length)}`, { metadata, spec }, opts);
  });
}
