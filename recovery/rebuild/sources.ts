/** Gathers the sources of a stack's config: its own, another stack's, the credentials bundle. */
import { didYouMeanOrAll } from '../../plan/nearest.ts';
import { badInput, DrError, precondition } from '../core/errors.ts';
import { isRecord } from '../core/json.ts';
import type { EngineStack, StackEngine } from '../pulumi/engine.ts';
import type { Sources } from './assemble.ts';
import type { CredentialsBundle } from './credentials-bundle.ts';
import type { RebuildRequest } from './types.ts';

export interface Found {
  readonly stack: EngineStack | undefined;
  readonly isUp: boolean;
  readonly sources: Sources;
  readonly notes: readonly string[];
}

async function likeSources(
  engine: StackEngine,
  like: string,
  known: readonly string[],
): Promise<Pick<Sources, 'like' | 'likeSecrets'> & { note?: string }> {
  const inFile = await engine.fileConfig(like);
  if (!known.includes(like)) {
    if (inFile === undefined) {
      throw badInput({
        code: 'STACK-UNKNOWN',
        where: '--like',
        fact: `the backend has no stack "${like}", and there is no file Pulumi.${like}.yaml.${didYouMeanOrAll(like, known)}`,
        hint: 'list the stacks: pulumi stack ls; or take the values from --keys, --set or an environment file',
      });
    }
    return { like: inFile, note: `${like}: its state is missing; only the plain values of its file are used` };
  }
  try {
    const stack = await engine.select(like);
    const [config, outputs] = await Promise.all([stack.config(), stack.outputs()]);
    return { like: config, likeSecrets: outputs.secrets };
  } catch (error) {
    // It may have another passphrase, which is not needed where the bundle holds everything.
    if (!(error instanceof DrError) || inFile === undefined || !error.code.startsWith('PULUMI-PASSPHRASE')) throw error;
    return {
      like: inFile,
      note: `${like}: its secrets can’t be decrypted here (${error.fact}); its plain values are used`,
    };
  }
}

/** Throws STACK-NAME and TARGET-IS-SOURCE (exit 2). */
export function checkNames({ stack, like }: Pick<RebuildRequest, 'stack' | 'like'>): void {
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(stack)) {
    throw badInput({
      code: 'STACK-NAME',
      where: '--stack',
      fact: `"${stack}" is not a valid name of a stack`,
      hint: 'use letters, digits, "-", "_" and "."',
    });
  }
  if (stack === like) {
    throw badInput({
      code: 'TARGET-IS-SOURCE',
      where: '--stack',
      fact: `"${stack}" is the stack that --like names`,
      hint: 'a rebuild makes a fresh stack: choose another name with --stack',
    });
  }
}

/** A deployed stack keeps its data: another point needs another stack. Throws STACK-IN-USE (exit 6). */
async function refuseDeployed(stack: EngineStack, own: Sources['own'], request: RebuildRequest): Promise<void> {
  const role = String(own?.role?.value ?? '');
  const hint = 'choose another name with --stack, and other namespaces with --set namespaces.platform=NAME';
  if (role !== 'recovery') {
    const fact = `it is deployed with role ${role || 'unknown'}, and a rebuild would replace its data`;
    throw precondition({ code: 'STACK-IN-USE', where: stack.name, fact, hint });
  }
  const recovery = own?.recovery?.value;
  const outputs = await stack.outputs();
  const pinned = isRecord(outputs.recoveredFrom) ? outputs.recoveredFrom : isRecord(recovery) ? recovery : {};
  const present = `${String(pinned.from)} of ${String(pinned.repository)}`;
  const wanted = `${request.target} of ${request.repository}`;
  if (present === wanted) return;
  throw precondition({
    code: 'STACK-IN-USE',
    where: stack.name,
    fact: `it was rebuilt from ${present}; ${wanted} is another point, and an existing database is never replaced`,
    hint: `${hint}; or delete this one: dr rebuild --teardown --stack ${stack.name}`,
  });
}

/** A rebuild replaces the config: that of a stack with another purpose is somebody's work. Throws STACK-IN-USE (exit 6). */
function refuseOtherRole({ name }: EngineStack, own: Sources['own']): void {
  const role = own?.role?.value;
  if (role === undefined || role === 'recovery') return;
  throw precondition({
    code: 'STACK-IN-USE',
    where: name,
    fact: `its config has the role ${String(role)}, and a rebuild would replace that`,
    hint: 'choose another name with --stack',
  });
}

/** Throws STACK-UNKNOWN (exit 2) and STACK-IN-USE (exit 6). */
export async function findSources(
  request: RebuildRequest,
  engine: StackEngine,
  bundle: CredentialsBundle | undefined,
): Promise<Found> {
  const known = await engine.list();
  const stack = known.includes(request.stack) ? await engine.select(request.stack) : undefined;
  const isUp = stack === undefined ? false : await stack.isUp();
  const own = stack === undefined ? undefined : await stack.config();
  if (stack !== undefined && isUp) await refuseDeployed(stack, own, request);
  if (stack !== undefined && !isUp) refuseOtherRole(stack, own);
  const like = request.like === undefined ? {} : await likeSources(engine, request.like, known);
  const { note, ...copied } = { note: undefined, ...like };
  return { stack, isUp, sources: { own, bundle, ...copied }, notes: note === undefined ? [] : [note] };
}
