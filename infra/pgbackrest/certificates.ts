/** The cluster's own authority, and its certificates: of pgBackRest's two ends, and of PostgreSQL's superuser. Keys are Pulumi secrets. */
import * as pulumi from '@pulumi/pulumi';
import * as tls from '@pulumi/tls';
import type { Namespaces } from '../../plan/declared/namespaces.ts';
import type { Certificate } from '../cluster/keys.ts';
import { POSTGRES, POSTGRES_MEMBERS, REPOSITORY_SERVER, serviceHost } from '../cluster/ports.ts';
import { CLIENTS } from './config.ts';

export interface CertificatesArgs {
  readonly namespaces: Namespaces;
}

const YEAR_HOURS = 8760;
/** The first `pulumi up` in the last 60 days renews a certificate. If none runs, backups fail and raise an alert. */
const RENEWAL_HOURS = 1440;
const KEY = { algorithm: 'ECDSA', ecdsaCurve: 'P256' } as const;

function namesOf(service: string, namespace: string): string[] {
  return [service, `${service}.${namespace}`, serviceHost(service, namespace)];
}

export class Certificates extends pulumi.ComponentResource {
  /** Beside each PostgreSQL: server for the jobs, client of the local repository. */
  readonly postgres: Certificate;
  /** Server in front of the local repository's volume. */
  readonly repository: Certificate;
  /** Client: backup jobs. */
  readonly jobs: Certificate;
  /** Client: the superuser of PostgreSQL, in the monitor and the jobs that ask it. It opens no pgBackRest. */
  readonly superuser: Certificate;
  /** By name: all of them, and their authority. PEM. */
  readonly watched: Readonly<Record<string, pulumi.Output<string>>>;

  constructor(name: string, { namespaces }: CertificatesArgs, opts: pulumi.ComponentResourceOptions = {}) {
    super('go-coffee-dr:cluster:Certificates', name, {}, opts);
    const child = { parent: this };
    const authorityKey = new tls.PrivateKey(`${name}-authority`, KEY, child);
    const authority = new tls.SelfSignedCert(
      `${name}-authority`,
      {
        privateKeyPem: authorityKey.privateKeyPem,
        isCaCertificate: true,
        validityPeriodHours: 10 * YEAR_HOURS,
        earlyRenewalHours: YEAR_HOURS,
        allowedUses: ['cert_signing', 'crl_signing'],
        subject: { commonName: `${namespaces.platform} pgBackRest` },
      },
      child,
    );
    const issue = (part: string, commonName: string, dnsNames: string[], uses: string[]): Certificate => {
      const key = new tls.PrivateKey(`${name}-${part}`, KEY, child);
      const request = new tls.CertRequest(
        `${name}-${part}`,
        { privateKeyPem: key.privateKeyPem, dnsNames, subject: { commonName } },
        child,
      );
      const certificate = new tls.LocallySignedCert(
        `${name}-${part}`,
        {
          certRequestPem: request.certRequestPem,
          caPrivateKeyPem: authorityKey.privateKeyPem,
          caCertPem: authority.certPem,
          validityPeriodHours: YEAR_HOURS,
          earlyRenewalHours: RENEWAL_HOURS,
          allowedUses: ['digital_signature', 'key_encipherment', ...uses],
        },
        child,
      );
      return { ca: authority.certPem, certificate: certificate.certPem, key: pulumi.secret(key.privateKeyPem) };
    };
    const { platform, recovery } = namespaces;
    const leader = namesOf(POSTGRES, platform);
    // Each member by the name of its pod: a backup copies the files of one replica.
    const members = [...leader, `*.${serviceHost(POSTGRES_MEMBERS, platform)}`];
    this.postgres = issue('postgres', CLIENTS.postgres, members, ['server_auth', 'client_auth']);
    const server = namesOf(REPOSITORY_SERVER, recovery);
    this.repository = issue('repository', REPOSITORY_SERVER, server, ['server_auth']);
    this.jobs = issue('jobs', CLIENTS.jobs, [], ['client_auth']);
    this.superuser = issue('superuser', CLIENTS.superuser, [], ['client_auth']);
    this.watched = {
      authority: authority.certPem,
      postgres: this.postgres.certificate,
      repository: this.repository.certificate,
      jobs: this.jobs.certificate,
      superuser: this.superuser.certificate,
    };
    this.registerOutputs({});
  }
}
