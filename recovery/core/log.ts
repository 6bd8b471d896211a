/** The diagnostic log: lines for people on stderr, or JSON lines in a file. It never goes to stdout, which is for data. */
import { pino } from 'pino';
import { z } from 'zod';

interface LogMethod {
  (message: string): void;
  (facts: object, message: string): void;
}

export interface Logger {
  readonly debug: LogMethod;
  readonly info: LogMethod;
  readonly warn: LogMethod;
  readonly error: LogMethod;
}

export type LogLevel = 'debug' | 'info' | 'warn' | 'error';

export interface LogOptions {
  readonly level: LogLevel;
  /** Append JSON lines to this file (created 0600). @default lines on stderr */
  readonly file?: string;
  /** Where a line for people goes, without its line break. @default stderr */
  readonly write?: (line: string) => void;
  /** Last chance for a secret: applied to every line before it is written. */
  readonly mask?: (text: string) => string;
}

/** Fields by these names are never written, at any of the first three levels of an object. */
const SECRET_FIELDS = [
  'password',
  'passphrase',
  'secret',
  'secretAccessKey',
  'accessKeyId',
  'token',
  'secretEnv',
  'hmacSha256',
];

const redact = {
  paths: SECRET_FIELDS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
  censor: '[secret]',
};

/** Secrets inside of a text: user:password in a URL, a signed URL, a Redis or PostgreSQL password argument. */
const SECRET_TEXT: readonly (readonly [RegExp, string])[] = [
  [/(\w+:\/\/[^\s/:@"]*):[^\s/@"]+@/g, '$1:[secret]@'],
  [/(X-Amz-(?:Signature|Credential|Security-Token)=)[^&\s"]+/gi, '$1[secret]'],
  [/\b((?:pg)?pass(?:word|phrase)?\s*[=:]\s*)(?!\[secret])[^\s",;}]+/gi, '$1[secret]'],
];

/** Masks everything that looks like a secret. */
export function scrub(text: string): string {
  return SECRET_TEXT.reduce((scrubbed, [pattern, replacement]) => scrubbed.replace(pattern, replacement), text);
}

export function openLog(options: LogOptions): Logger {
  const mask = (line: string): string => scrub(options.mask ? options.mask(line) : line);
  const write = options.write ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const sink =
    options.file === undefined
      ? { write: (line: string) => write(mask(forPeople(line))) }
      : fileSink(options.file, mask);
  return pino(
    { level: options.level, base: null, redact, timestamp: pino.stdTimeFunctions.isoTime, errorKey: 'error' },
    sink,
  );
}

/** Synchronous, so that the last line before a crash is there. */
function fileSink(file: string, mask: (line: string) => string): { write(line: string): void } {
  const destination = pino.destination({ dest: file, append: true, mkdir: true, sync: true, mode: 0o600 });
  return { write: (line) => void destination.write(mask(line)) };
}

const lineSchema = z.looseObject({ time: z.string(), level: z.number(), msg: z.string().default('') });

/** `14:03:22 warn  archive-push failed  repository=primary attempts=3` */
function forPeople(line: string): string {
  const { time, level, msg, ...facts } = lineSchema.parse(JSON.parse(line));
  const fields = Object.entries(facts).map(([name, value]) => `${name}=${plain(value)}`);
  const label = pino.levels.labels[level] ?? String(level);
  return [`${time.slice(11, 19)} ${label.padEnd(5)} ${msg}`, ...fields].join('  ').trimEnd();
}

function plain(value: unknown): string {
  return typeof value === 'string' && !/\s/.test(value) ? value : JSON.stringify(value);
}

function ignore(): void {
  // Silent on purpose.
}

export const silentLog: Logger = { debug: ignore, info: ignore, warn: ignore, error: ignore };
