/** Gathers what is known of a stack that is to be made: its own config, another stack's, the material. */
import { didYouMean } from '../../plan/nearest.ts';
import { badInput, DrError, precondition } from '../core/errors.ts';
import type { EngineStack, StackEngine } from '../pulumi/engine.ts';
import type { Sources } from './assemble.ts';
import type { Material } from './material.ts';
import { isRecord } from './settings.ts';
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
        fact: `"${like}" is no stack, and there is no file Pulumi.${like}.yaml.${didYouMean(like, known)}`,
        hint: 'see `pulumi stack ls`; without such a stack the values come from --keys, --set or an environment file',
      });
    }
    return { like: inFile, note: `${like}: its state is gone; only the plain values of its file are taken` };
  }
  try {
    const stack = await engine.select(like);
    const [config, outputs] = await Promise.all([stack.config(), stack.outputs()]);
    return { like: config, likeSecrets: outputs.secrets };
  } catch (error) {
    // Its passphrase may be another, and is not needed where an escrow file has everything.
    if (!(error instanceof DrError) || inFile === undefined || !error.code.startsWith('PULUMI-PASSPHRASE')) throw error;
    return {
      like: inFile,
      note: `${like}: its secrets can’t be read here (${error.fact}); its plain values are taken`,
    };
  }
}

/** Throws STACK-NAME and TARGET-IS-SOURCE (exit 2). */
export function checkNames({ stack, like }: Pick<RebuildRequest, 'stack' | 'like'>): void {
  if (!/^[A-Za-z0-9][\w.-]{0,99}$/.test(stack)) {
    throw badInput({
      code: 'STACK-NAME',
      where: '--stack',
      fact: `"${stack}" can’t be the name of a stack`,
      hint: 'write letters, digits, "-", "_" and "."',
    });
  }
  if (stack === like) {
    throw badInput({
      code: 'TARGET-IS-SOURCE',
      where: '--stack',
      fact: `"${stack}" is the stack whose config is copied`,
      hint: 'a platform from a point is a fresh stack: give it a name of its own',
    });
  }
}

/** A stack that leads or follows is no place for another point. Throws STACK-IN-USE (exit 6). */
async function refuseOthers(
  stack: EngineStack,
  isUp: boolean,
  own: Sources['own'],
  request: RebuildRequest,
): Promise<void> {
  if (!isUp) return;
  const role = String(own?.role?.value ?? '');
  const hint = 'a platform from a point is a fresh stack: give it a name, and namespaces, of its own';
  if (role !== 'recovery') {
    const fact = `it is up with role ${role || 'unknown'}: its data would have to be replaced`;
    throw precondition({ code: 'STACK-IN-USE', where: stack.name, fact, hint });
  }
  const recovery = own?.recovery?.value;
  const outputs = await stack.outputs();
  const pinned = isRecord(outputs.recoveredFrom) ? outputs.recoveredFrom : isRecord(recovery) ? recovery : {};
  const began = `${String(pinned.from)} of ${String(pinned.repository)}`;
  const wanted = `${request.target} of ${request.repository}`;
  if (began === wanted) return;
  throw precondition({
    code: 'STACK-IN-USE',
    where: stack.name,
    fact: `it is up from ${began}, and ${wanted} is another point: a database that is there is never made anew`,
    hint: `${hint}; or end this one: dr rebuild --teardown --stack ${stack.name}`,
  });
}

/** Throws STACK-UNKNOWN (exit 2) and STACK-IN-USE (exit 6). */
export async function findSources(
  request: RebuildRequest,
  engine: StackEngine,
  material: Material | undefined,
): Promise<Found> {
  const known = await engine.list();
  const there = known.includes(request.stack);
  const stack = there ? await engine.select(request.stack) : undefined;
  const isUp = stack === undefined ? false : await stack.isUp();
  const own = stack === undefined ? undefined : await stack.config();
  if (stack !== undefined) await refuseOthers(stack, isUp, own, request);
  const like = request.like === undefined ? {} : await likeSources(engine, request.like, known);
  const { note, ...copied } = { note: undefined, ...like };
  return { stack, isUp, sources: { own, material, ...copied }, notes: note === undefined ? [] : [note] };
}
