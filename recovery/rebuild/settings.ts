/** Parses `--set key=value`: keys of a stack's config, with dots into objects. Pure. */
import { badInput } from '../core/errors.ts';
import { isRecord, type Json, parseJson } from '../core/json.ts';

/** A typed value would be visible in the shell's history and in the list of processes. */
const SECRET_KEYS = ['kubeconfig', 's3Credentials', 'secretValues', 'alertTargets', 'incident'];

/** Keys that a rebuild decides itself. */
const OWN_KEYS: Readonly<Record<string, string>> = {
  role: 'a rebuilt stack has role recovery',
  'recovery.from': 'it is what --to says',
  'recovery.repository': 'it is what --from says',
  'recovery.only': 'type --only',
  'recovery.exclude': 'type --exclude',
  'recovery.rotateSecrets': 'type --rotate-secrets',
  'recovery.harden': 'type --harden',
  'recovery.resolved': 'it is resolved from --to and --from',
  'recovery.pin': 'it is resolved from --to and --from',
};

function refuse(given: string, fact: string, hint: string): Error {
  return badInput({ code: 'SET-INVALID', where: '--set', fact: `"${given}" ${fact}`, hint });
}

/** Objects are merged, everything else is replaced. */
export function merge(base: Json, over: Json): Json {
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const before = Object.hasOwn(merged, key) ? merged[key] : undefined;
    merged[key] = isRecord(before) && isRecord(value) ? merge(before, value) : value;
  }
  return merged;
}

/** JSON where it parses as JSON; otherwise text. */
function parseText(text: string): unknown {
  return parseJson(text) ?? text;
}

/** Dots lead into objects; a key that contains dots stands in brackets: `recovery.map.registry["ghcr.io"]=mirror.test`. */
function pathOf(key: string, given: string): string[] {
  const parts = [...key.matchAll(/\["([^"]+)"\]|\.?([^.[\]]+)/g)];
  const whole = parts.map(([all]) => all).join('');
  if (parts.length === 0 || whole !== key) {
    throw refuse(given, 'names no key', 'write key=value or key.inner=value, e.g. --set cluster.context=dr-lab');
  }
  return parts.map(([, bracketed, bare]) => bracketed ?? bare ?? '');
}

/** @param given `key=value`, as typed. Throws SET-INVALID and SET-SECRET (exit 2); never quotes a secret. */
export function parseSettings(given: readonly string[]): Json {
  let settings: Json = {};
  for (const text of given) {
    const at = text.indexOf('=');
    if (at <= 0) throw refuse(text, 'has no "="', 'write key=value, e.g. --set cluster.context=dr-lab');
    const path = pathOf(text.slice(0, at), text);
    const [top = '', ...inner] = path;
    if (SECRET_KEYS.includes(top)) {
      throw badInput({
        code: 'SET-SECRET',
        where: '--set',
        fact: `"${top}" is a secret, and a typed value stays in the shell’s history`,
        hint: `take it from --keys or --like; or, once the stack exists: pulumi config set --secret --path ${top}… --stack NAME`,
      });
    }
    const own = OWN_KEYS[top] ?? OWN_KEYS[path.slice(0, 2).join('.')];
    if (own !== undefined) throw refuse(text, 'can’t be set', own);
    const nested = inner.reduceRight<unknown>((value, key) => ({ [key]: value }), parseText(text.slice(at + 1)));
    settings = merge(settings, { [top]: nested });
  }
  return settings;
}
