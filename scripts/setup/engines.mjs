/** Engines from the package manager. recovery/engines/engines.json lists their versions and packages. */
import { readFileSync } from 'node:fs';
import { run } from './run.mjs';
import { compareVersions, inspect } from './search.mjs';
import { LeftToYou } from './step.mjs';
import { aptInstall, aptOffers, asRoot, installCommand, packageManager } from './system.mjs';

export const engines = JSON.parse(
  readFileSync(new URL('../../recovery/engines/engines.json', import.meta.url), 'utf8'),
);

const NEEDED = ['postgres', 'psql', 'pgbackrest', 'restic', 'redis-server', 'redis-cli', 'git'];

async function lacking(name) {
  const engine = engines[name];
  const found = await inspect(name, engine.versionArgs);
  if (found?.version && compareVersions(found.version, engine.minimum) >= 0) return undefined;
  const state = found ? `found ${found.version ?? 'an unknown version'} (${found.path})` : 'not found';
  return { engine, line: `${engine.title} ${engine.minimum} or newer: ${state} (${engine.why})` };
}

function distinct(names) {
  return [...new Set(names)];
}

/** Engines whose packages in this distribution are too old, after `apt-get update`. */
async function tooOld(missing) {
  const offers = await Promise.all(
    missing.map(async ({ engine }) => ({ engine, enough: await aptOffers(engine.packages.apt[0], engine.minimum) })),
  );
  return offers.filter(({ enough }) => !enough).map(({ engine }) => engine);
}

function explain(old) {
  const lines = old.map((engine) => `this system's packages have no ${engine.title} ${engine.minimum} or newer.`);
  if (old.some((engine) => engine.packages.apt[0].startsWith('postgresql'))) {
    lines.push(
      'PostgreSQL’s own packages do: https://wiki.postgresql.org/wiki/Apt, then `apt-get install postgresql-17`.',
    );
  }
  return lines.join('\n');
}

async function installWithApt(sudo, missing) {
  const update = await run([...sudo, 'apt-get', 'update', '-q']);
  if (update.code !== 0) return `apt-get update ended ${update.code}:\n${update.output.trim()}`;
  const old = await tooOld(missing);
  const able = missing.filter(({ engine }) => !old.includes(engine));
  const packages = distinct(able.flatMap(({ engine }) => engine.packages.apt));
  const failed = packages.length > 0 ? await aptInstall(sudo, packages) : undefined;
  return failed ?? (old.length > 0 ? new LeftToYou(explain(old)) : undefined);
}

/** @returns {Promise<import('./step.mjs').Step[]>} */
export async function engineSteps() {
  const missing = (await Promise.all(NEEDED.map(lacking))).filter((entry) => entry !== undefined);
  if (missing.length === 0) return [];
  const manager = packageManager();
  const packages = distinct(missing.flatMap(({ engine }) => engine.packages[manager ?? 'apt']));
  const step = { lacks: missing.map(({ line }) => line), command: installCommand(manager, packages) };
  const sudo = manager === 'apt' ? await asRoot() : undefined;
  if (sudo === undefined) return [step];
  return [
    {
      ...step,
      note: 'servers are neither started nor enabled, and no PostgreSQL cluster is made',
      install: () => installWithApt(sudo, missing),
    },
  ];
}
