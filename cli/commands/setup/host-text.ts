/** What `dr setup` on a host tells a person. */
import { shellWord } from '../../../recovery/core/quote.ts';
import { table } from '../../../recovery/report/table.ts';
import type { HostSetup } from '../../../recovery/setup/host/setup.ts';
import { coverageLines, unansweredLines } from './found-text.ts';

function found({ facts }: HostSetup): string[][] {
  const postgres = facts.postgres.map(({ dataDir, asked, unit, pid }) => [
    'PostgreSQL',
    dataDir || `process ${pid}`,
    asked.value === undefined
      ? `not asked: ${asked.unanswered.why}`
      : `${asked.value.version}, port ${asked.value.port}, ${asked.value.databases.length} databases${unit === undefined ? '' : `, ${unit}`}`,
  ]);
  const redis = facts.redis.map(({ address, asked, unit, pid }) => [
    'Redis',
    address || `process ${pid}`,
    asked.value === undefined
      ? `not asked: ${asked.unanswered.why}`
      : `${asked.value.version}, ${asked.value.dataDir}${unit === undefined ? '' : `, ${unit}`}`,
  ]);
  const folders = facts.folders.map(({ workload, path, by }) => ['folder', path, `${workload} (${by})`]);
  const git = facts.repositories.map(({ path, remotes, by }) => [
    'git',
    path,
    remotes.length === 0 ? `no remote; ${by}` : `remotes ${remotes.map(({ name }) => name).join(', ')}; ${by}`,
  ]);
  const images = facts.imageStores.map(({ what, by }) => ['images', by, `${what}, not as OCI layouts`]);
  const prometheus = facts.prometheus.map((path) => ['Prometheus', path, 'its configuration']);
  return [...postgres, ...redis, ...folders, ...git, ...images, ...prometheus];
}

export function hostText(setup: HostSetup): string {
  const { proposal, workloads, uncovered } = setup;
  const rows = found(setup);
  return [
    rows.length === 0 ? 'nothing was found on this host' : table(['found', 'where', 'what'], rows),
    ...coverageLines(workloads),
    ...uncovered.map((place) => `not covered: ${place}`),
    ...proposal.notes.map((note) => `note: ${note}`),
    ...unansweredLines(proposal.unanswered),
  ].join('\n');
}

export function nextSteps({ file, environment }: HostSetup): string[] {
  const env = `--env ${shellWord(file)}`;
  return [
    `keep copies of the keys elsewhere: dr keys escrow --recipient age1… ${env}`,
    `next: dr doctor ${env}`,
    `      dr init${environment.postgres === undefined ? '' : ' --restart'} ${env}`,
    `      dr backup --kind full ${env}`,
    `      dr verify ${env}`,
  ];
}
