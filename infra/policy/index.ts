/** The policy pack: `pulumi preview --policy-pack infra/policy`. The rules do not depend on the engine. */
import { PolicyPack } from '@pulumi/policy';
import { policiesOf } from './policies.ts';
import { RULES } from './rules.ts';

new PolicyPack('go-coffee-dr', { enforcementLevel: 'mandatory', policies: policiesOf(RULES) });
