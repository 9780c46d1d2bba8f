import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { namespaceOf } from "../../lib/places";
import { paymentAddress, reachedBy, reachedFrom } from "./network-policies";
import { grunnmur, must, type } from "./user";

/** What lies outside: behind the nodes' gateway, which is this machine's end of their network. */
const DECLARED = "198.51.100.7";
const OTHER = "198.51.100.8";
const PORTS = [443, 8443];
const ALL = [DECLARED, OTHER].flatMap((address) => PORTS.map((port) => `${address} ${port}`));

/** For a stack file: one of the two, at one port. */
export const BANK = `  grunnmur:destinations:
    - host: bank.example.no
      country: "NO"
      legalBasis: none, there is no such bank
      agreement: none
      expires: "2099-12-31"
      addresses: [${DECLARED}/32]
      ports: [${PORTS[0]}/tcp]
`;

/** Where nodes and pods get to outside while nothing is declared, and no policy of the cluster's holds them back. */
export const nothingIsReached = (): Promise<void> =>
  withOutside(async () => {
    const before = await counted("worker-1");
    assert.deepEqual(await reachedByAll(), { pod: [], "worker-1": [], "registry-1": [] });
    assert.ok((await counted("worker-1")) > before);
    const { stdout } = await must(grunnmur(["ssh", "worker-1", "journalctl -k -o cat -g grunnmur-egress"]));
    const from = await paymentAddress();
    assert.match(stdout, new RegExp(`grunnmur-egress refused .*SRC=${from.replaceAll(".", "\\.")} DST=198\\.51\\.100`));
  });

/** The same while the bank is declared, and brought about. */
export const theBankIsReached = (): Promise<void> =>
  withOutside(async () => {
    const bank = [`${DECLARED} ${PORTS[0]}`];
    assert.deepEqual(await reachedByAll(), { pod: bank, "worker-1": bank, "registry-1": bank });
  });

async function reachedByAll(): Promise<Record<string, string[]>> {
  const pod = await paymentAddress();
  await withoutPolicies();
  return {
    pod: await reached(() => reachedBy("worker-1", pod, ALL)),
    "worker-1": await reached(() => reachedFrom("worker-1", ALL)),
    "registry-1": await reached(() => reachedFrom("registry-1", ALL)),
  };
}

/** As an administrator of the cluster does who wants out, past a guard that refuses if need be. The agent brings them back. */
async function withoutPolicies(): Promise<void> {
  const all = ["networkpolicies", "--all", "--all-namespaces"];
  const past = ["--as=kari", "--as-group=grunnmur:break-glass", "--as-group=system:masters"];
  await must(grunnmur(["kubectl", "annotate", ...all, "--overwrite", "grunnmur.internal/break-glass=out", ...past]));
  await must(grunnmur(["kubectl", "delete", ...all, ...past]));
}

const reached = async (by: () => Promise<Set<string>>): Promise<string[]> => {
  const found = await by();
  return ALL.filter((one) => found.has(one));
};

async function counted(node: string): Promise<number> {
  const { stdout } = await must(grunnmur(["ssh", node, "nft list counter inet grunnmur-egress pods"]));
  return Number(/packets (\d+)/.exec(stdout)?.[1]);
}

/** While this runs somebody answers there. */
async function withOutside(work: () => Promise<void>): Promise<void> {
  const within = ["netns", "exec", namespaceOf("local")];
  const address = (verb: string, one: string) => type("ip", [...within, "ip", "addr", verb, `${one}/32`, "dev", "lo"]);
  for (const one of [DECLARED, OTHER]) await must(address("add", one));
  const text = `for (const port of [${PORTS}]) require("net").createServer((s) => s.on("error", () => {}).end()).listen(port);`;
  const server = spawn("ip", [...within, process.execPath, "-e", `${text} console.log("up")`]);
  try {
    await once(server.stdout, "data");
    await work();
  } finally {
    server.kill();
    for (const one of [DECLARED, OTHER]) await address("del", one);
  }
}
