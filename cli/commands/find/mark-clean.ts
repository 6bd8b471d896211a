/** `--mark-clean`: a person says that the point before is good, and restores may begin from it. */
import type { Site } from '../../../recovery/config/site.ts';
import { DrError } from '../../../recovery/core/errors.ts';

export interface Marked {
  readonly ok: boolean;
  readonly point?: string;
  readonly lines: readonly string[];
}

export interface CleanPoint {
  readonly repository: string;
  /** Undefined where none lies before. */
  readonly point: string | undefined;
  readonly note: string;
}

export async function markClean(site: Site, { repository, point, note }: CleanPoint, by: string): Promise<Marked> {
  if (point === undefined) return { ok: false, lines: ['nothing was marked: no point lies before it'] };
  const { openCatalog } = await import('../../../recovery/points/catalog/catalog.ts');
  try {
    const catalog = await openCatalog(site, site.repository(repository), 'restorer');
    await catalog.mark(point, 'clean', by, note);
    return { ok: true, point, lines: [`${point} is marked clean in ${repository}, by ${by}`] };
  } catch (error) {
    if (!(error instanceof DrError)) throw error;
    return { ok: false, point, lines: [`${point} was not marked: ${error.fact}`] };
  }
}
