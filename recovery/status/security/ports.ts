/** Which TCP ports of this host answer to other hosts, by the kernel's own table. Pure. */

/** State of a listening socket (include/net/tcp_states.h). */
const LISTEN = '0A';

/** Addresses as the kernel prints them: 32 bits little-endian, IPv6 as four such words. */
function isLoopback(address: string): boolean {
  if (address.length === 8) return address.endsWith('7F');
  const words = [0, 8, 16, 24].map((at) => address.slice(at, at + 8));
  const mapped = words[0] === '00000000' && words[1] === '00000000' && words[2] === 'FFFF0000';
  return (
    (words.slice(0, 3).every((word) => word === '00000000') && words[3] === '01000000') ||
    (mapped && words[3]?.endsWith('7F') === true)
  );
}

/** @param table of /proc/net/tcp and /proc/net/tcp6; sorted, each once */
export function openPorts(table: string): number[] {
  const ports = table.split('\n').flatMap((line) => {
    const [, , local = '', , state] = ['', ...line.trim().split(/\s+/)];
    const [address = '', port = ''] = local.split(':');
    if (state !== LISTEN || !/^[0-9A-F]{8,32}$/.test(address) || isLoopback(address)) return [];
    return [Number.parseInt(port, 16)];
  });
  return [...new Set(ports)].sort((a, b) => a - b);
}
