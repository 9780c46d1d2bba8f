import * as pulumi from "@pulumi/pulumi";

/**
 * The manifest of a Secret. What it has is given as `data`: the API server only adds what is given as `stringData` to what there
 * is, and an entry that is named no more would stay.
 */
export function secretManifest(
  name: string,
  namespace: string,
  type: string,
  entries: pulumi.Input<Record<string, pulumi.Input<string>>>,
): object {
  const data = pulumi
    .output(entries)
    .apply((all) =>
      Object.fromEntries(Object.entries(all).map(([key, value]) => [key, Buffer.from(value).toString("base64")])),
    );
  return { apiVersion: "v1", kind: "Secret", metadata: { name, namespace }, type, data: pulumi.secret(data) };
}
