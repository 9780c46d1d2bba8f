/**
 * Loaded into every program before Pulumi's SDK. The SDK maps stack traces to its own sources at
 * paths such as `node_modules/@pulumi/resource.ts`; for a path like that, a scope and no package,
 * Node 20's coloured `util.inspect` never comes to an end and fills the memory for a minute
 * before an error is shown. So frames in node_modules keep their compiled positions.
 */
const emptyMap = JSON.stringify({ version: 3, sources: [], names: [], mappings: "" });

interface SourceMapSupport {
  install(options: { retrieveSourceMap(source: string): { url: string; map: string } | null }): void;
}

const program = process.argv[1] ?? __filename;
// The SDK's own copy: another one would not know of this.
const support = require(require.resolve("source-map-support", { paths: [program] })) as SourceMapSupport;
support.install({
  retrieveSourceMap: (source) => (source.includes("node_modules") ? { url: source, map: emptyMap } : null),
});
