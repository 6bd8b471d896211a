// The program is TypeScript that Node runs as it is. An older Node would only say "unknown file extension".
const NEEDED = 24;
const [major] = process.versions.node.split('.').map(Number);
if (major < NEEDED) {
  throw new Error(
    `go-coffee-dr needs Node ${NEEDED} or newer, and Pulumi runs it with ${process.versions.node}; put a newer one first on the PATH`,
  );
}

// A function as the only export: Pulumi calls it, and what it returns are the stack's outputs.
export default (await import('./program.ts')).program;
