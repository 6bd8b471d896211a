/** Services of PostgreSQL, and the ways to the leader's: Patroni maintains its endpoint, the others select pods by labels. */
import * as k8s from '@pulumi/kubernetes';
import type * as pulumi from '@pulumi/pulumi';
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import { labelsOf, selectorOf } from '../cluster/labels.ts';
import { PORTS, POSTGRES, POSTGRES_MEMBERS } from '../cluster/ports.ts';
import { type ServiceWay, serviceWays } from '../cluster/service-ways.ts';

type Spec = k8s.types.input.core.v1.ServiceSpec;

const SQL = { name: 'postgres', port: PORTS.postgres };
const FILES = { name: 'pgbackrest', port: PORTS.pgbackrest };

const SERVICES: Readonly<Record<string, Spec>> = {
  // No selector: Patroni writes the leader's address into the endpoint of the same name.
  [POSTGRES]: { ports: [SQL, FILES] },
  // Patroni keeps its configuration in this Service's endpoint. Without the Service Kubernetes would delete the endpoint.
  [`${POSTGRES}-config`]: { clusterIP: 'None' },
  [`${POSTGRES}-replicas`]: { selector: { ...selectorOf(POSTGRES), role: 'replica' }, ports: [SQL] },
  [POSTGRES_MEMBERS]: {
    clusterIP: 'None',
    publishNotReadyAddresses: true,
    selector: selectorOf(POSTGRES),
    ports: [SQL, FILES],
  },
};

/** A drill makes no backups, so nothing may reach pgBackRest's server there. */
const WAYS: readonly ServiceWay[] = [
  { target: 'postgres', port: PORTS.postgres },
  { target: 'pgbackrest', port: PORTS.pgbackrest },
];

export interface ServicesArgs {
  readonly namespaces: Namespaces;
  /** @default false */
  readonly isolated?: boolean | undefined;
}

/** The addresses are known only when the Service is there. */
function makeWays(
  name: string,
  { namespaces, isolated = false }: ServicesArgs,
  { spec }: k8s.core.v1.Service,
  opts: pulumi.CustomResourceOptions,
): pulumi.Resource[] {
  const { platform, recovery } = namespaces;
  const ways = WAYS.filter(({ target }) => !isolated || target !== 'pgbackrest');
  return ways.flatMap((way) =>
    [platform, recovery].map((namespace) => {
      const policy = `reach-${way.target}-service`;
      const made = spec.apply(({ clusterIP, clusterIPs = [clusterIP] }) => {
        const found = serviceWays(namespaces, way, clusterIPs).find((each) => each.namespace === namespace);
        if (found === undefined) throw new RangeError(`no way to ${way.target} in ${namespace}`);
        return found.spec;
      });
      return new k8s.networking.v1.NetworkPolicy(
        `${name}-${namespace}-${policy}`,
        { metadata: { name: policy, namespace, labels: labelsOf(policy) }, spec: made },
        opts,
      );
    }),
  );
}

export function makeServices(name: string, args: ServicesArgs, opts: pulumi.CustomResourceOptions): pulumi.Resource[] {
  const namespace = args.namespaces.platform;
  return Object.entries(SERVICES).flatMap(([service, spec]) => {
    // Their endpoints appear with the members, which don't wait for these Services.
    const annotations = { 'pulumi.com/skipAwait': 'true' };
    const metadata = { name: service, namespace, labels: labelsOf(POSTGRES), annotations };
    const made = new k8s.core.v1.Service(`${name}${service.slice(POSTGRES.length)}`, { metadata, spec }, opts);
    return service === POSTGRES ? [made, ...makeWays(name, args, made, opts)] : [made];
  });
}
