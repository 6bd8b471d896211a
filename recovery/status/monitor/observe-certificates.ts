/** Until when the certificates are good that `dr.yaml` names. */
import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import type { Site } from '../../config/site.ts';
import { messageOf } from '../../core/errors.ts';
import type { Observation } from './observation.ts';

type Certificates = NonNullable<Observation['certificates']>;

/** A file that can't be read as a certificate has no date: whoever needs it can't use it either. */
export async function observeCertificates({
  environment,
  log,
}: Pick<Site, 'environment' | 'log'>): Promise<Certificates> {
  return Promise.all(
    Object.entries(environment.certificates ?? {}).map(async ([name, path]) => {
      try {
        return { name, expires: new X509Certificate(await readFile(path)).validToDate };
      } catch (error) {
        // Whatever the reason is, the metric says 0 and an alert rings.
        log.warn(`certificate ${name}: ${path} is no certificate that can be read (${messageOf(error)})`);
        return { name };
      }
    }),
  );
}
