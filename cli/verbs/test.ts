import { availableParallelism } from "node:os";
import { Argument, type Command } from "commander";
import { ensure } from "../../artifacts/store";
import { repositoryRoot } from "../../lib/places";
import { run } from "../here/child";
import { verb } from "../terminal/command";
import { ENVIRONMENT_TESTS, environmentTests, unitTests } from "./test-files";

const CHOICES = ["unit", ...ENVIRONMENT_TESTS] as const;

/** `test`: the tests beside the code, the end-to-end test on real guests, or both with one count at the end. */
export function testVerb(): Command {
  return verb("test", "run grunnmur's own tests: unit and e2e, or one of them", ["test unit", "test", "test ha"])
    .addArgument(
      new Argument(
        "[which]",
        "e2e stands a whole environment up and destroys it; ha also lets its nodes come, go and be lost, upgrade makes a newer one of an older, remote uses other hypervisors, and doctor pushes commits that break something, each for an hour and ha for more than three",
      ).choices(CHOICES),
    )
    .action(test);
}

/**
 * What tests beside the code ask: Pulumi itself, the reader of manifests, a real API server, Flux's controllers. Without
 * them those tests would be passed over. The end-to-end test brings the rest by itself, as `up` does.
 */
const ASKED = [
  "pulumi",
  "flux-manifests",
  "manifest-reader",
  "check",
  "policy-packs",
  "etcd",
  "kubernetes",
  "source-controller",
  "kustomize-controller",
];

async function test(which?: (typeof CHOICES)[number]): Promise<void> {
  const unit = which === undefined || which === "unit";
  const environment = which === undefined || which === "unit" ? "e2e" : which;
  const files = [...(unit ? unitTests() : []), ...(which === "unit" ? [] : environmentTests(environment))];
  if (unit) await ensure(ASKED);
  const options = [
    "--import",
    "tsx",
    "--test",
    `--test-reporter=${require.resolve("./test-reporter")}`,
    // A third of their time tests wait for something.
    `--test-concurrency=${availableParallelism() + 1}`,
  ];
  const { code } = await run(process.execPath, [...options, ...files], { cwd: repositoryRoot() });
  process.exitCode = code;
}
