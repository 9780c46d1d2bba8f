import * as pulumi from "@pulumi/pulumi";
import { type Access, fromHere } from "../cluster/from-here";
import { KubernetesObject } from "../kubernetes/manifest";
import { paceOf } from "../pace";
import { lastPolicy } from "./in-force";

export interface AdmissionGateArgs {
  provider: pulumi.ProviderResource;
  /** ValidatingAdmissionPolicy objects and their bindings. */
  objects: object[];
  /** Each API server is asked. */
  access: Access;
  emulated: boolean;
  /** What takes the whole cluster along when it is deleted; absent where the cluster may outlive the stack. */
  deletedWith?: pulumi.Resource;
}

/**
 * Characters of a policy that has company in the API server's compiler one at a time: several at once take so long on
 * emulated CPUs that it gives up on all of them, and on the next try again.
 */
const LONG = 8000;

/** The rules as the API server itself holds them, so that kubectl does not get around them. An administrator may remove them. */
export class AdmissionGate extends pulumi.ComponentResource {
  /** Depend on these: what comes after is judged. */
  readonly ready: pulumi.Resource[];

  constructor(name: string, args: AdmissionGateArgs, opts?: pulumi.ComponentResourceOptions) {
    const { provider, objects, access, deletedWith } = args;
    super("grunnmur:admission:AdmissionGate", name, { rules: policies(objects) }, opts);
    const make = (object: object, dependsOn: pulumi.Resource[]) =>
      new KubernetesObject(name, object, { parent: this, provider, deletedWith, dependsOn });
    let long: pulumi.Resource[] = [];
    const made = objects.map((object) => {
      if (JSON.stringify(object).length < LONG) return make(object, []);
      const one = make(object, long);
      long = [one];
      return one;
    });
    const last = lastPolicy(objects);
    // The order is what the probe rests on.
    const marks = last.objects.map((object) => make(object, made));
    const inForce = fromHere(
      `${name}-in-force`,
      access,
      {
        create: ["admission/scripts/in-force"],
        input: [
          { path: "rule", content: `${last.probe.rule}\n` },
          { path: "object.json", content: JSON.stringify(last.probe.object) },
        ],
        environment: { RULE_SECONDS: `${paceOf(args.emulated).ruleSeconds}` },
      },
      { parent: this, dependsOn: marks, deletedWith },
    );
    this.ready = [...made, inForce];
    this.registerOutputs({});
  }
}

function policies(objects: object[]): number {
  return objects.filter((object) => "kind" in object && object.kind === "ValidatingAdmissionPolicy").length;
}
