/** The environment file (`dr.yaml`) of the jobs: what they copy, and where to. Pure. */
import { parse } from 'yaml';
import { at } from '../../../plan/declared/values.ts';
import { type Area, type Fact, type Items, NEVER_SHOWN } from '../fact.ts';
import { leavesOf } from './flatten.ts';
import { factOf, read } from './meaning.ts';
import { loginFact } from './superuser.ts';

const keysAt = (document: unknown, ...path: string[]): string[] => {
  const found = at(document, ...path);
  return typeof found === 'object' && found !== null ? Object.keys(found) : [];
};

function list(area: Area, what: string, all: readonly string[], of: string, says: string): Fact {
  const items: Items = { all, more: 'better', fewer: 'worse' };
  return { area, what, value: all.join(', ') || 'none', items, of, harm: { store: 'all', says } };
}

/** Waiting times and places that only the pod sees. */
const HARMLESS = /^(apiVersion|kind|stateDir|plan|postgres\.tls\.login\.\w+|.*\.(timeout|connectTimeout))$/;

/** Undefined for another document. Throws what the parser throws. */
export function environmentFacts(text: string, of: string): Fact[] | undefined {
  const document: unknown = parse(text);
  if (at(document, 'kind') !== 'Environment') return undefined;
  const folders = keysAt(document, 'folders');
  const repositories = keysAt(document, 'repositories');
  const git = at(document, 'git', 'repositories');
  const stores = ['postgres', 'redis', 'kubernetes'].filter((key) => at(document, key) !== undefined);
  const mirrors = Array.isArray(git) ? git.map((one) => String(at(one, 'name') ?? at(one, 'url'))) : [];
  const others = Object.entries(leavesOf(document)).filter(([path]) => {
    const [top = '', second = ''] = path.split('.');
    // A whole folder, repository or mirror that comes or goes has a row of its own above.
    return !HARMLESS.test(path) && !(top === 'git' && second === 'repositories');
  });
  return [
    list('regions', `repositories in ${of}`, repositories, of, 'backups no longer go to a repository'),
    list('data', `what the jobs copy by ${of}`, [...stores, ...folders, ...mirrors], of, 'the jobs no longer copy it'),
    ...(stores.includes('postgres') ? [loginFact(document, of)] : []),
    ...[...repositories.map((id) => `repositories.${id}`), ...folders.map((id) => `folders.${id}`), ...stores].map(
      (path): Fact => ({ area: 'recovery', what: `${of}: ${path}`, value: 'there', of: NEVER_SHOWN }),
    ),
    ...others.map(([path, value]) => {
      const [top = '', second = ''] = path.split('.');
      const owner = ['repositories', 'folders'].includes(top)
        ? `${of}: ${top}.${second}`
        : stores.includes(top)
          ? `${of}: ${top}`
          : of;
      return factOf(`${path} in ${of}`, read({ area: 'recovery' }), value, { of: owner });
    }),
  ];
}
