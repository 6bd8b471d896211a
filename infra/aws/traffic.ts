/** DNS records for the traffic of users. The stack's role decides the active entrance; a failing health check never promotes a site. */
import * as aws from '@pulumi/aws';
import * as pulumi from '@pulumi/pulumi';
import type { Role, Traffic } from '../config/types.ts';

export interface TrafficRecordsArgs extends Traffic {
  readonly role: Role;
  /** Whether this stack follows, or followed until its promotion, another site. */
  readonly follows: boolean;
}

type Entrance = 'primary' | 'standby';

/** The entrance that users reach. It is the standby's only after its promotion. */
function activeEntrance({ role, follows }: Pick<TrafficRecordsArgs, 'role' | 'follows'>): Entrance {
  return role === 'primary' && follows ? 'standby' : 'primary';
}

const TTL_SECONDS = 60;
/** 3 × 30 s, so that a restart of the entrance does not move the traffic. */
const CHECK = { type: 'HTTPS', port: 443, requestInterval: 30, failureThreshold: 3 } as const;

export class TrafficRecords extends pulumi.ComponentResource {
  constructor(name: string, args: TrafficRecordsArgs, opts: pulumi.ComponentResourceOptions) {
    super('go-coffee-dr:aws:TrafficRecords', name, {}, opts);
    const { zoneId, names, healthPath } = args;
    const active = activeEntrance(args);
    const passive: Entrance = active === 'primary' ? 'standby' : 'primary';
    const check = (entrance: Entrance) => {
      const left = active === 'standby' && entrance === 'primary';
      return new aws.route53.HealthCheck(
        `${name}-${entrance}`,
        {
          ...CHECK,
          fqdn: args[entrance],
          resourcePath: healthPath,
          enableSni: true,
          measureLatency: false,
          // The former primary site may come back with old data, so it counts as unhealthy until a failback.
          ...(left ? { disabled: true, invertHealthcheck: true } : { disabled: false, invertHealthcheck: false }),
          tags: { Name: `${name}-${entrance}` },
        },
        { parent: this },
      );
    };
    const checks = { primary: check('primary'), standby: check('standby') };
    for (const host of names) {
      // Only the values of the records change with the role. Route 53 would refuse to swap PRIMARY and SECONDARY one by one.
      const record = (place: 'active' | 'passive', type: 'PRIMARY' | 'SECONDARY', entrance: Entrance) =>
        new aws.route53.Record(
          `${name}-${host}-${place}`,
          {
            zoneId,
            name: host,
            type: 'CNAME',
            ttl: TTL_SECONDS,
            setIdentifier: place,
            failoverRoutingPolicies: [{ type }],
            healthCheckId: checks[entrance].id,
            records: [args[entrance]],
          },
          { parent: this },
        );
      record('active', 'PRIMARY', active);
      record('passive', 'SECONDARY', passive);
    }
    this.registerOutputs({ active });
  }
}
