/** The platform's recovery, part by part. A stack's config alone decides which parts it has. */
import { type Input, log } from '@pulumi/pulumi';
import { lineageName } from '../plan/layout.ts';
import { AwsSide } from './aws/aws-side.ts';
import { stackProvider } from './aws/provider.ts';
import { declareTraffic } from './aws/traffic.ts';
import { after } from './cluster/after.ts';
import { Foundation } from './cluster/foundation.ts';
import { readingOnly } from './cluster/keys.ts';
import { outsideOf } from './cluster/outside.ts';
import { folderPath } from './cluster/paths.ts';
import { clusterProvider, sharedProvider } from './cluster/provider.ts';
import { quotasOf } from './cluster/quotas.ts';
import { authoritiesOf, clusterRepositories, localOf, usedOf } from './cluster/repository.ts';
import { readConfig } from './config/config.ts';
import { alertReceivers, copiedInPods, previewFindings } from './config/findings.ts';
import { repositoryLocations } from './config/locations.ts';
import { backsUp, beginsWithFull, isIsolated, leads, originOf, redisOrigin } from './config/role.ts';
import type { StackConfig } from './config/types.ts';
import { declareCopies } from './jobs/copies.ts';
import { externalAuthorities, withExternal } from './jobs/external.ts';
import { RecoverySite } from './jobs/recovery-site.ts';
import { Schedules } from './jobs/schedules.ts';
import { declareRoutes } from './monitoring/alert-routes.ts';
import { declareMonitor } from './monitoring/monitor.ts';
import { outputsOf } from './outputs.ts';
import { Certificates } from './pgbackrest/certificates.ts';
import { RepositoryServer } from './pgbackrest/repository-server.ts';
import { archivesOf } from './postgres/archives.ts';
import { Postgres } from './postgres/postgres.ts';
import { superuserLogin } from './postgres/superuser.ts';
import { marksOf } from './recovered/namespace.ts';
import { recoverPlatform } from './recovered/recover.ts';
import { rotationOf } from './recovered/rotate/rotation.ts';
import { watchOwn } from './recovered/select/own.ts';
import { checkStep } from './recovered/source/previous.ts';
import { resolvedPointOf } from './recovered/source/resolved-point.ts';
import { snapshotOf } from './recovered/source/snapshot.ts';
import { standbyObjects } from './recovered/source/standby-objects.ts';
import { Redis } from './redis/redis.ts';
import { RecoverySecrets } from './secrets.ts';
import { jobSizes, MONITOR_RESOURCES, repositoryServerResources } from './sizes.ts';
import { declareVolumes } from './volumes/volumes.ts';

export async function stack(config: StackConfig = readConfig()): Promise<Record<string, Input<unknown>>> {
  const isOwn = watchOwn();
  const previous = await checkStep(config);
  const { plan, namespaces, storage, images, storageClasses, external } = config;
  const { processes, access: volumeAccess } = config.backups;
  const isolated = isIsolated(config);
  for (const finding of previewFindings(config)) await log.warn(finding);
  // A drill's platform has no way to a git server.
  const git = isolated ? undefined : config.git;
  const places = repositoryLocations({ plan, storage });
  const only = isolated ? [config.recovery?.repository] : undefined;
  const { repositories, detached } = usedOf(clusterRepositories(plan, places), storage.detached, only);
  const localRepository = localOf(repositories);
  const authorities = authoritiesOf(places);

  // Without storage in AWS there is no provider, no account and no call.
  const account = storage.kind === 'aws' ? stackProvider('aws', config, storage) : undefined;
  const rotate = config.recovery?.rotateSecrets;
  const secrets = new RecoverySecrets('secrets', { plan, source: config.secrets, storage, provider: account, rotate });
  const keys = isolated ? readingOnly(secrets.cluster, config.recovery?.repository ?? '') : secrets.cluster;
  const given = { values: secrets.given, signingKeyName: keys.signingKey.name };
  const resolved = await resolvedPointOf(config, previous, given);
  const recovered =
    (await snapshotOf(config, previous, resolved, secrets.given)) ?? (await standbyObjects(config, previous, given));
  const rotation = await rotationOf(config, secrets, recovered?.platform);
  const origin = originOf(config, resolved);
  const copy = redisOrigin(config, resolved);
  const forAws = { config, secrets: secrets.values, seedsRedis: copy !== undefined, isolated };
  const aws =
    account && storage.kind === 'aws'
      ? new AwsSide('aws', { ...forAws, storage }, { providers: [account] })
      : undefined;
  const stored = aws?.ready ?? [];
  const certificates = new Certificates('certificates', { namespaces });
  const cluster = clusterProvider(config.cluster);
  const shared = sharedProvider(config.cluster);
  const outside = outsideOf(config, { repositories, git });
  const { accounts, guardrails } = new Foundation(
    'foundation',
    {
      namespaces,
      outside,
      quotas: quotasOf({ ...config, overrides: config.quotas, storesAlone: namespaces.existing.length > 0 }),
      roleArns: aws?.roleArns,
      clusterKinds: config.clusterKinds,
      ...marksOf(config, recovered?.platform),
      storageClasses,
      shared,
    },
    { providers: [cluster] },
  );
  const behindGuardrails = after(guardrails, cluster);
  // A drill's namespaces have no claims for folders: a pod that waits for one would wait for ever.
  const claimed = isolated ? {} : config.folders;
  const folders = Object.entries(claimed).map(([id, claim]) => ({ id, claim, path: folderPath(id) }));
  const claims = Object.fromEntries(folders.map(({ path, claim }) => [path, claim]));
  const recovery = new RecoverySite(
    'recovery',
    {
      ...config,
      database: config.postgres.database,
      processes,
      repositories,
      secrets: withExternal(keys, external.passwords),
      certificates,
      authorities: { ...authorities, ...externalAuthorities(external) },
      folders: Object.fromEntries(folders.map(({ id, path }) => [id, path])),
      claims: { ...Object.fromEntries(folders.map(({ id, claim }) => [claim, id])), ...config.claims },
      volumes: { ...config.backups, storageClass: storageClasses.backups },
      git,
      alerts: alertReceivers(config),
      isolated,
      retired: rotation?.retired,
    },
    behindGuardrails,
  );

  const server =
    localRepository &&
    external.postgres === undefined &&
    new RepositoryServer(
      'repository-server',
      {
        repository: localRepository,
        volumeAccess,
        archives: archivesOf({ ...config, origin, repositories }),
        namespace: namespaces.recovery,
        image: images.postgres,
        resources: repositoryServerResources(processes),
        certificate: certificates.repository,
      },
      after([...guardrails, ...recovery.ready], cluster),
    );

  const lineage = lineageName(config.site, config.generation);
  const postgres =
    external.postgres === undefined &&
    new Postgres(
      'postgres',
      {
        ...config,
        ...config.postgres,
        processes,
        superuser: superuserLogin(config, previous),
        server: repositoryServerResources(processes),
        repositories,
        origin,
        image: images.postgres,
        storageClass: storageClasses.postgres,
        resources: config.postgres,
        secrets: keys,
        certificate: certificates.postgres,
        authorities,
        isolated,
        rolePasswords: rotation?.rolePasswords,
        serviceAccount: accounts.postgres,
        shared,
      },
      // A standby begins from a repository; a leader that can't archive would fill its disk with WAL.
      after([...guardrails, ...stored, ...(server ? [server] : [])], cluster),
    );

  const copyRepository = repositories.find(({ id }) => id === copy?.repository);
  const redis =
    external.redis === undefined &&
    new Redis(
      'redis',
      {
        ...config.redis,
        namespace: namespaces.platform,
        generation: config.generation,
        image: images.redis,
        storageClass: storageClasses.redis,
        resources: config.redis,
        password: keys.redis,
        clientPassword: config.redisClientPassword,
        running: leads(config),
        isolated,
        seed: copy &&
          copyRepository && {
            ...config,
            repository: copyRepository,
            target: copy.target,
            authorities: postgres ? undefined : authorities,
            database: config.postgres.database,
            secrets: keys,
          },
        serviceAccount: accounts.redis,
        shared,
      },
      // It starts only when the database leads.
      after([...guardrails, ...stored, ...recovery.ready, ...(postgres ? [postgres] : [])], cluster),
    );
  const stores = [...(postgres ? [postgres] : []), ...(redis ? [redis] : [])];
  const pods = {
    image: images.toolbox,
    accounts,
    localRepository,
    volumeAccess,
    folders: claims,
    git: git && { hasCredentials: git.credentials !== undefined },
    ...jobSizes(processes),
  };
  const schedules = new Schedules(
    'schedules',
    {
      ...pods,
      plan,
      namespace: namespaces.recovery,
      reachable: repositories.map(({ id }) => id),
      detached: detached.map(({ id }) => id),
      copied: isolated ? [] : copiedInPods(plan, config),
      backsUp: backsUp(config),
      isolated,
      beginsWithFull: beginsWithFull(config),
      fullWithoutObjects: recovered !== undefined,
      lineage,
    },
    after([...guardrails, ...stored, ...recovery.ready, ...stores], cluster),
  );

  const copies = declareCopies(
    { config, resolved, pods, folders, lineage },
    {
      // With the server there, its volume decides in which zone the others are.
      folders: after([...guardrails, ...stored, ...recovery.ready, ...(server ? [server] : [])], cluster),
      stores: after([...guardrails, ...stored, ...recovery.ready, ...stores], cluster),
    },
  );

  // Alerts about the real platform must not come from a drill.
  const routes = isolated ? undefined : declareRoutes(config, behindGuardrails);
  const monitor =
    !isolated &&
    declareMonitor(
      config,
      { serviceAccount: accounts.dr['dr-monitor'], localRepository, volumeAccess, resources: MONITOR_RESOURCES },
      // It is ready only after it has read the repositories.
      after([...guardrails, ...recovery.ready, ...schedules.ready, ...(routes ? [routes] : [])], cluster),
    );

  const volumes = declareVolumes(
    { config, repositories, secrets: keys, authorities, resolved, outside, roleArns: aws?.roleArns, pods },
    after([...guardrails, ...stored], cluster),
  );

  // After everything that the stack declares itself, so that manifests of these objects are not declared a second time.
  const platform = await recoverPlatform('platform', {
    config,
    snapshot: recovered?.platform,
    isOwn,
    rotate: rotation?.rotate,
    retired: rotation !== undefined,
    pods,
    lineage,
    guardrails,
    stores: [...recovery.ready, ...stores, ...copies.stores, ...copies.folders],
    fill: volumes && ((claims, dependsOn) => volumes.seeds(claims, dependsOn)),
    cluster,
    shared,
  });

  // Last, so that users arrive only when the platform answers.
  if (account && !isolated)
    declareTraffic(
      config,
      aws?.topicArns ?? {},
      after([...stores, ...copies.stores, ...schedules.ready, ...(platform?.ready ?? [])], account),
    );

  return outputsOf(config, {
    lineage,
    superuser: postgres ? postgres.superuser : undefined,
    repositories,
    detached,
    resolved,
    recoveredObjects: recovered?.text,
    recoveredPlatform: platform?.report,
    cronJobs: Object.keys(schedules.cronJobs),
    dashboard: monitor ? monitor.dashboard : undefined,
    secrets: secrets.values,
    aws: aws?.outputs ?? {},
  });
}
