/** The real things behind the ports: Pulumi, Kubernetes, S3, this machine's folders. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CommandContext } from '../commands/command.ts';
import type { StackEngine } from '../stacks/engine.ts';
import type { ClusterPlace, FailoverPorts, SiteCluster, StoragePlace } from './ports.ts';

/** Somebody waits. */
const PATIENCE = { deadlineSeconds: 30, attempts: 3 } as const;

async function inFolder<T>(use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'go-coffee-dr-'));
  try {
    return await use(folder);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function openCluster(place: ClusterPlace, signal: AbortSignal): Promise<SiteCluster> {
  const [{ openPlace }, { openSiteCluster }] = await Promise.all([
    import('../adapters/kubernetes-place.ts'),
    import('../adapters/kubernetes-change.ts'),
  ]);
  return openSiteCluster(await openPlace(place), signal);
}

async function openStorage({ endpoint, region, bucket, uriStyle, ca, credentials }: StoragePlace) {
  const { openS3Store } = await import('../adapters/s3-store.ts');
  return inFolder(async (folder) => {
    const file = join(folder, 'ca.crt');
    if (ca !== undefined) await writeFile(file, ca);
    const settings = { endpoint, region, bucket, uriStyle, ...(ca === undefined ? {} : { ca: file }) };
    return openS3Store({ settings, credentials, ...PATIENCE });
  });
}

/** Of a person and not of a site: a failover is typed where no dr.yaml is. */
export function operatorState(env: Readonly<Record<string, string | undefined>>): string {
  const state = env.XDG_STATE_HOME;
  return join(state === undefined || state === '' ? join(homedir(), '.local', 'state') : state, 'go-coffee-dr');
}

/** @param engine Pulumi's when absent */
export async function openPorts(
  { progress, now, signal, confirm }: Pick<CommandContext, 'progress' | 'now' | 'signal' | 'confirm'>,
  stateDir: string,
  engine?: StackEngine,
): Promise<FailoverPorts> {
  return {
    engine: engine ?? (await (await import('../adapters/pulumi.ts')).openStackEngine()),
    openCluster: (place) => openCluster(place, signal),
    openStorage,
    progress,
    now,
    signal,
    confirm,
    stateDir,
  };
}
