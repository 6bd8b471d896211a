/** PostgreSQL in the cluster: Patroni members that archive to every repository, and the objects that they need. */
import { createHash } from 'node:crypto';
import * as k8s from '@pulumi/kubernetes';
import * as pulumi from '@pulumi/pulumi';
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import { seconds } from '../../plan/duration.ts';
import { lineageName } from '../../plan/layout.ts';
import type { Plan } from '../../plan/types.ts';
import { after } from '../cluster/after.ts';
import { claimTemplates, declareClaims, keptSizes } from '../cluster/claims.ts';
import {
  accessData,
  CERTIFICATE_ANNOTATION,
  type Certificate,
  type ClusterSecrets,
  certificateData,
  certificateDigest,
  makeSecret,
  passphraseData,
} from '../cluster/keys.ts';
import { controllerSelector, labelsOf, selectorOf } from '../cluster/labels.ts';
import type { StorageRole } from '../cluster/paths.ts';
import type { Resources } from '../cluster/pod-security.ts';
import { POSTGRES, POSTGRES_MEMBERS } from '../cluster/ports.ts';
import { type ClusterRepository, writtenByEngines } from '../cluster/repository.ts';
import { fromRepository, type Origin } from '../config/role.ts';
import type { ServerParameters } from '../config/stores/parameters.ts';
import type { Bootstrap } from './bootstrap.ts';
import { dynamicSettings, parametersOf } from './dynamic.ts';
import { memberLabels, memberSpec, POSTGRES_OBJECTS } from './pod.ts';
import { Promotion } from './promotion.ts';
import { archiveSilence } from './promotion-script.ts';
import { renderMember } from './render.ts';
import { makeServices } from './services.ts';
import { Settings } from './settings.ts';
import type { SuperuserLogin } from './superuser.ts';
import { type WalStorage, walClaim } from './wal-volume.ts';

export interface PostgresArgs {
  readonly plan: Plan;
  readonly environment: string;
  readonly site: string;
  readonly generation: number;
  readonly namespaces: Namespaces;
  readonly repositories: pulumi.Input<readonly ClusterRepository[]>;
  readonly origin: Origin;
  /** With `primary` a standby is promoted. */
  readonly role: 'primary' | 'standby' | 'recovery';
  readonly image: string;
  readonly instances: number;
  readonly storage: string;
  /** @default the cluster's default class */
  readonly storageClass?: string | undefined;
  /** Of the WAL. @default the volume of the data */
  readonly walStorage?: WalStorage | undefined;
  readonly resources: Resources;
  /** Of pgBackRest in a restore. */
  readonly processes: number;
  /** Of pgBackRest's server in each pod. */
  readonly server: Resources;
  readonly spread: 'required' | 'preferred';
  readonly zones: 'required' | 'preferred';
  /** @default the cluster's default */
  readonly priorityClass?: string | undefined;
  /** `required`: nobody logs in over the network without TLS. @default only superuser and replication */
  readonly tls?: 'offered' | 'required' | undefined;
  readonly superuser: SuperuserLogin;
  readonly database: string;
  /** Beside those that this program sets; a change restarts the members, one after the other. */
  readonly parameters: ServerParameters;
  readonly secrets: ClusterSecrets;
  readonly certificate: Certificate;
  /** PEM texts by repository, for endpoints with an authority of their own. */
  readonly authorities: Readonly<Record<string, pulumi.Input<string>>>;
  readonly serviceAccount: pulumi.Input<string>;
  /** Takes over the claims that are there. */
  readonly shared: k8s.Provider;
  /** In a drill PostgreSQL archives nothing, has no writing keys, and is deleted with the stack. @default false */
  readonly isolated?: boolean | undefined;
  /** In a recovery with rotated secrets: role → new password. Other roles of the restored database lose their passwords. */
  readonly rolePasswords?: pulumi.Output<Record<string, string>> | undefined;
}

function bootstrapOf(origin: Origin, repositories: readonly ClusterRepository[]): Bootstrap {
  if (!fromRepository(origin)) return origin;
  const repository = repositories.find(({ id }) => id === origin.repository);
  if (repository === undefined) throw new RangeError(`the stack has no repository "${origin.repository}"`);
  const source = { repository, lineage: origin.lineage };
  return origin.kind === 'standby'
    ? { kind: 'standby', source }
    : { kind: 'recovery', source, set: origin.set, end: origin.end };
}

export class Postgres extends pulumi.ComponentResource {
  /** `<site>-<generation>`: only this cluster archives there. */
  readonly lineage: string;
  readonly superuser: SuperuserLogin;
  readonly statefulSet: k8s.apps.v1.StatefulSet;

  constructor(name: string, args: PostgresArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:postgres:Postgres', name, {}, opts);
    this.lineage = lineageName(args.site, args.generation);
    this.superuser = args.superuser;
    const files = this.#files(name, args);
    const secrets = this.#secrets(name, args);
    const services = makeServices(name, args, { parent: this });
    const needed = [...files.objects, ...secrets, ...services];
    const settings = this.#settings(name, args, needed);
    this.statefulSet = this.#members(name, args, files.checksum, [...needed, settings.job]);
    this.#budget(name, args);
    if (args.origin.kind === 'standby' && args.role === 'primary') {
      new Promotion(
        `${name}-promotion`,
        {
          namespace: args.namespaces.platform,
          generation: args.generation,
          image: args.image,
          serviceAccount: args.serviceAccount,
          archiveSilenceSeconds: archiveSilence(args.plan),
          end: args.origin.end,
          deadlineSeconds: tierSeconds(args.plan),
        },
        { parent: this, ...after([this.statefulSet]) },
      );
    }
    this.registerOutputs({ lineage: this.lineage });
  }

  #metadata(name: string, args: PostgresArgs): { name: string; namespace: string; labels: Record<string, string> } {
    return { name, namespace: args.namespaces.platform, labels: labelsOf(POSTGRES) };
  }

  #files(name: string, args: PostgresArgs): { checksum: pulumi.Output<string>; objects: pulumi.Resource[] } {
    const rendered = pulumi.output(args.repositories).apply((all) =>
      renderMember({
        plan: args.plan,
        database: args.database,
        bootstrap: bootstrapOf(args.origin, all),
        archiving: args.isolated !== true,
        rotate: args.rolePasswords !== undefined,
        processes: args.processes,
        parameters: parametersOf(args.parameters, args.origin),
        tls: args.tls,
        superuser: args.superuser,
        walVolume: args.walStorage !== undefined,
        archive: {
          environment: args.environment,
          lineage: this.lineage,
          repositories: writtenByEngines(args.plan, all),
          namespaces: args.namespaces,
        },
      }),
    );
    const map = (object: string, data: pulumi.Input<Record<string, pulumi.Input<string>>>) =>
      new k8s.core.v1.ConfigMap(
        `${name}-${object}`,
        { metadata: this.#metadata(object, args), data },
        { parent: this },
      );
    const { patroni, pgbackrest, scripts, authorities } = POSTGRES_OBJECTS;
    const files = Object.entries(args.authorities).map(([id, pem]) => [`${id}.crt`, pem] as const);
    const objects = [
      map(
        patroni,
        rendered.apply((r) => ({ 'patroni.yml': r.patroni })),
      ),
      map(
        pgbackrest,
        rendered.apply((r) => r.pgbackrest),
      ),
      map(
        scripts,
        rendered.apply((r) => r.scripts),
      ),
      ...(files.length === 0 ? [] : [map(authorities, Object.fromEntries(files))]),
    ];
    const checksum = rendered.apply((r) => createHash('sha256').update(r.restartOn).digest('hex'));
    return { checksum, objects };
  }

  #secrets(name: string, args: PostgresArgs): pulumi.Resource[] {
    const { passwords, keys, tls, access } = POSTGRES_OBJECTS;
    const roles = args.rolePasswords === undefined ? {} : { roles: pulumi.jsonStringify(args.rolePasswords) };
    const engines = args.plan.repositories.filter(({ written }) => written.by === 'engines').map(({ id }) => id);
    const make = (object: string, data: Parameters<typeof makeSecret>[2]) =>
      makeSecret(`${name}-${object}`, this.#metadata(object, args), data, { parent: this });
    return [
      make(passwords, { ...args.secrets.postgres, ...roles }),
      make(keys, passphraseData(args.secrets, engines)),
      make(tls, certificateData(args.certificate)),
      ...accessRoles(args).map((role) => {
        // The restorer's key is only for the source repository.
        const of = role === 'writer' || !fromRepository(args.origin) ? engines : [args.origin.repository];
        return make(access(role), accessData(args.secrets, role, of));
      }),
    ];
  }

  #members(
    name: string,
    args: PostgresArgs,
    checksum: pulumi.Output<string>,
    dependsOn: pulumi.Resource[],
  ): k8s.apps.v1.StatefulSet {
    const pod = memberSpec({
      image: args.image,
      serviceAccount: args.serviceAccount,
      lineage: this.lineage,
      access: accessRoles(args),
      spread: args.spread,
      zones: args.zones,
      priorityClass: args.priorityClass,
      resources: args.resources,
      server: args.server,
      rotate: args.rolePasswords !== undefined,
      walVolume: args.walStorage !== undefined,
    });
    const { storage, storageClass, generation, instances: members, isolated } = args;
    const claims = [{ volume: 'data', storage, storageClass }, ...walClaim(args)];
    const declared = declareClaims(
      `${name}-claim`,
      { set: POSTGRES, namespace: args.namespaces.platform, members, generation, claims, isolated },
      { parent: this, provider: args.shared },
    );
    return new k8s.apps.v1.StatefulSet(
      name,
      {
        metadata: this.#metadata(POSTGRES, args),
        spec: {
          serviceName: POSTGRES_MEMBERS,
          replicas: args.instances,
          // Patroni elects the leader. If members started in order, they could wait for each other for ever.
          podManagementPolicy: 'Parallel',
          // A member that dies right after its start must not let the next one go.
          minReadySeconds: 15,
          selector: { matchLabels: controllerSelector(POSTGRES) },
          persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain', whenScaled: 'Retain' },
          template: {
            metadata: {
              labels: memberLabels(),
              annotations: {
                'go-coffee-dr/config': checksum,
                [CERTIFICATE_ANNOTATION]: certificateDigest(args.certificate),
              },
            },
            spec: pod,
          },
          volumeClaimTemplates: claimTemplates(claims),
        },
      },
      {
        parent: this,
        dependsOn: [...dependsOn, ...declared],
        ignoreChanges: keptSizes(claims),
        protect: args.isolated !== true,
        // A restore may take as long as the tier's RTO.
        customTimeouts: { create: `${tierSeconds(args.plan)}s`, update: `${tierSeconds(args.plan)}s` },
      },
    );
  }

  #settings(name: string, args: PostgresArgs, needed: readonly pulumi.Resource[]): Settings {
    const settings = dynamicSettings(parametersOf(args.parameters, args.origin));
    const digest = createHash('sha256').update(JSON.stringify(settings)).digest('hex');
    const { namespaces, image, serviceAccount } = args;
    return new Settings(
      `${name}-settings`,
      { namespace: namespaces.platform, image, serviceAccount, settings, digest },
      { parent: this, ...after(needed) },
    );
  }

  #budget(name: string, args: PostgresArgs): void {
    new k8s.policy.v1.PodDisruptionBudget(
      name,
      {
        metadata: this.#metadata(POSTGRES, args),
        spec: { maxUnavailable: 1, selector: { matchLabels: selectorOf(POSTGRES) } },
      },
      { parent: this },
    );
  }
}

/** Storage keys that the members mount: for their own archive, and for their source repository. */
function accessRoles({ origin, secrets, isolated }: PostgresArgs): StorageRole[] {
  if (Object.keys(secrets.access).length === 0) return [];
  if (isolated === true) return ['restorer'];
  return fromRepository(origin) ? ['writer', 'restorer'] : ['writer'];
}

/** RTO of the database's tier. */
function tierSeconds(plan: Plan): number {
  const workload = plan.workloads.find(({ type }) => type === 'postgres');
  const tier = plan.tiers.find(({ id }) => id === workload?.tier);
  if (tier === undefined) throw new RangeError('the plan has no tier for PostgreSQL');
  return seconds(tier.rto);
}
