/** Replaces the plan's rotatable values wherever they occur. New values, and texts that contain them, are Pulumi secrets. */
import * as pulumi from '@pulumi/pulumi';
import * as random from '@pulumi/random';
import * as tls from '@pulumi/tls';
import { HOUR_SECONDS, seconds } from '../../../plan/duration.ts';
import { ROTATE_ANNOTATION } from '../../../plan/rotation.ts';
import type { Plan } from '../../../plan/types.ts';
import { fieldsOf, type KubeObject } from '../../../recovery/public.ts';
import type { SecretValues } from '../../config/types.ts';
import { byPlace, type FoundCertificate, type FoundValue, findRotatable, isSecret, type Unknown } from './find.ts';
import { rewrite } from './objects.ts';
import { readerOf, render, type Segment, usesOf } from './text.ts';

export type StorePasswords = Pick<SecretValues, 'postgres' | 'redis'>;

export interface RotationArgs {
  readonly plan: Plan;
  /** Objects to declare: selected, mapped and hardened. */
  readonly objects: readonly KubeObject[];
  /** Old and new passwords of the stores. The old ones are known while the program runs. */
  readonly stores: { readonly old: StorePasswords; readonly fresh: pulumi.Output<StorePasswords> };
  /** Further roles of the database, with their old and new passwords. */
  readonly roles?: readonly { readonly old: string; readonly fresh: pulumi.Output<string> }[] | undefined;
  /** Host in the snapshot → host in this stack, for the names in certificates. */
  readonly hosts?: Readonly<Record<string, string>> | undefined;
}

interface Pair {
  readonly old: string;
  readonly fresh: pulumi.Output<string>;
}

interface Issued {
  readonly authority: pulumi.Output<string>;
  readonly pairs: readonly Pair[];
}

const STORES: Readonly<Record<string, (passwords: StorePasswords) => string>> = {
  'PostgreSQL’s superuser': ({ postgres }) => postgres.superuser,
  'PostgreSQL’s replication': ({ postgres }) => postgres.replication,
  'the application in PostgreSQL': ({ postgres }) => postgres.application,
  Redis: ({ redis }) => redis,
};
/** The passwords that services use. */
const USED_BY_SERVICES = ['the application in PostgreSQL', 'Redis'];

export class Rotation extends pulumi.ComponentResource {
  /** The given objects in their order, without the Secrets that cert-manager issues again. A changed text is a secret Output. */
  readonly objects: readonly KubeObject[];
  readonly notes: readonly string[];

  constructor(name: string, args: RotationArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:platform:Rotation', name, {}, opts);
    const found = findRotatable({ ...args, rotation: args.plan.rotation });
    const stores = Object.entries(STORES).map(([title, of]) => ({
      title,
      old: of(args.stores.old),
      fresh: args.stores.fresh.apply(of),
    }));
    const certificates = this.#certificates(name, args.plan, found.certificates);
    // Passwords of the stores come first, so that a rotatable value equal to one of them gets the store's new password.
    const pairs = distinct([
      ...stores,
      ...(args.roles ?? []),
      ...found.values.map((value) => ({ old: value.old, fresh: this.#value(name, value) })),
      ...certificates.pairs,
    ]);
    const declared = args.objects.filter((object) => !found.skipped.has(object));
    const { objects, used } = rewriteAll(declared, pairs);
    this.objects = objects.map((object, n) =>
      found.withoutAuthority.has(declared[n] as KubeObject) ? withAuthority(object, certificates.authority) : object,
    );
    const unused = stores.filter(({ title, old }) => USED_BY_SERVICES.includes(title) && !used.has(old));
    const anySecret = args.objects.some(isSecret);
    const untouched = found.unknown.filter(({ secret, key }) => {
      const now = objects[declared.indexOf(secret)] ?? secret;
      return fieldsOf(now.data)[key] === fieldsOf(secret.data)[key];
    });
    this.notes = [
      ...found.notes,
      ...unknownNote(untouched),
      ...unused
        .filter(() => anySecret)
        .map(({ title }) => `the manifest snapshot lacks the old password of ${title}: check how services get it`),
    ].map((note) => `rotate: ${note}`);
    this.registerOutputs({});
  }

  #value(name: string, { place, shape }: FoundValue): pulumi.Output<string> {
    const own = `${name}-${place}`;
    const opts = { parent: this };
    switch (shape.kind) {
      case 'letters-digits':
        return new random.RandomPassword(own, { length: shape.characters, special: false }, opts).result;
      case 'hexadecimal':
        return new random.RandomBytes(own, { length: shape.characters / 2 }, opts).hex;
      case 'base64':
        return new random.RandomBytes(own, { length: shape.bytes }, opts).base64;
    }
  }

  #certificates(name: string, plan: Plan, found: readonly FoundCertificate[]): Issued {
    if (found.length === 0) return { authority: pulumi.output(''), pairs: [] };
    const child = { parent: this };
    const hours = Math.ceil(seconds(plan.rotation.certificates.validity) / HOUR_SECONDS);
    const authorityKey = new tls.PrivateKey(`${name}-authority`, { algorithm: 'ECDSA', ecdsaCurve: 'P256' }, child);
    const authority = new tls.SelfSignedCert(
      `${name}-authority`,
      {
        privateKeyPem: authorityKey.privateKeyPem,
        isCaCertificate: true,
        validityPeriodHours: 10 * hours,
        earlyRenewalHours: hours,
        allowedUses: ['cert_signing', 'crl_signing'],
        subject: { commonName: 'go-coffee recovered platform' },
      },
      child,
    );
    const pairs = found.flatMap(({ place, old, renewal }): Pair[] => {
      const own = `${name}-${place}`;
      const key = new tls.PrivateKey(own, renewal.key, child);
      const { subject, dnsNames, ipAddresses, uris } = renewal;
      const names = { dnsNames: [...dnsNames], ipAddresses: [...ipAddresses], uris: [...uris] };
      const request = new tls.CertRequest(own, { privateKeyPem: key.privateKeyPem, subject, ...names }, child);
      const certificate = new tls.LocallySignedCert(
        own,
        {
          certRequestPem: request.certRequestPem,
          caPrivateKeyPem: authorityKey.privateKeyPem,
          caCertPem: authority.certPem,
          isCaCertificate: renewal.isAuthority,
          validityPeriodHours: hours,
          earlyRenewalHours: Math.ceil(hours / 6),
          allowedUses: [...renewal.uses],
        },
        child,
      );
      return [
        { old: old.key, fresh: pulumi.secret(key.privateKeyPem) },
        { old: old.certificate, fresh: certificate.certPem },
        { old: old.ca, fresh: authority.certPem },
      ];
    });
    return { authority: authority.certPem, pairs };
  }
}

/** Values that no rule matches and that contained no old value. They are unchanged. */
function unknownNote(unknown: readonly Unknown[]): string[] {
  if (unknown.length === 0) return [];
  const names = unknown.map(({ secret, key }) => `${byPlace(secret)} (${key})`).join(', ');
  return [
    `no rule of the plan matches these, and they are left as captured: ${names}; name the secret ones with ${ROTATE_ANNOTATION}`,
  ];
}

function withAuthority(secret: KubeObject, authority: pulumi.Output<string>): KubeObject {
  const pem = authority.apply((text) => Buffer.from(text).toString('base64'));
  return { ...secret, data: { ...fieldsOf(secret.data), 'ca.crt': pulumi.secret(pem) } };
}

/** Keeps the first pair of each old value. Pairs are compared without line breaks at the end, because files differ in them. */
function distinct(pairs: readonly Pair[]): Pair[] {
  const byOld = new Map<string, Pair>();
  for (const { old, fresh } of pairs) {
    const text = old.trimEnd();
    const bare = text === old ? fresh : fresh.apply((value) => value.trimEnd());
    if (text !== '' && !byOld.has(text)) byOld.set(text, { old: text, fresh: bare });
  }
  return [...byOld.values()];
}

function rewriteAll(
  objects: readonly KubeObject[],
  pairs: readonly Pair[],
): { readonly objects: KubeObject[]; readonly used: ReadonlySet<string> } {
  const olds = pairs.map(({ old }) => old);
  const numbers = new Map(olds.map((old, number) => [old, number]));
  const put = (segments: readonly Segment[]): pulumi.Output<string> => {
    const uses = usesOf(segments);
    return pulumi.secret(
      pulumi
        .all(uses.map((use) => (pairs[use] as Pair).fresh))
        .apply((values) => render(segments, (old) => values[uses.indexOf(old)] ?? '')),
    );
  };
  const args = { reader: readerOf(olds), numberOf: (text: string) => numbers.get(text), put };
  const rewritten = objects.map((object) => rewrite(object, args));
  const used = new Set(rewritten.flatMap(({ uses }) => uses.map((use) => olds[use] ?? '')));
  return { objects: rewritten.map(({ object }) => object), used };
}
