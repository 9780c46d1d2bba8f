/** All that @pulumi/policy uses of @pulumi/pulumi, where a bundle would take the whole in: see `small-sdk.ts`. */
export * as asset from "@pulumi/pulumi/asset";
export { Output } from "@pulumi/pulumi/output";
