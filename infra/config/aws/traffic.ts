/** The config key `traffic`: the names of the platform in Route 53, and what can't be one. Pure. */
import { z } from 'zod';
import type { ConfigProblem } from '../problems.ts';

const hostName = z
  .string()
  .regex(/^([a-z0-9]([a-z0-9-]*[a-z0-9])?\.)+[a-z]{2,}$/, { error: 'is not a host name; write e.g. lb.example.com' });

export const trafficSchema = z.strictObject({
  zoneId: z.string().regex(/^Z[A-Z0-9]{5,31}$/, { error: 'is not the id of a hosted zone; copy it from Route 53' }),
  /** Name of that zone, to find a name that is its apex. @default unknown */
  zoneName: hostName.optional(),
  /** Names that follow the platform. They become CNAME records, so no apex domain. */
  names: z.array(hostName).min(1),
  /** Host names of the entrances of the two sites. */
  primary: hostName,
  standby: hostName,
  healthPath: z.string().startsWith('/', { error: 'is not a path; begin it with /' }).default('/health'),
  /** The entrance that users are led to while nobody moves the switch. @default primary */
  active: z.enum(['primary', 'standby']).optional(),
});

/** `example.com`, and `example.co.uk`: below such an ending everybody registers names. */
const REGISTERED = /^[^.]+\.(?:[^.]+|(?:ac|co|com|edu|gov|net|org)\.[a-z]{2})$/;

export function trafficProblems({ traffic }: { readonly traffic?: z.infer<typeof trafficSchema> | undefined }) {
  const { names = [], zoneName } = traffic ?? {};
  const hint = 'DNS allows no CNAME there: name a host below it, and lead the apex there with an alias of your own';
  return names.flatMap((name, n): ConfigProblem[] => {
    const path = ['traffic', 'names', n];
    if (name === zoneName || REGISTERED.test(name)) return [{ path, fact: `"${name}" is the apex of its zone`, hint }];
    if (zoneName === undefined || name.endsWith(`.${zoneName}`)) return [];
    return [{ path, fact: `"${name}" is not in the zone ${zoneName}`, hint: 'correct zoneName, or the name' }];
  });
}
