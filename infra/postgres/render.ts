/** All files of a PostgreSQL member. Pure. */
import type { Plan } from '../../plan/types.ts';
import type { ServerParameters } from '../config/stores/parameters.ts';
import {
  type Archive,
  configName,
  renderArchiveConfig,
  renderPostgresServerConfig,
  renderPushConfigs,
} from '../pgbackrest/config.ts';
import { type Bootstrap, sourceOf } from './bootstrap.ts';
import { dynamicSettings } from './dynamic.ts';
import { renderPatroni } from './patroni.ts';
import { SERVER_CONFIG } from './pod.ts';
import { renderScripts } from './scripts.ts';
import type { SuperuserLogin } from './superuser.ts';

export interface MemberArgs {
  readonly plan: Plan;
  readonly database: string;
  readonly bootstrap: Bootstrap;
  readonly archive: Archive;
  /** False in a drill, which has neither a command nor a configuration that could write to a repository. @default true */
  readonly archiving?: boolean | undefined;
  /** @default false */
  readonly rotate?: boolean | undefined;
  /** Of PostgreSQL, by the stack. @default none */
  readonly parameters?: ServerParameters | undefined;
  /** Of applications. @default offered */
  readonly tls?: 'offered' | 'required' | undefined;
  /** @default certificate */
  readonly superuser?: SuperuserLogin | undefined;
  /** The WAL has a volume of its own. @default false */
  readonly walVolume?: boolean | undefined;
  /** Of pgBackRest in a restore. */
  readonly processes: number;
}

export interface MemberFiles {
  readonly patroni: string;
  /** By file name. */
  readonly pgbackrest: Record<string, string>;
  readonly scripts: Record<string, string>;
  /** A change of this text restarts the pods; a promotion does not change it. */
  readonly restartOn: string;
}

/** Throws RangeError for a cluster that would archive into its source lineage. */
export function renderMember({
  plan,
  database,
  bootstrap,
  archive,
  archiving = true,
  rotate,
  processes,
  parameters,
  tls,
  superuser,
  walVolume,
}: MemberArgs): MemberFiles {
  const source = sourceOf(bootstrap);
  if (source?.lineage === archive.lineage) {
    throw new RangeError(
      `this cluster begins from ${source.lineage} and would archive into it; raise the generation in the stack's config`,
    );
  }
  const patroni = renderPatroni({
    plan,
    lineage: archive.lineage,
    bootstrap,
    archiving,
    parameters,
    tls,
    superuser,
    walVolume,
  });
  const config = (of: Archive) => ({ [configName(of.lineage)]: renderArchiveConfig(of, processes) });
  const pgbackrest = {
    ...(archiving ? { ...config(archive), ...renderPushConfigs(archive) } : {}),
    ...(source === undefined ? {} : config({ ...archive, lineage: source.lineage, repositories: [source.repository] })),
    [SERVER_CONFIG]: renderPostgresServerConfig(),
  };
  const { lineage, repositories } = archive;
  const scripts = renderScripts({ lineage, repositories, bootstrap, database, archiving, rotate, walVolume });
  return {
    patroni: patroni.config,
    pgbackrest,
    scripts,
    restartOn: JSON.stringify([patroni.running, pgbackrest, dynamicSettings(parameters)]),
  };
}
