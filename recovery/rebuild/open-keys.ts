/** `--keys FILE`: what an escrow file holds. It lies in a folder that nobody else may enter only until it is read. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openSite } from '../config/site.ts';
import type { Logger } from '../core/log.ts';
import { isProgram } from '../keys/bundle.ts';
import { readEscrow } from '../keys/escrow.ts';
import { layDown } from '../keys/lay-down.ts';
import type { Material } from './material.ts';
import { siteMaterial } from './site-material.ts';

/** Throws `ESCROW-…` and `IDENTITY-…` (exit 2). */
export async function openKeys(file: string, identity: string, log: Logger): Promise<Material> {
  const opened = await readEscrow(file, identity);
  const folder = await mkdtemp(join(tmpdir(), 'go-coffee-dr-keys-'));
  try {
    // The program that runs is this one.
    const files = opened.files.filter((each) => !isProgram(each));
    const { environmentFile } = await layDown({ ...opened, files, program: [] }, folder);
    const site = await openSite(environmentFile, log);
    return await siteMaterial(site, `escrow file ${file} of ${opened.index.createdAt}`);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
