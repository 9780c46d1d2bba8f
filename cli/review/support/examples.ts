import { repositoryPath } from "../../../lib/places";
import { stackFile } from "../../../policies/crossguard/stack-fixtures";
import { fromStackFile, parseStack } from "../../../stacks/load";
import { readDeployed } from "../../pulumi/deployed";
import { markdown } from "../markdown";
import { type Review, review } from "../review";
import { Deployed } from "./deployed";

type Edits = Parameters<typeof stackFile>[1];

const IN_FRANKFURT = {
  name: "kvm-4",
  kind: "remote",
  site: "fra-1",
  uri: "qemu+ssh://grunnmur@fra1.example.no/system",
  sshHostKey: "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIMl/vTAWwMeADMnZVLylJPQosNkqt709WRUhHqIlRWxb",
  bridge: "br0",
  storagePool: "nvme",
  diskEncryption: "luks",
  cores: 16,
  memoryMiB: 65536,
};

/** Changes of `prod` as somebody would propose them, by the name of the page that shows their review. */
export const EXAMPLES: Record<string, { title: string; edits: Edits }> = {
  "worker-moved": {
    title: "A worker moves to another hypervisor, smaller",
    edits: [
      [["nodes", 6, "hypervisor"], "kvm-2"],
      [["nodes", 6, "cores"], 4],
      [["nodes", 6, "memoryMiB"], 16384],
    ],
  },
  "control-plane-moved": {
    title: "A control plane moves to another hypervisor",
    edits: [[["nodes", 2, "hypervisor"], "kvm-3"]],
  },
  "control-planes-moved": {
    title: "Two control planes move at once",
    edits: [
      [["nodes", 2, "hypervisor"], "kvm-3"],
      [["nodes", 3, "hypervisor"], "kvm-2"],
    ],
  },
  "site-outside": {
    title: "A worker moves to a site outside the profile",
    edits: [
      [["hypervisors", 3], IN_FRANKFURT],
      [["nodes", 6, "hypervisor"], "kvm-4"],
    ],
  },
  "label-changed": {
    title: "Who changes by hand what is in Git is warned, and no longer refused",
    edits: [[["cluster", "driftGuard"], "warn"]],
  },
};

const DAY = "2026-12-01";

/** The review of each example, made by a real preview of what is "up". */
export async function exampleReviews(): Promise<Map<string, Review>> {
  const found = new Map<string, Review>();
  const prod = await Deployed.of("prod", stackFile("prod"));
  try {
    for (const [name, { edits }] of Object.entries(EXAMPLES)) {
      const text = stackFile("prod", edits);
      const { ok, events, state } = await prod.preview(text);
      const was = readDeployed(state);
      found.set(
        name,
        review({
          stack: "prod",
          date: DAY,
          wanted: parseStack(fromStackFile(text), "prod"),
          deployed: was?.stack,
          certificates: was?.certificates ?? {},
          events,
          open: [],
          ok,
        }),
      );
    }
  } finally {
    prod.forget();
  }
  return found;
}

export const pagePath = (name: string): string => repositoryPath("docs", "reviews", `${name}.md`);

export const page = (name: string, found: Review): string =>
  `# ${EXAMPLES[name]?.title}\n\nWhat \`./grunnmur preview --stack prod --report FILE\` says of it. Generated, and held by a test.\n\n${markdown(found)}`;
