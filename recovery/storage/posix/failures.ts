/** Pure: what the file system refuses, as an error that names the folder at fault: a repository, `dr`'s own folder, or the target of a copy. */
import { codeOf, DrError, type ErrorFacts, hasCode, messageOf, refusedPath, systemError } from '../../core/errors.ts';

const OF_REPOSITORY: Readonly<Record<string, Pick<ErrorFacts, 'code' | 'fact' | 'hint'>>> = {
  EACCES: {
    code: 'REPOSITORY-DENIED',
    fact: 'access was denied',
    hint: 'run `dr` as the owner of the folder, or as root',
  },
  EPERM: {
    code: 'REPOSITORY-DENIED',
    fact: 'access was denied',
    hint: 'run `dr` as the owner of the folder, or as root',
  },
  EROFS: { code: 'REPOSITORY-DENIED', fact: 'is mounted read-only', hint: 'mount the volume for writing' },
  ENOSPC: {
    code: 'REPOSITORY-FULL',
    fact: 'no space is left',
    hint: 'make room on its volume; in a repository `dr prune` removes what nothing keeps any more',
  },
  EDQUOT: { code: 'REPOSITORY-FULL', fact: 'the quota is used up', hint: 'raise the quota, or run `dr prune`' },
  ENOTDIR: { code: 'REPOSITORY-MISSING', fact: 'a file stands where a folder must be', hint: 'move that file away' },
  EEXIST: { code: 'REPOSITORY-MISSING', fact: 'a file stands where a folder must be', hint: 'move that file away' },
  EIO: { code: 'REPOSITORY-UNREACHABLE', fact: 'the disk failed', hint: 'recover from another repository' },
  ESTALE: { code: 'REPOSITORY-UNREACHABLE', fact: 'the share is gone', hint: 'mount the volume again' },
};

const isBelow = (path: string, root: string): boolean => path === root || `${path}/`.startsWith(`${root}/`);

/** @param root of the repository. What the file system refuses elsewhere, such as the target of a download, is not the repository's fault. */
export function repositoryFailure(error: unknown, root: string): unknown {
  const path = refusedPath(error);
  if (path !== undefined && !isBelow(path, root)) return systemError(error, path) ?? error;
  const facts = OF_REPOSITORY[codeOf(error) ?? ''];
  if (facts === undefined) return error;
  return new DrError({ ...facts, where: `folder ${root}`, fact: `${facts.fact} (${messageOf(error)})`, cause: error });
}

/** @param root `dr`'s own folder on this host: locks and records, never a copy of data */
export function stateFailure(error: unknown, root: string): unknown {
  const refused = systemError(error, root);
  if (refused !== undefined) {
    const { code, where, fact, hint } = refused;
    return new DrError({ code, where, fact: `the state folder ${root} is refused: ${fact}`, hint, cause: error });
  }
  if (!hasCode(error, 'ENOTDIR', 'EEXIST')) return error;
  return new DrError({
    code: 'STATE-UNUSABLE',
    where: refusedPath(error) ?? root,
    fact: `a file stands where a folder of the state folder must be (${messageOf(error)})`,
    hint: 'move that file away',
    cause: error,
  });
}
