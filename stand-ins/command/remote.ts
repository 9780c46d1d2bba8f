import type { Client, ClientChannel } from "ssh2";
import { type Properties, Secret } from "../shared/value";
import { checkCommon } from "./check";
import { checkConnection, readConnection } from "./connection";
import { dial } from "./dial";
import { endedBadly, type Script, stopReason } from "./script";

/** `command:remote:Command`: scripts that run on another machine, over SSH. */
export function checkRemote(news: Properties) {
  const failures = [...checkCommon(news), ...checkConnection(news.connection)];
  const { connection } = news;
  const sealed = connection === undefined || connection instanceof Secret ? connection : new Secret(connection);
  return { inputs: sealed === undefined ? news : { ...news, connection: sealed }, failures };
}

export async function runRemote(script: Script, inputs: Properties): Promise<void> {
  const connection = readConnection(inputs.connection as Properties);
  const { client, close } = await dial(connection, script.signal, script.progress);
  try {
    await expectEnvironment(client, script);
    const env = { ...script.previousOutput, ...script.environment };
    const { code, signal } = await execute(client, script.text, env, script, (channel) => {
      script.transcript.attach("stdout", channel.stdout);
      script.transcript.attach("stderr", channel.stderr);
    });
    if (script.signal.aborted) throw endedBadly(script, stopReason(script.signal));
    if (code === 0) return;
    // The resource's name says where. The address is a part of a secret, so that Pulumi would mask it.
    if (code === undefined) throw endedBadly(script, `did not end: ${signal ?? "the connection was lost"}`);
    throw endedBadly(script, `ended with exit code ${code}`);
  } finally {
    close();
  }
}

/** sshd drops the variables that its `AcceptEnv` does not name, and says nothing. The script would run without them. */
async function expectEnvironment(client: Client, script: Script): Promise<void> {
  const names = Object.keys(script.environment);
  if (names.length === 0) return;
  const probe = `for name in ${names.join(" ")}; do eval "test -n \\"\\\${$name+set}\\"" || printf '%s ' "$name"; done`;
  let missing = "";
  await execute(client, probe, script.environment, { stdin: "", signal: script.signal }, (channel) => {
    channel.stdout.on("data", (chunk: Buffer) => {
      missing += chunk.toString();
    });
    channel.stderr.resume();
  });
  if (missing.trim() === "") return;
  throw new Error(
    `the machine refused the environment variables ${missing.trim()}: its sshd takes only those that AcceptEnv in sshd_config names. Name them there, or give the values on \`stdin\`.`,
  );
}

/** Runs one command line to its end. `code` is undefined when a signal or a lost connection ended it. */
function execute(
  client: Client,
  command: string,
  env: Record<string, string>,
  { stdin, signal: stop }: Pick<Script, "stdin" | "signal">,
  attach: (channel: ClientChannel) => void,
): Promise<{ code: number | undefined; signal: string | undefined }> {
  return new Promise((resolve, reject) => {
    // Everything is hooked up within the callback: the end of a short command may stand in the
    // same packet as its start, and its events would be over after an `await`.
    client.exec(command, { env }, (error, channel) => {
      if (error) {
        reject(error);
        return;
      }
      let code: number | undefined;
      let signal: string | undefined;
      const halt = () => {
        // sshd passes signals on only to its own sessions; closing the connection ends the rest.
        channel.signal("TERM");
        client.end();
      };
      stop.addEventListener("abort", halt, { once: true });
      channel.on("exit", (exitCode: number | null, signalName?: string) => {
        code = exitCode ?? undefined;
        signal = signalName === undefined ? undefined : `it was ended by ${signalName}`;
      });
      channel.on("close", () => {
        stop.removeEventListener("abort", halt);
        resolve({ code, signal });
      });
      channel.on("error", () => {});
      attach(channel);
      channel.end(stdin);
      if (stop.aborted) halt();
    });
  });
}
