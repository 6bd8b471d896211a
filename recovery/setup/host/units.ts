/** The services that systemd runs here, and the folders that their units name. Only questions; a host without systemd has none. */
import { isThere } from '../../core/absent.ts';
import type { Run } from '../../core/process.ts';
import { LIMIT_SECONDS } from '../found.ts';

export interface Unit {
  /** `auth-service.service` */
  readonly name: string;
  /** Absolute paths that it works in or may write to, with the property that names each. */
  readonly folders: readonly { readonly path: string; readonly property: string }[];
  /** An administrator's own unit, not one of a package of the distribution. */
  readonly own: boolean;
}

const PROPERTIES = ['Id', 'FragmentPath', 'WorkingDirectory', 'StateDirectory', 'ReadWritePaths', 'BindPaths'] as const;

/** What systemd makes at its start: it is there exactly where systemd is the init of this host. */
const BOOTED = '/run/systemd/system';

/** Pure. `-/path` may be absent, `!/path` and `~` are no fixed places; `/from:/to:rbind` is mounted from the first. */
function pathsOf(property: string, value: string): string[] {
  return value.split(/\s+/).flatMap((word) => {
    const path = (word.replace(/^[-+]+/, '').split(':')[0] ?? '').replace(/(.)\/+$/, '$1');
    if (property === 'StateDirectory') return path === '' ? [] : [`/var/lib/${path}`];
    return path.startsWith('/') && path !== '/' ? [path] : [];
  });
}

/** Pure. The answer of `systemctl show` for several units: blocks of `Property=value` with an empty line between. */
export function parseUnits(shown: string): Unit[] {
  return shown.split(/\n\n+/).flatMap((block) => {
    const fields = new Map(
      block.split('\n').map((line) => {
        const equals = line.indexOf('=');
        return [line.slice(0, equals), line.slice(equals + 1)] as const;
      }),
    );
    const name = fields.get('Id');
    if (name === undefined) return [];
    const folders = PROPERTIES.slice(2).flatMap((property) =>
      pathsOf(property, fields.get(property) ?? '').map((path) => ({ path, property })),
    );
    return [{ name, folders, own: (fields.get('FragmentPath') ?? '').startsWith('/etc/') }];
  });
}

/** Running services. Throws what `systemctl` says where systemd runs and does not answer. */
export async function runningUnits(run: Run, booted = BOOTED): Promise<Unit[]> {
  if (!(await isThere(booted))) return [];
  const options = { timeoutSeconds: LIMIT_SECONDS, env: { LC_ALL: 'C' } };
  const list = ['list-units', '--type=service', '--state=running', '--plain', '--no-legend', '--no-pager'];
  const { stdout } = await run(['systemctl', ...list], options);
  const names = stdout.split('\n').flatMap((line) => line.trim().split(/\s+/)[0] || []);
  if (names.length === 0) return [];
  const shown = await run(['systemctl', 'show', '--no-pager', `--property=${PROPERTIES.join(',')}`, ...names], options);
  return parseUnits(shown.stdout);
}
