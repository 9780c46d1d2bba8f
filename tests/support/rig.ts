import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { until } from "./poll";
import { inEnvironment, must, repository, type Typed, type } from "./user";

const script = join(repository, "tests/remote/rig.sh");
const NAMESPACE = "grunnmur-rig";
const NETWORK = "10.30.0";

/** Hypervisors that are other machines, on this one (tests/remote/rig.sh), and a person who works from beside them. */
export class Rig {
  private readonly agent: ChildProcess;
  /** What is beside the hypervisors runs in this network namespace. */
  readonly namespace = NAMESPACE;
  /** For what is run there. */
  readonly env: NodeJS.ProcessEnv = {};

  private constructor(
    readonly directory: string,
    private readonly socket: string,
  ) {
    this.agent = spawn("ssh-agent", ["-D", "-a", socket], { stdio: "ignore" });
  }

  static async of(...numbers: number[]): Promise<Rig> {
    const directory = mkdtempSync(join(tmpdir(), "grunnmur-rig-"));
    const rig = new Rig(directory, join(directory, "agent"));
    try {
      await must(type("bash", [script, "up", directory, NAMESPACE, `${NETWORK}.1/24`, ...numbers.map(String)]));
      await until("the agent of the person's key", 10, async () => existsSync(rig.socket));
      await must(type("ssh-add", ["-q", join(directory, "key")], { env: { SSH_AUTH_SOCK: rig.socket } }));
    } catch (error) {
      await rig.down();
      throw error;
    }
    return rig;
  }

  /** The address of libvirt there, for a user who is not root. */
  readonly uri = (number: number): string => `qemu+ssh://grunnmur@${NETWORK}.${number}/system`;

  /** Its public SSH host key. */
  hostKey(number: number): string {
    return readFileSync(join(this.directory, String(number), "host.pub"), "utf8")
      .split(" ")
      .slice(0, 2)
      .join(" ")
      .trim();
  }

  /** Runs a program on the network of the hypervisors, which has no way out. */
  run(command: string, args: string[], show = false): Promise<Typed> {
    const env = { ...this.env, SSH_AUTH_SOCK: this.socket };
    return type("ip", ["netns", "exec", NAMESPACE, command, ...args], { env, show });
  }

  /** `./grunnmur`, there. */
  readonly grunnmur = (args: string[], show = false): Promise<Typed> =>
    this.run(join(repository, "grunnmur"), args, show);

  /** A script in a shell where `eval "$(./grunnmur env)"` has been typed, there. */
  readonly withEnvironment = (script: string, stack: string): Promise<Typed> =>
    this.run("sh", ["-ec", inEnvironment(script, stack)]);

  /** virsh on one of them, as its administrator. */
  virsh(number: number, ...args: string[]): Promise<Typed> {
    const socket = join(this.directory, String(number), "run/libvirt/libvirt-sock");
    return type("virsh", ["-q", "-c", `qemu:///system?socket=${socket}`, ...args]);
  }

  /** One is no more. */
  async lose(number: number): Promise<void> {
    await must(type("bash", [script, "lose", this.directory, NAMESPACE, String(number)]));
  }

  async down(): Promise<void> {
    this.agent.kill();
    await must(type("bash", [script, "down", this.directory, NAMESPACE]));
    rmSync(this.directory, { recursive: true, force: true });
  }
}
