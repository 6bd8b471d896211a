/** `dr doctor`: whether this machine has what recovery needs. Changes nothing. */
import type { Site } from '../../config/site.ts';
import { DrError } from '../../core/errors.ts';
import type { Run } from '../../core/process.ts';
import { type EngineName, engineFacts } from '../../engines/facts.ts';
import { type Engine, findEngine, findPostgresBin, isTooOld, knownFault } from '../../engines/find.ts';
import { installHint } from '../../engines/install-hint.ts';
import { missingPrograms } from '../../engines/programs.ts';
import { compareVersions } from '../../engines/versions.ts';
import { serverChecks } from './server-checks.ts';
import { type Check, siteChecks } from './site-checks.ts';

const WANTED_NODE = '24';

/** PostgreSQL's programs for backup, restore, verification and dumps. Some distributions put a few into other packages. */
const POSTGRES_PROGRAMS = [
  ...['initdb', 'pg_ctl', 'postgres', 'psql', 'pg_controldata', 'pg_waldump', 'pg_amcheck'],
  ...['pg_dump', 'pg_dumpall', 'pg_restore'],
];

function checkNode(): Check {
  const found = process.versions.node;
  const fine = compareVersions(found, WANTED_NODE) >= 0;
  const hint = fine ? '' : 'run it by bin/dr, which takes the Node that `npm run setup` has installed';
  return { name: 'node', status: fine ? 'ok' : 'missing', found, wanted: `≥ ${WANTED_NODE}`, hint };
}

/** An engine that this site does not need is only a warning. */
async function checkEngine(
  name: EngineName,
  {
    required,
    run,
    binDir,
  }: { readonly required: boolean; readonly run?: Run | undefined; readonly binDir?: string | undefined },
): Promise<Check> {
  const facts = engineFacts(name);
  const lacking = required ? 'missing' : 'warning';
  const wanted = `≥ ${facts.minimum}${required ? '' : ', optional'}`;
  let engine: Engine | undefined;
  try {
    engine = await findEngine(name, { binDir, ...(run === undefined ? {} : { run }) });
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return { name, status: lacking, found: `does not run: ${error.fact}`, wanted, hint: await installHint(facts) };
  }
  if (engine === undefined) {
    return { name, status: lacking, found: 'none', wanted, hint: `${await installHint(facts)} (${facts.why})` };
  }
  const found = `${engine.version} (${engine.path})`;
  if (isTooOld(engine)) return { name, status: lacking, found, wanted, hint: await installHint(facts) };
  const fault = knownFault(engine);
  return { name, status: fault === undefined ? 'ok' : 'warning', found, wanted, hint: fault ?? '' };
}

async function checkPostgresPrograms(binDir: string | undefined): Promise<Check[]> {
  let folder: string;
  try {
    folder = await findPostgresBin(binDir);
  } catch (error) {
    // The check of the server has reported this already.
    if (error instanceof DrError) return [];
    throw error;
  }
  const missing = await missingPrograms(folder, POSTGRES_PROGRAMS);
  if (missing.length === 0) return [];
  const hint = `${await installHint(engineFacts('postgres'))} (its contrib package too, where there is one)`;
  return [
    {
      name: 'postgres programs',
      status: 'missing',
      found: `no ${missing.join(', ')} in ${folder}`,
      wanted: 'all',
      hint,
    },
  ];
}

/** Without a site: those of the local drill. The value: whether it is required. */
function neededEngines(site: Site | undefined): Map<EngineName, boolean> {
  const environment = site?.environment;
  const postgres = environment === undefined || environment.postgres !== undefined;
  const redis = environment === undefined || environment.redis !== undefined;
  const git = environment === undefined || environment.git !== undefined;
  const needed = new Map<EngineName, boolean>();
  if (postgres) for (const name of ['postgres', 'psql', 'pgbackrest'] as const) needed.set(name, true);
  needed.set('restic', true);
  if (redis) for (const name of ['redis-server', 'redis-cli'] as const) needed.set(name, true);
  if (git) needed.set('git', true);
  needed.set('versitygw', environment === undefined);
  needed.set('skopeo', false);
  return needed;
}

/** All checks, in the order in which to fix them. With a site also its account, folders, secrets and repositories. */
export async function runDoctor(site?: Site): Promise<Check[]> {
  const binDir = site?.environment.postgres?.binDir;
  const needed = neededEngines(site);
  const engines = [...needed].map(([name, required]) => checkEngine(name, { required, run: site?.run, binDir }));
  return [
    checkNode(),
    ...(await Promise.all(engines)),
    ...(needed.has('postgres') ? await checkPostgresPrograms(binDir) : []),
    ...(site === undefined ? [] : [...(await siteChecks(site)), ...(await serverChecks(site))]),
  ];
}
