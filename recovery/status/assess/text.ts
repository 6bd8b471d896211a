/** An assessment as text. */
import { formatTime } from '../../report/format.ts';
import { table } from '../../report/table.ts';
import type { Assessment } from './assess.ts';
import type { ClusterFinding } from './findings.ts';

export function assessmentText(assessment: Assessment, title: string | undefined): string {
  const { findings, next } = assessment;
  const { postgres, redis, cluster } = findings;
  const rows = [
    ...(postgres === undefined ? [] : [['PostgreSQL', postgres.server, postgres.files, postgres.facts.join('; ')]]),
    ...(redis === undefined ? [] : [['Redis', redis.server, redis.files, redis.facts.join('; ')]]),
    ...(cluster === undefined ? [] : [['Cluster', cluster.server, namespacesOf(cluster), cluster.facts.join('; ')]]),
    ...findings.folders.map(({ workload, state, facts }) => [workload, '', state, facts.join('; ')]),
    ...findings.services.map(({ service, tier, well, missing, fact }) => [
      `${tier} ${service}`,
      serverOf(well, missing),
      '',
      fact,
    ]),
  ];
  const repositories = findings.repositories.map(
    ({ repository, reachable, points, facts, hidden, compromised, tampered }) => [
      repository,
      reachable ? 'reachable' : 'unreachable',
      String(points),
      [
        ...facts,
        ...(hidden === undefined
          ? []
          : [`${hidden.points.length} hidden by delete markers, readable until ${hidden.readableUntil}`]),
        ...(compromised.length === 0 ? [] : [`compromised: ${compromised.join(', ')}`]),
        ...tampered,
      ].join('; '),
    ],
  );
  return [
    `${assessment.environment} (${assessment.site}) at ${formatTime(assessment.at)}`,
    table(['part', 'server', 'data', 'found'], rows),
    table(['repository', '', 'points', 'found'], repositories, ['left', 'left', 'right']),
    verdict(assessment, title),
    [
      'Next:',
      `  ${next.command}`,
      `      ${next.why}`,
      ...next.others.flatMap(({ command, why }) => [`  ${command}`, `      ${why}`]),
    ].join('\n'),
  ].join('\n\n');
}

function namespacesOf({ namespaces }: ClusterFinding): string {
  const lost = namespaces.filter(({ state }) => state !== 'there');
  return namespaces.length === 0 ? 'unknown' : (lost[0]?.state ?? 'well');
}

function serverOf(well: boolean | undefined, missing = false): string {
  return missing ? 'missing' : well ? 'up' : 'unhealthy';
}

function verdict({ scenario, confidence, why, warnings }: Assessment, title: string | undefined): string {
  const also = warnings.map((warning) => `  - ${warning}`);
  if (scenario === 'none') {
    const found = also.length === 0 ? 'Nothing wrong was found' : 'Nothing is lost, but this is wrong';
    const unseen =
      confidence === 'high' ? '' : `${also.length === 0 ? ', but' : ';'} not everything could be inspected`;
    return [`${found}${unseen}${also.length === 0 ? '.' : ':'}`, ...also].join('\n');
  }
  return [
    `Scenario: ${scenario}${title === undefined ? '' : ` (${title})`}, confidence ${confidence}`,
    ...why.map((fact) => `  - ${fact}`),
    ...also,
  ].join('\n');
}
