/** PostgreSQL's parameters as Patroni's configuration sets them, and whether they archive WAL. Pure. */
import { parse, YAMLParseError } from 'yaml';
import { at } from './values.ts';

export type Parameters = Readonly<Record<string, unknown>>;

/** Only the dynamic configuration may set these; Patroni ignores them elsewhere (its manual, "Dynamic Configuration Settings"). */
const DYNAMIC_ONLY = [
  ...['wal_level', 'hot_standby', 'wal_log_hints', 'max_connections', 'max_wal_senders', 'max_prepared_transactions'],
  ...['max_locks_per_transaction', 'max_replication_slots', 'max_worker_processes', 'track_commit_timestamp'],
];

const valuesAt = (value: unknown, ...path: string[]): Parameters => {
  const found = at(value, ...path);
  return typeof found === 'object' && found !== null ? (found as Parameters) : {};
};

/** What PostgreSQL gets in the end. @param document the parsed `patroni.yml` */
export function parametersOf(document: unknown): Parameters {
  const dynamic = valuesAt(document, 'bootstrap', 'dcs', 'postgresql', 'parameters');
  const local = Object.entries(valuesAt(document, 'postgresql', 'parameters'));
  return {
    ...dynamic,
    ...Object.fromEntries(local.filter(([name]) => !DYNAMIC_ONLY.includes(name))),
    ...valuesAt(document, 'postgresql', 'recovery_conf'),
  };
}

/** Undefined where the text is not YAML. */
export function parametersIn(text: string): Parameters | undefined {
  try {
    return parametersOf(parse(text));
  } catch (error) {
    if (error instanceof YAMLParseError) return undefined;
    throw error;
  }
}

const YES = ['on', 'true', 'yes', 'y', '1', 'enabled'];
const NO = ['off', 'false', 'no', 'n', '0', 'disabled'];

/** `on` or `off` for any spelling of them; other text as it is. */
export function switchOf(value: unknown): string {
  const text = String(value).trim();
  const low = text.toLowerCase();
  if (YES.includes(low)) return 'on';
  return NO.includes(low) ? 'off' : text;
}

/** What pretends success and does nothing. */
const DOES_NOTHING = /^(|:|true|\/?(usr\/)?bin\/true|exit 0|cd \.?|echo\b.*|test\b.*|\(disabled\))$/;
/** `… || true` reports success for what failed: PostgreSQL then removes WAL that no repository has. */
const SWALLOWS = /(\|\||;)\s*(\/?(usr\/)?bin\/)?(true|:|exit 0)\s*$/;

/** `nothing`: it reports success and does nothing. `other`: it does not call what it should, and may do it in another way. */
export type Effect = 'works' | 'nothing' | 'other';

/** @param works what the command must call */
export function effectOf(command: unknown, works: RegExp): Effect {
  const text = String(command ?? '')
    .trim()
    .replace(/;$/, '');
  if (DOES_NOTHING.test(text) || SWALLOWS.test(text)) return 'nothing';
  return text.split(/&&|\|\||;|\|/).some((part) => works.test(part.trim())) ? 'works' : 'other';
}

export const PUSHES = /\barchive-push(\.sh)?\b/;
export const GETS = /\b(archive|source)-get(\.sh)?\b/;

/** Why these parameters ship no WAL, each with its value. Empty where they do. */
export function archiveFaults(parameters: Parameters): string[] {
  const mode = switchOf(parameters.archive_mode ?? 'off');
  const command = parameters.archive_command ?? '';
  const level = String(parameters.wal_level ?? 'replica');
  return [
    ...(mode === 'off' ? ['archive_mode is off'] : []),
    ...(effectOf(command, PUSHES) === 'works' ? [] : [`archive_command is ${JSON.stringify(String(command))}`]),
    ...(level === 'minimal' ? ['wal_level is minimal'] : []),
  ];
}
