import { Argument, type Command } from "commander";
import { ensure } from "../../artifacts/store";
import { repositoryRoot } from "../../lib/places";
import { run } from "../here/child";
import { verb } from "../terminal/command";
import { endToEndTests, unitTests } from "./test-files";

/** `test`: the tests beside the code, the end-to-end test on real guests, or both with one count at the end. */
export function testVerb(): Command {
  return verb("test", "run grunnmur's own tests: unit, e2e, or both", ["test unit", "test"])
    .addArgument(new Argument("[which]", "e2e stands a whole environment up and destroys it").choices(["unit", "e2e"]))
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
  "etcd",
  "kubernetes",
  "source-controller",
  "kustomize-controller",
];

async function test(which?: "unit" | "e2e"): Promise<void> {
  const files = [...(which === "e2e" ? [] : unitTests()), ...(which === "unit" ? [] : endToEndTests())];
  if (which !== "e2e") await ensure(ASKED);
  const options = [
    "--import",
    "tsx",
    "--test",
    `--test-reporter=${require.resolve("./test-reporter")}`,
    "--test-concurrency=2",
  ];
  const { code } = await run(process.execPath, [...options, ...files], { cwd: repositoryRoot() });
  process.exitCode = code;
}
