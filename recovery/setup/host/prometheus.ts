/** Prometheus on this host: the folder of the file that it was started with. */
import { dirname } from 'node:path';
import { allPids, argvOf, processStat, sharesFiles } from '../../core/pids.ts';

/** Pure. `--config.file=/etc/prometheus/prometheus.yml`, also as two words; undefined for a path that is not absolute. */
export function configFileIn(argv: readonly string[]): string | undefined {
  const at = argv.findIndex((word) => /^--?config\.file(=|$)/.test(word));
  if (at < 0) return undefined;
  const file = argv[at]?.includes('=') ? argv[at]?.replace(/^[^=]*=/, '') : argv[at + 1];
  return file?.startsWith('/') ? file : undefined;
}

/** Folders of the configuration of each Prometheus that runs here, each once. */
export async function prometheusFolders(): Promise<string[]> {
  const pids = (await allPids()).filter((pid) => processStat(pid)?.name === 'prometheus');
  const files = await Promise.all(
    pids.map(async (pid) => ((await sharesFiles(pid)) === false ? undefined : configFileIn(await argvOf(pid)))),
  );
  return [...new Set(files.flatMap((file) => (file === undefined ? [] : [dirname(file)])))];
}
