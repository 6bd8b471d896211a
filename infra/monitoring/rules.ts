/** The plan's thresholds and objectives as Prometheus alert rules. Numbers come from the plan. Pure. */
import { stringify } from 'yaml';
import { testCalendar } from '../../plan/limits.ts';
import type { Plan } from '../../plan/types.ts';
import { backupRules, pointRules } from './rules/backups.ts';
import { certificateRules } from './rules/certificates.ts';
import { humanRules } from './rules/human.ts';
import { incidentRules } from './rules/incidents.ts';
import { drillOverdue, objectiveMissed } from './rules/objectives.ts';
import { repositoryRules, storageRules, verificationRules } from './rules/repositories.ts';
import { silenceRules } from './rules/silence.ts';
import type { RuleFile, RuleSettings } from './rules/types.ts';
import { fenceRules, slotRules, standbyRules, walRules } from './rules/wal.ts';

export type { AlertRule, RuleFile, RuleSettings } from './rules/types.ts';

export function alertRules(plan: Plan, settings: RuleSettings = {}): RuleFile {
  const standby = settings.role === 'standby';
  return {
    groups: [
      { name: 'dr-backups', rules: [...backupRules(plan, settings), ...pointRules(plan)] },
      { name: 'dr-repositories', rules: [...repositoryRules(plan), ...storageRules(plan)] },
      { name: 'dr-verification', rules: verificationRules(plan, settings) },
      {
        name: 'dr-wal',
        rules: [...(standby ? standbyRules(plan) : [...walRules(plan), ...fenceRules()]), ...slotRules()],
      },
      { name: 'dr-objectives', rules: [objectiveMissed(), ...testCalendar(plan).map(drillOverdue)] },
      { name: 'dr-readiness', rules: humanRules(plan) },
      { name: 'dr-incidents', rules: incidentRules(plan) },
      { name: 'dr-certificates', rules: certificateRules() },
      { name: 'dr-silence', rules: silenceRules(plan, settings) },
    ],
  };
}

export function rulesYaml(file: RuleFile): string {
  return stringify(file, { lineWidth: 0, aliasDuplicateObjects: false });
}
