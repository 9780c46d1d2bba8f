import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { grunnmur, must, repository } from "./user";

interface Answer {
  at: string;
  code: string;
  /** curl's own. */
  exit: string;
  seconds: string;
}

/** Asks the service something every second, on a node, for as long as that node is there. */
export class Probe {
  private answers: Answer[] = [];
  private rest = "";

  private constructor(private readonly child: ChildProcess) {
    child.stdout?.setEncoding("utf8").on("data", (text: string) => {
      const lines = (this.rest + text).split("\n");
      this.rest = lines.pop() ?? "";
      const at = new Date().toISOString().slice(11, 19);
      for (const line of lines) {
        const [code = "", exit = "", seconds = ""] = line.split(" ");
        this.answers.push({ at, code, exit, seconds });
        if (code !== "200")
          process.stderr.write(`${at}: the probe had no answer: ${line} (status, curl's exit code, seconds)\n`);
      }
    });
  }

  static async from(stack: string, node: string): Promise<Probe> {
    const asked = ["get", "service", "payment-service", "-n", "production", "-o", "jsonpath={.spec.clusterIP}"];
    const { stdout } = await must(grunnmur(["kubectl", "--stack", stack, "--", ...asked]));
    const loop = `while sleep 1; do curl -s -o /dev/null -m 5 -w '%{http_code} %{exitcode} %{time_total}\\n' http://${stdout.trim()}/healthz; done`;
    const args = ["ssh", "--stack", stack, node, loop];
    return new Probe(
      spawn(join(repository, "grunnmur"), args, { cwd: repository, stdio: ["ignore", "pipe", "ignore"] }),
    );
  }

  /** How many times it was asked since the last time, and how many of them there was no answer. */
  counts(): { asked: number; failed: number } {
    const all = this.answers.splice(0);
    return { asked: all.length, failed: all.filter(({ code }) => code !== "200").length };
  }

  since(): string {
    const { asked, failed } = this.counts();
    return `${failed} of ${asked} probes failed`;
  }

  stop(): void {
    this.child.kill();
  }
}
