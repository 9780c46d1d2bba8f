import * as pulumi from "@pulumi/pulumi";
import { type AgeKey, ageKey } from "../components/keys/age";
import { type SshKey, sshKey } from "../components/keys/ssh";
import { inUseFirst, purposeOf, type Rotations, rotationOf } from "../lib/rotation";

/** What an environment's programs and people prove themselves by. */
export interface Credentials {
  /** May log in to every node; a secret. */
  admin: pulumi.Output<SshKey>;
  /** Public halves of all that may log in to machines that the program made: two while they are rotated, the newer one last. */
  adminPublicKeys: pulumi.Output<string[]>;
  /** May push to the environment's own Git server; a secret. */
  person: pulumi.Output<SshKey>;
  /** The cluster's own key to Git; a secret. */
  deploy: pulumi.Output<SshKey>;
  /** What Secrets in Git may be encrypted for, the one in use first; secrets. */
  sops: pulumi.Output<AgeKey[]>;
  /** That of a node's SSH, by which it is known before anybody speaks to it; a secret. */
  host(node: string): pulumi.Output<SshKey>;
}

/** All of them follow from the seed, and from how often each was rotated. */
export function credentials(
  seed: pulumi.Output<string>,
  rotations: pulumi.Output<Rotations>,
  clusterName: string,
): Credentials {
  const keyFor = (purpose: pulumi.Input<string>) =>
    pulumi.secret(pulumi.all([seed, purpose]).apply(([base64, text]) => sshKey(base64, text)));
  const admin = rotations.apply((all) => rotationOf(all, "admin-ssh"));
  const sops = rotations.apply((all) => rotationOf(all, "sops"));
  return {
    admin: keyFor(admin.apply(({ used }) => purposeOf("admin", used))),
    adminPublicKeys: pulumi.unsecret(
      pulumi
        .all([seed, admin])
        .apply(([base64, { accepted }]) => accepted.map((one) => sshKey(base64, purposeOf("admin", one)).publicKey)),
    ),
    person: keyFor("person"),
    deploy: keyFor(rotations.apply((all) => purposeOf(`deploy-${clusterName}`, rotationOf(all, "deploy-key").used))),
    sops: pulumi.secret(
      pulumi
        .all([seed, sops])
        .apply(([base64, rotation]) => inUseFirst(rotation).map((one) => ageKey(base64, purposeOf("sops", one)))),
    ),
    host: (node) => keyFor(`host/${node}`),
  };
}
