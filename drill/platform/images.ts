/** A small handmade OCI image layout: one image per service, addressed by digest. */
import { gzipSync } from 'node:zlib';
import { noise, sha256 } from './content.ts';

/** One file in the ustar format. */
function tar(name: string, content: Buffer): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  header.write(name, 0);
  header.write(octal(0o755, 8), 100);
  header.write(octal(0, 8) + octal(0, 8), 108);
  header.write(octal(content.length, 12) + octal(0, 12), 124);
  header.write('        ', 148);
  header.write('0', 156);
  header.write('ustar\x0000', 257);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([header, content, padding, Buffer.alloc(1024)]);
}

export interface ImageLayout {
  readonly files: ReadonlyMap<string, string | Buffer>;
  /** Service → `registry.go-coffee.example/<service>@sha256:…` */
  readonly references: ReadonlyMap<string, string>;
}

export function imageLayout(services: readonly string[], seed: number): ImageLayout {
  const files = new Map<string, string | Buffer>([['oci-layout', JSON.stringify({ imageLayoutVersion: '1.0.0' })]]);
  const blob = (content: string | Buffer, mediaType: string): { mediaType: string; digest: string; size: number } => {
    files.set(`blobs/sha256/${sha256(content)}`, content);
    return { mediaType, digest: `sha256:${sha256(content)}`, size: Buffer.byteLength(content) };
  };
  const media = 'application/vnd.oci.image';
  const references = new Map<string, string>();
  const index = services.map((service) => {
    const layerTar = tar(`app/${service}`, noise(service, seed, 24_000));
    const layer = blob(gzipSync(layerTar), `${media}.layer.v1.tar+gzip`);
    const config = {
      architecture: 'amd64',
      os: 'linux',
      config: { Entrypoint: [`/app/${service}`] },
      rootfs: { type: 'layers', diff_ids: [`sha256:${sha256(layerTar)}`] },
    };
    const manifest = {
      schemaVersion: 2,
      mediaType: `${media}.manifest.v1+json`,
      config: blob(JSON.stringify(config), `${media}.config.v1+json`),
      layers: [layer],
    };
    const described = blob(JSON.stringify(manifest), `${media}.manifest.v1+json`);
    references.set(service, `registry.go-coffee.example/${service}@${described.digest}`);
    return { ...described, annotations: { 'org.opencontainers.image.ref.name': `${service}:1.8.0` } };
  });
  files.set('index.json', JSON.stringify({ schemaVersion: 2, manifests: index }));
  return { files, references };
}
