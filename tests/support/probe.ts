import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { grunnmur, must, repository } from "./user";

/** Asks the service something every second, on a node, for as long as that node is there. */
export class Probe {
  private answers: string[] = [];

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      this.answers.push(...text.split("\n").filter(Boolean));
    });
  }

  static async from(stack: string, node: string): Promise<Probe> {
    const asked = ["get", "service", "payment-service", "-n", "production", "-o", "jsonpath={.spec.clusterIP}"];
    const { stdout } = await must(grunnmur(["kubectl", "--stack", stack, "--", ...asked]));
    const loop = `while sleep 1; do curl -s -o /dev/null -m 5 -w '%{http_code}\\n' http://${stdout.trim()}/healthz; done`;
    const args = ["ssh", "--stack", stack, node, loop];
    return new Probe(
      spawn(join(repository, "grunnmur"), args, { cwd: repository, stdio: ["ignore", "pipe", "ignore"] }),
    );
  }

  /** How many times it was asked since the last time, and how many of them there was no answer. */
  counts(): { asked: number; failed: number } {
    const all = this.answers.splice(0);
    return { asked: all.length, failed: all.filter((code) => code !== "200").length };
  }

  since(): string {
    const { asked, failed } = this.counts();
    return `${failed} of ${asked} probes failed`;
  }

  stop(): void {
    this.child.kill();
  }
}
