import * as pulumi from "@pulumi/pulumi";
import { KubernetesObject } from "../kubernetes/manifest";

export interface AdmissionGateArgs {
  provider: pulumi.ProviderResource;
  /** ValidatingAdmissionPolicy objects and their bindings. */
  objects: object[];
}

/** The rules as the API server itself holds them: for kubectl too. Who may administer the cluster may delete them. */
export class AdmissionGate extends pulumi.ComponentResource {
  /** Depend on these: what comes after is judged. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, { provider, objects }: AdmissionGateArgs, opts?: pulumi.ComponentResourceOptions) {
    super("grunnmur:admission:AdmissionGate", name, { rules: policies(objects) }, opts);
    this.ready = objects.map((object) => new KubernetesObject(name, object, { parent: this, provider }));
    this.registerOutputs({});
  }
}

function policies(objects: object[]): number {
  return objects.filter((object) => "kind" in object && object.kind === "ValidatingAdmissionPolicy").length;
}
