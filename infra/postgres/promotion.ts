/** Promotes a standby: a Job with the generation in its name, so it runs once. */
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import { labelsOf } from '../cluster/labels.ts';
import type { PodSpec } from '../cluster/manifests.ts';
import { TLS_FILES } from '../cluster/paths.ts';
import { patroniJobSpec } from './patroni-job.ts';
import { POSTGRES_OBJECTS } from './pod.ts';
import { promotionScript } from './promotion-script.ts';

export interface PromotionArgs {
  readonly namespace: string;
  readonly generation: number;
  readonly image: string;
  /** Patroni's account, because its configuration is in the API's endpoints. */
  readonly serviceAccount: pulumi.Input<string>;
  /** Seconds without new WAL after which the followed site counts as stopped. */
  readonly archiveSilenceSeconds: number;
  /** WAL position where the followed site ended, once it is stopped for certain. */
  readonly end: string | undefined;
  readonly deadlineSeconds: number;
}

const PROMOTION = 'postgres-promotion';

function podSpec(args: PromotionArgs): PodSpec {
  const password = { secretKeyRef: { name: POSTGRES_OBJECTS.passwords, key: 'superuser' } };
  return patroniJobSpec({
    ...args,
    name: 'promote',
    script: promotionScript(args.archiveSilenceSeconds, args.end),
    env: [
      { name: 'PGPASSWORD', valueFrom: password },
      { name: 'PGCONNECT_TIMEOUT', value: '5' },
      { name: 'PGSSLMODE', value: 'verify-full' },
      { name: 'PGSSLROOTCERT', value: TLS_FILES.authority },
      { name: 'PGSSLCERT', value: TLS_FILES.certificate },
      { name: 'PGSSLKEY', value: TLS_FILES.key },
    ],
    // A member's: it becomes the superuser by that.
    certificate: POSTGRES_OBJECTS.tls,
  });
}

export class Promotion extends pulumi.ComponentResource {
  readonly job: k8s.batch.v1.Job;

  constructor(name: string, args: PromotionArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:postgres:Promotion', name, {}, opts);
    this.job = new k8s.batch.v1.Job(
      name,
      {
        metadata: {
          name: `${PROMOTION}-${args.generation}`,
          namespace: args.namespace,
          labels: labelsOf(PROMOTION),
          // A failed Job stays failed, so the next run replaces it.
          annotations: { 'pulumi.com/replaceUnready': 'true' },
        },
        // No TTL: after a refresh, the next run would make and run a deleted Job again.
        spec: {
          backoffLimit: 6,
          activeDeadlineSeconds: args.deadlineSeconds,
          template: {
            metadata: { labels: labelsOf(PROMOTION, ['dns', 'kubernetes-api', 'postgres']) },
            spec: podSpec(args),
          },
        },
      },
      {
        parent: this,
        // A promotion happens once: a later image must not repeat it.
        ignoreChanges: ['spec'],
        // A failed Job must release its name first.
        deleteBeforeReplace: true,
      },
    );
    this.registerOutputs({});
  }
}
