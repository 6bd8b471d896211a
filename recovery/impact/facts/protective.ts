/** Every setting that protects what holds data or keys in AWS. What is not listed here is shown as unknown. */
import { type DeclaredResource, kindOf, nameOf } from '../declared.ts';
import { type Area, type Fact, NEVER_SHOWN } from '../fact.ts';
import { leavesOf } from '../settings/flatten.ts';
import {
  less,
  type Meanings,
  more,
  ranked,
  read,
  settingFacts,
  shown,
  wantedOff,
  wantedOn,
} from '../settings/meaning.ts';

interface Protective {
  readonly known: Meanings;
  /** Read elsewhere, or without weight. */
  readonly skip?: RegExp;
  readonly area: Area;
}

const WINDOW =
  'whoever schedules a key for deletion has less time to be noticed, and every copy under it is lost with it';
const keep = (harm: string, absent?: unknown) => ({ area: 'immutability', harm, absent }) as const;
const open = (harm: string, absent?: unknown) => ({ area: 'access', harm, absent }) as const;
const secret = (harm: string, absent?: unknown) => ({ area: 'encryption', harm, absent }) as const;

const KEY: Meanings = {
  deletionWindowInDays: more(keep(WINDOW, 30)),
  enableKeyRotation: wantedOn(secret('a leaked key opens all copies, old and new', false)),
  rotationPeriodInDays: less(secret('a leaked key opens more copies', 365)),
  isEnabled: wantedOn(secret('no copy under the key can be read', true)),
  enabled: wantedOn(secret('no copy under the key can be read', true)),
  multiRegion: wantedOn(secret('copies of the other region can’t be read without this one', false)),
  bypassPolicyLockoutSafetyCheck: wantedOff(keep('a policy may lock everybody out of the key', false)),
};

const PUBLIC = 'the bucket can be opened to everybody';

const BY_TYPE: Readonly<Record<string, Protective>> = {
  'aws:kms/key:Key': { known: KEY, area: 'encryption' },
  'aws:kms/replicaKey:ReplicaKey': { known: KEY, area: 'encryption' },
  'aws:kms/alias:Alias': { known: {}, area: 'encryption' },
  'aws:s3/bucket:Bucket': {
    known: {
      forceDestroy: wantedOff(keep('a removed bucket takes its objects with it', false)),
      objectLockEnabled: wantedOn(keep('no copy can be locked', false)),
    },
    skip: /^region$/,
    area: 'immutability',
  },
  'aws:s3/bucketVersioning:BucketVersioning': {
    known: { 'versioningConfiguration.mfaDelete': ranked(['off', 'on'], keep('', 'Disabled')) },
    skip: /^versioningConfiguration\.status$/,
    area: 'immutability',
  },
  'aws:s3/bucketObjectLockConfiguration:BucketObjectLockConfiguration': {
    known: {},
    skip: /^(rule\.|objectLockEnabled$)/,
    area: 'immutability',
  },
  'aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock': {
    known: Object.fromEntries(
      ['blockPublicAcls', 'blockPublicPolicy', 'ignorePublicAcls', 'restrictPublicBuckets'].map((name) => [
        name,
        wantedOn(open(PUBLIC, false)),
      ]),
    ),
    area: 'access',
  },
  'aws:s3/bucketOwnershipControls:BucketOwnershipControls': {
    known: {
      'rule.objectOwnership': ranked(
        ['ObjectWriter', 'BucketOwnerPreferred', 'BucketOwnerEnforced'],
        open('access lists of single objects count again', 'ObjectWriter'),
      ),
    },
    area: 'access',
  },
  'aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration': {
    known: {
      'rules.0.blockedEncryptionTypes': {
        ...secret('copies can be written under a key that only an intruder has'),
        absent: 'none',
        judge: (value) => ({ text: [value].flat().join(', '), worth: [value].flat().includes('SSE-C') ? 1 : 0 }),
      },
      'rules.0.bucketKeyEnabled': shown({ area: 'cost' }),
    },
    skip: /sseAlgorithm$/,
    area: 'encryption',
  },
  'aws:s3/bucketNotification:BucketNotification': {
    known: {
      eventbridge: wantedOn({ area: 'alarms', harm: 'no alarm hears of what arrives in the bucket', absent: false }),
    },
    area: 'alarms',
  },
  'aws:secretsmanager/secret:Secret': {
    known: {
      recoveryWindowInDays: more(keep('a deleted secret is gone sooner, and with it the passphrases', 30)),
      forceOverwriteReplicaSecret: wantedOff(
        keep('a secret of the same name in the other region is overwritten', false),
      ),
    },
    skip: /^replicas\./,
    area: 'encryption',
  },
  'aws:cloudtrail/trail:Trail': {
    known: {
      enableLogging: wantedOn({ area: 'alarms', harm: 'nobody can tell afterwards who deleted what', absent: true }),
      isMultiRegionTrail: wantedOn({ area: 'alarms', harm: 'the other region is not recorded', absent: false }),
      enableLogFileValidation: wantedOn({ area: 'alarms', harm: 'a changed record is not noticed', absent: false }),
      includeGlobalServiceEvents: wantedOn({ area: 'alarms', harm: 'changes of roles are not recorded', absent: true }),
    },
    area: 'alarms',
  },
  'aws:iam/role:Role': {
    known: {
      maxSessionDuration: less(open('whoever takes the role keeps it for longer', 3600)),
      permissionsBoundary: read(open('')),
    },
    area: 'access',
  },
  'aws:secretsmanager/secretPolicy:SecretPolicy': {
    known: { blockPublicPolicy: wantedOn(open('a policy may let everybody read the secret', false)) },
    area: 'access',
  },
  'aws:route53/healthCheck:HealthCheck': { known: {}, area: 'recovery' },
  'aws:route53/record:Record': { known: {}, area: 'recovery' },
  'pulumi:providers:kubernetes': {
    known: {},
    skip: /^(enable\w+|deleteUnreachable|kubeconfig|version)$/,
    area: 'data',
  },
  'pulumi:providers:aws': { known: {}, skip: /^(defaultTags|skip\w+|version|profile)/, area: 'data' },
};

/** Texts for people, and what a policy allows, which facts/policies.ts reads. */
const ALWAYS_SKIPPED =
  /^(description|tags(\..*)?|tagsAll(\..*)?|bucket|region|policy|assumeRolePolicy|policyDocument|name|role)$/;
/** The name or the region of what has no other setting matters. */
const NAMED = /^pulumi:providers:|^aws:kms\/alias/;

const SAID_ELSEWHERE =
  /:(Bucket|BucketVersioning|BucketObjectLockConfiguration|BucketServerSideEncryptionConfiguration|Key|ReplicaKey|Secret)$|iam\/|secretPolicy/;

export function protectiveFacts(resource: DeclaredResource): Fact[] {
  const found = BY_TYPE[resource.type];
  // A topic's key opens no copy.
  if (found === undefined || /-topic-/.test(nameOf(resource))) return [];
  const { known, skip, area } = found;
  const own = resource.type.startsWith('pulumi:providers:')
    ? `provider ${nameOf(resource)}`
    : `${kindOf(resource)} ${nameOf(resource)}`;
  const named = NAMED.test(resource.type);
  const values = Object.fromEntries(
    Object.entries(leavesOf(resource.inputs)).filter(
      ([path]) =>
        (named ? !/^(description|tags)/.test(path) : !ALWAYS_SKIPPED.test(path)) && !(skip?.test(path) ?? false),
    ),
  );
  const of = `settings of ${own}`;
  const harm = { store: 'all', says: `${own} and all that it protects is gone` } as const;
  return [
    // What has rows of its own says that it is gone.
    {
      area,
      what: of,
      value: 'declared',
      worth: 1,
      harm,
      ...(SAID_ELSEWHERE.test(resource.type) ? { of: NEVER_SHOWN } : {}),
    },
    ...settingFacts({ of, values, known, harmless: /^$/, area, label: (name) => `${name} of ${own}` }),
    ...replicas(resource, of, own),
  ];
}

/** Where else the secret is: with its first region gone, it is read there. */
function replicas({ type, inputs }: DeclaredResource, of: string, own: string): Fact[] {
  if (type !== 'aws:secretsmanager/secret:Secret' || !Array.isArray(inputs.replicas))
    return type === 'aws:secretsmanager/secret:Secret' ? [regions([], of, own)] : [];
  return [
    regions(
      inputs.replicas.map((one: { region?: unknown }) => String(one.region)),
      of,
      own,
    ),
  ];
}

function regions(all: readonly string[], of: string, own: string): Fact {
  const harm = { store: 'all', says: 'with the first region gone nobody has the passphrases' } as const;
  return {
    area: 'replication',
    what: `other regions of ${own}`,
    value: all.join(', ') || 'none',
    items: { all, more: 'better', fewer: 'worse' },
    of,
    harm,
  };
}
