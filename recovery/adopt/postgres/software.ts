/** Whether the stack's PostgreSQL has what the source's databases need: extensions, libraries, and the same order of text. Pure. */
import type { Finding } from '../types.ts';
import type { ManagedFacts, SourceFacts } from './facts.ts';

export const refuse = (code: string, fact: string, hint: string): Finding => ({ code, fact, hint, refuses: true });
export const note = (code: string, fact: string, hint: string): Finding => ({ code, fact, hint, refuses: false });

/** `$libdir/postgis-3` → `postgis-3`; undefined for a path of its own. */
function libraryName(path: string): string | undefined {
  if (path.startsWith('$libdir/')) return path.slice('$libdir/'.length).replace(/\.so$/, '');
  return path.includes('/') ? undefined : path.replace(/\.so$/, '');
}

export function software(source: SourceFacts, managed: ManagedFacts): Finding[] {
  const found: Finding[] = [];
  const image = 'use an image of the members that has them: images.postgres';
  const extensions = source.extensions.filter((name) => !managed.extensions.includes(name));
  if (extensions.length > 0) {
    found.push(
      refuse('EXTENSIONS', `the stack’s PostgreSQL has no ${extensions.join(', ')}, which databases of it use`, image),
    );
  }
  const preloaded = (source.settings.shared_preload_libraries ?? '')
    .split(',')
    .map((name) => name.trim().replaceAll('"', ''));
  const libraries = [...source.libraries, ...preloaded.filter((name) => name !== '')].filter((path) => {
    const name = libraryName(path);
    return name === undefined || !managed.libraries.includes(name);
  });
  if (libraries.length > 0) {
    found.push(
      refuse('LIBRARIES', `the stack’s PostgreSQL lacks the libraries ${[...new Set(libraries)].join(', ')}`, image),
    );
  }
  if (managed.version < source.version) {
    const fact = `it is ${source.versionText}, newer than the stack’s ${managed.versionText}`;
    found.push(note('OLDER-MINOR', fact, 'the release notes between the two say whether indexes are concerned'));
  }
  return [...found, ...sorting(source, managed)];
}

/** `en_US.utf8` and `en_US.UTF-8` are one locale. */
const plainLocale = (name: string): string => name.toLowerCase().replaceAll('-', '');

/** An index on text that another version has sorted misses rows without an error. */
function sorting(source: SourceFacts, managed: ManagedFacts): Finding[] {
  const locales = new Map(Object.entries(managed.locales).map(([name, version]) => [plainLocale(name), version]));
  const found: Finding[] = [];
  for (const { name, provider, collate, version } of source.databases) {
    if (provider !== 'c' || collate === null || ['C', 'POSIX'].includes(collate)) continue;
    const there = locales.get(plainLocale(collate));
    if (there === undefined) {
      const fact = `database ${name} sorts by ${collate}, which the stack’s PostgreSQL does not have`;
      found.push(refuse('LOCALE', fact, 'use an image of the members with that locale: images.postgres'));
    } else if (version !== null && there !== null && version !== there) {
      const fact = `database ${name} was sorted by version ${version} of the C library, and the stack’s has ${there}`;
      found.push(
        refuse('SORT-ORDER', fact, 'use an image of the members with the same system: indexes on text would miss rows'),
      );
    }
  }
  const icu = source.databases.filter(({ provider }) => provider === 'i').map(({ name }) => name);
  if (icu.length > 0) {
    const fact = `${icu.join(', ')} sort by ICU, whose version in the members’ image can’t be seen from here`;
    found.push(
      note(
        'SORT-ORDER-ICU',
        fact,
        'after the switch: ALTER DATABASE … REFRESH COLLATION VERSION, and REINDEX where it warns',
      ),
    );
  }
  return found;
}
