/** Operators that many platforms use, by the API groups of their custom resources: what they are called, and where their data is. Pure. */
import { fieldsOf, groupOf, type KubeObject, kindOf, listOf, nameOf, textOf } from '../../kubernetes/objects.ts';
import { few, type Gap } from './gaps/gap.ts';
import { makesPods, podSpecOf } from './gaps/wanted.ts';

interface Operator {
  readonly name: string;
  readonly groups: readonly string[];
  /** Kinds whose data is on volumes that the operator makes. */
  readonly holdsData: readonly string[];
  /** In the image of its own pods. */
  readonly image: RegExp;
  /** Label of its claims with the name of the custom resource. */
  readonly claimLabel?: string;
}

const OPERATORS: readonly Operator[] = [
  {
    name: 'CloudNativePG',
    groups: ['postgresql.cnpg.io'],
    holdsData: ['Cluster'],
    image: /cloudnative-pg/,
    claimLabel: 'cnpg.io/cluster',
  },
  {
    name: 'Zalando postgres-operator',
    groups: ['acid.zalan.do'],
    holdsData: ['postgresql'],
    image: /zalando.*postgres-operator|acid\/postgres-operator/,
    claimLabel: 'cluster-name',
  },
  {
    name: 'Crunchy PGO',
    groups: ['postgres-operator.crunchydata.com'],
    holdsData: ['PostgresCluster'],
    image: /crunchydata.*postgres-operator/,
    claimLabel: 'postgres-operator.crunchydata.com/cluster',
  },
  {
    name: 'Strimzi',
    groups: ['kafka.strimzi.io', 'core.strimzi.io'],
    holdsData: ['Kafka', 'KafkaConnect'],
    image: /strimzi\/operator/,
    claimLabel: 'strimzi.io/cluster',
  },
  {
    name: 'cert-manager',
    groups: ['cert-manager.io', 'acme.cert-manager.io'],
    holdsData: [],
    image: /cert-manager-controller/,
  },
  {
    name: 'Redis Operator (OT-CONTAINER-KIT)',
    groups: ['redis.redis.opstreelabs.in'],
    holdsData: ['Redis', 'RedisCluster', 'RedisReplication'],
    image: /opstree.*redis-operator/,
  },
  {
    name: 'Redis Operator (Spotahome)',
    groups: ['databases.spotahome.com'],
    holdsData: ['RedisFailover'],
    image: /spotahome.*redis-operator/,
  },
  {
    name: 'Redis Enterprise',
    groups: ['app.redislabs.com'],
    holdsData: ['RedisEnterpriseCluster', 'RedisEnterpriseDatabase'],
    image: /redislabs\/operator/,
  },
];

const ofGroup = (group: string): Operator | undefined => OPERATORS.find(({ groups }) => groups.includes(group));

/** What the operator of an API group is called; undefined for a group that is not in the table. */
export function operatorOfGroup(group: string): string | undefined {
  return ofGroup(group)?.name;
}

/** `Cluster.postgresql.cnpg.io/orders of CloudNativePG`; undefined for a claim that no known operator made. */
export function operatorOfClaim(
  { metadata: { labels = {} } }: KubeObject,
  present: readonly string[],
): string | undefined {
  const found = OPERATORS.find(({ name, claimLabel }) => {
    return present.includes(name) && claimLabel !== undefined && Object.hasOwn(labels, claimLabel);
  });
  return found?.claimLabel === undefined ? undefined : `${found.name} made it for ${labels[found.claimLabel]}`;
}

/** Names, in the order of the table. */
export function operatorsOf(captured: readonly KubeObject[]): string[] {
  const groups = new Set(captured.map(groupOf));
  return OPERATORS.filter((operator) => operator.groups.some((group) => groups.has(group))).map(({ name }) => name);
}

function imagesOf(object: KubeObject): string[] {
  const { containers } = podSpecOf(object);
  return makesPods(object) ? listOf(containers).map((container) => textOf(fieldsOf(container).image)) : [];
}

const DEFINITION = 'CustomResourceDefinition.apiextensions.k8s.io';

/** That their custom resources come back says nothing of their data, nor that somebody acts on them. */
export function operatorGaps(captured: readonly KubeObject[]): Gap[] {
  const images = captured.flatMap(imagesOf);
  const resources = captured.filter((object) => kindOf(object) !== DEFINITION);
  return OPERATORS.flatMap((operator) => {
    const own = resources.filter((object) => ofGroup(groupOf(object)) === operator);
    if (own.length === 0) return [];
    const { name, image, holdsData } = operator;
    const stores = own.filter(({ kind }) => holdsData.includes(kind));
    const data: Gap[] = stores.map((store) => ({
      part: 'manifests',
      what: `data of ${nameOf(store)}`,
      why: `${name} keeps it on volumes of its own, and makes an empty one of the copy unless the resource itself names a backup of ${name}`,
    }));
    if (images.some((each) => image.test(each))) return data;
    const why = `${few(own.map(nameOf))} ${own.length === 1 ? 'waits' : 'wait'} for it, and it does not run in the captured namespaces: install it before, or capture its namespace too`;
    return [...data, { part: 'manifests', what: `${name} itself`, why }];
  });
}
