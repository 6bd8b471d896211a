// CommonJS, because Pulumi loads a pack's entry with `require`, and compiles a TypeScript entry with its own compiler options.
// Node itself runs the TypeScript that this file imports. An older Node would only report "unknown file extension".
const NEEDED = 24;
const [major] = process.versions.node.split('.').map(Number);
if (major < NEEDED) {
  throw new Error(
    `go-coffee-dr's policy pack needs Node ${NEEDED} or newer, and Pulumi runs it with ${process.versions.node}; put a newer one first on the PATH`,
  );
}

// @pulumi/policy reads the pack's version from the package.json of the working directory.
process.chdir(__dirname);
import('./index.ts');
