/** Pure: the section `git` of the environment file. */
import { nameSchema } from '../../core/fields.ts';
import { type Part, remark, section, value } from '../document.ts';
import type { Unanswered } from '../found.ts';
import { type FoundRepository, repositoryName } from './git.ts';
import type { HostFacts } from './look.ts';
import { openRemark, type ProposedPart } from './proposed-part.ts';

const WITH_PASSWORD = /^[a-z+]+:\/\/[^/@]*:[^/@]*@/i;

/** What a mirror is made of: the remote that the repository was cloned from, or the repository itself where it has none. */
function sourceOf({ path, remotes }: FoundRepository): { readonly url: string; readonly by: string } | Unanswered {
  const about = `git.repositories at ${path}`;
  const [only, second] = remotes;
  const remote = remotes.find(({ name }) => name === 'origin') ?? (second === undefined ? only : undefined);
  if (only === undefined) return { url: path, by: `${path} has no remote: it is the original` };
  if (remote === undefined) {
    const names = remotes.map(({ name }) => name).join(', ');
    return { about, why: `it has several remotes (${names}) and none is called origin`, hint: 'add it by hand' };
  }
  if (WITH_PASSWORD.test(remote.url)) {
    const hint = 'put the login into a file for git.credentials, and the address without it into dr.yaml';
    return { about, why: `the address of its remote "${remote.name}" holds a password`, hint };
  }
  return { url: remote.url, by: `remote "${remote.name}" of ${path}` };
}

export function gitPart({ repositories }: Pick<HostFacts, 'repositories'>): ProposedPart {
  if (repositories.length === 0)
    return { part: remark('git: no repository was found where services work; --look FOLDER names places') };
  const known = new Map<string, string>();
  const open: Unanswered[] = [];
  const entries: { name: string; url: string }[] = [];
  const notes: string[] = [];
  for (const repository of repositories) {
    const source = sourceOf(repository);
    const name = repositoryName(repository.path);
    if (!('url' in source)) open.push(source);
    else if (known.get(name) === source.url) continue;
    else if (known.has(name) || !nameSchema.safeParse(name).success) {
      const why = known.has(name) ? `another repository is called "${name}" too` : `"${name}" can't be its name`;
      open.push({ about: `git.repositories at ${repository.path}`, why, hint: 'add it by hand with another name' });
    } else {
      known.set(name, source.url);
      entries.push({ name, url: source.url });
      notes.push(`${name}: ${source.by}`);
    }
  }
  const remarks: Part[] = open.map((each) => openRemark(each.about, each));

  if (entries.length === 0) return { part: section('git', 'Repositories', remarks), unanswered: open };
  return {
    part: section('git', 'Mirrors of the code', [value('repositories', entries, notes.join('; ')), ...remarks]),
    unanswered: open,
  };
}
