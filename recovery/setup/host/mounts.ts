/** File systems that are mounted here and may hold data of the platform. */
import { readFile } from 'node:fs/promises';
import { ifAbsent } from '../../core/absent.ts';

const WITH_DATA = /^(ext[234]|xfs|btrfs|zfs|f2fs|nfs4?|cifs|ceph|glusterfs|fuse\.(?!lxcfs|snapfuse).+)$/;
const OF_THE_SYSTEM = /^\/(boot|efi|proc|sys|dev|run|snap|etc)(\/|$)/;

/** Pure. Lines of /proc/self/mounts. */
export function dataMounts(mounts: string): { readonly path: string; readonly type: string }[] {
  return mounts.split('\n').flatMap((line) => {
    const [, raw = '', type = ''] = line.split(' ');
    const path = raw.replaceAll(/\\([0-7]{3})/g, (_, digits: string) =>
      String.fromCharCode(Number.parseInt(digits, 8)),
    );
    return path !== '/' && WITH_DATA.test(type) && !OF_THE_SYSTEM.test(path) ? [{ path, type }] : [];
  });
}

/** None where this is not Linux. */
export async function mountedData(): Promise<ReturnType<typeof dataMounts>> {
  return dataMounts(await readFile('/proc/self/mounts', 'utf8').catch(ifAbsent('')));
}
