/** `postgresql.conf`, and the rules of `pg_hba.conf`. Pure. */
import type { Fact } from '../fact.ts';
import { settingFacts } from './meaning.ts';
import { POSTGRES_HARMLESS, POSTGRES_SETTINGS } from './postgres.ts';

/** Without what follows a `#` that stands outside of quotes. */
const withoutComment = (line: string): string => line.replace(/^((?:[^#']|'(?:[^']|'')*')*)#.*$/, '$1').trim();

function postgresValues(text: string): Record<string, string> {
  const entries = text.split('\n').flatMap((line) => {
    const [, name, value] = /^([\w.]+)\s*(?:=|\s)\s*(.+)$/.exec(withoutComment(line)) ?? [];
    if (name === undefined || value === undefined) return [];
    return [[name.toLowerCase(), value.replace(/^'([\s\S]*)'$/, '$1').replaceAll("''", "'")] as const];
  });
  return Object.fromEntries(entries);
}

export function postgresFileFacts(text: string, of: string, file: string): Fact[] {
  if (file === 'pg_hba.conf') {
    const all = text
      .split('\n')
      .map((line) => withoutComment(line).replace(/\s+/g, ' '))
      .filter((line) => line !== '');
    return [
      {
        area: 'access',
        what: `who may log in by ${of}`,
        value: all.join('; '),
        items: { all, more: 'worse', fewer: 'unknown' },
        of,
      },
    ];
  }
  const label = (name: string) => `PostgreSQL ${name} (${file})`;
  return settingFacts({
    of,
    values: postgresValues(text),
    known: POSTGRES_SETTINGS,
    harmless: POSTGRES_HARMLESS,
    area: 'recovery',
    label,
  });
}
