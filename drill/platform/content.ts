/** Files of the platform; the same seed gives the same files. */
import { createCipheriv, createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** Bytes that compress as badly as photographs. */
export function noise(name: string, seed: number, bytes: number): Buffer {
  const key = createHash('sha256').update(`${seed}:${name}`).digest();
  return createCipheriv('aes-256-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(bytes));
}

export async function writeTree(
  root: string,
  files: ReadonlyMap<string, string | Buffer>,
  mode = 0o644,
): Promise<void> {
  await mkdir(root, { recursive: true });
  for (const [name, content] of files) {
    const path = join(root, name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content, { mode });
  }
}

export function sha256(content: string | Buffer): string {
  return createHash('sha256').update(content).digest('hex');
}

export function uploads(scale: number, seed: number): Map<string, Buffer> {
  const count = Math.max(8, Math.round(60 * scale));
  return new Map(
    Array.from({ length: count }, (_, i) => {
      const name = `${String(i % 16).padStart(2, '0')}/latte-art-${i}.jpg`;
      return [name, noise(name, seed, 16_384 + (i % 7) * 16_384)];
    }),
  );
}

/** Append-only segments of newline-delimited events, each with the digest of its bytes beside it. */
export function eventStore(scale: number, seed: number): Map<string, string> {
  const segments = Math.max(2, Math.round(8 * scale));
  const perSegment = Math.max(50, Math.round(4_000 * scale));
  const files = new Map<string, string>();
  for (let segment = 1; segment <= segments; segment++) {
    const name = `${String(segment).padStart(6, '0')}.ndjson`;
    const lines = Array.from({ length: perSegment }, (_, i) => {
      const offset = (segment - 1) * perSegment + i;
      return JSON.stringify({
        offset,
        kind: offset % 3 ? 'order-seen' : 'order-made',
        key: sha256(`${seed}:${offset}`),
      });
    });
    const text = `${lines.join('\n')}\n`;
    files.set(name, text).set(`${name}.sha256`, sha256(text));
  }
  return files;
}

export function staticAssets(seed: number): Map<string, string | Buffer> {
  return new Map<string, string | Buffer>([
    ['index.html', '<!doctype html><title>Go Coffee</title><link rel="stylesheet" href="site.css">\n'],
    ['site.css', 'body { font: 16px/1.5 system-ui; color: #3b2416 }\n'],
    ['beans.webp', noise('beans.webp', seed, 40_000)],
  ]);
}

export function artifacts(seed: number): Map<string, string | Buffer> {
  return new Map<string, string | Buffer>([
    ['order-service-1.8.0.tgz', noise('order-service', seed, 120_000)],
    ['dependencies.lock', 'pg 8\nioredis 6\n'],
  ]);
}

export function configurationFiles(): Map<string, string> {
  return new Map([
    ['nginx/site.conf', 'upstream orders { server unix:/run/order-service.sock; }\n'],
    ['features.yaml', 'loyalty: true\nlatte-art-contest: false\n'],
  ]);
}
