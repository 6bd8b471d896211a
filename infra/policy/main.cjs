// CommonJS, because Pulumi requires a policy pack's entry, and compiles one in TypeScript by rules of its own, whatever the options say.
// From here on Node runs the TypeScript as it is. An older one would only say "unknown file extension".
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
