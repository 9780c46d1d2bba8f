import * as grpc from "@grpc/grpc-js";

// What Pulumi's own SDK allows: a state with large outputs must get through.
const maxMessageBytes = 400 * 1024 * 1024;
export const channelOptions = {
  "grpc.max_receive_message_length": maxMessageBytes,
  "grpc.max_send_message_length": maxMessageBytes,
};

/** The engine's address (`127.0.0.1:port`) among a plugin's arguments, or undefined. */
export function engineAddress(args: string[]): string | undefined {
  return args.findLast((arg) => /^[^-/\s][^/\s]*:\d+$/.test(arg));
}

// Longer than a script that ignores SIGTERM is waited for before it is killed (command/local.ts).
const patienceMs = 8000;

/**
 * Serves on a free loopback port and prints the port, which is how the engine finds a plugin.
 * `stop` runs when the engine asks the process to end or has vanished: it ends what is under way,
 * and the process waits for it, though not for ever.
 */
export async function serve(server: grpc.Server, stop: () => Promise<unknown>): Promise<void> {
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    );
  });
  process.stdout.write(`${port}\n`);
  const end = () => {
    const exit = () => process.exit(0);
    setTimeout(exit, patienceMs);
    stop().then(exit, exit);
  };
  process.on("SIGINT", end);
  process.on("SIGTERM", end);
  // The engine holds the other end of standard input for as long as it lives. Without this, a
  // killed engine would leave its plugins running.
  process.stdin.on("end", end);
  process.stdin.on("error", end);
  process.stdin.resume();
}
