import Module from "node:module";

/**
 * Lets @pulumi/policy load without the whole of @pulumi/pulumi: its automation API and the serialization of closures
 * take more time than all else that a pack does at its start, and @pulumi/policy uses two names of it only. Import this
 * before @pulumi/policy. In a process that has the SDK already, nothing is changed.
 */
const path = require.resolve("@pulumi/pulumi");
if (require.cache[path] === undefined) {
  const sdk = new Module(path);
  sdk.filename = path;
  sdk.loaded = true;
  sdk.exports = {
    asset: require("@pulumi/pulumi/asset"),
    Output: (require("@pulumi/pulumi/output") as { Output: unknown }).Output,
  };
  require.cache[path] = sdk;
}
