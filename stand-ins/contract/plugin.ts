import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import * as grpc from "@grpc/grpc-js";
import { EngineService } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { ResourceProviderClient } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { read, write } from "../shared/messages";
import type { Properties } from "../shared/value";

const urn = "urn:pulumi:test::test::command:local:Command::script";

/** A `local.Command` as the engine keeps it. */
export interface Made {
  id: string;
  inputs: Properties;
  outputs: Properties;
}

/** A command plugin's process, and the engine's side of the conversation with it. */
export class Plugin {
  private constructor(
    readonly process: ChildProcess,
    private readonly engine: grpc.Server,
    private readonly client: ResourceProviderClient,
  ) {}

  static async start([program, ...args]: string[]): Promise<Plugin> {
    const engine = new grpc.Server();
    // A plugin tells the engine what its scripts write, and refuses to work without one.
    const deaf: grpc.handleUnaryCall<unknown, Empty> = (_call, callback) => callback(null, new Empty());
    engine.addService(EngineService, Object.fromEntries(Object.keys(EngineService).map((name) => [name, deaf])));
    const enginePort = await new Promise<number>((resolve, reject) =>
      engine.bindAsync("127.0.0.1:0", grpc.ServerCredentials.createInsecure(), (error, port) =>
        error ? reject(error) : resolve(port),
      ),
    );
    const child = spawn(program as string, [...args, `127.0.0.1:${enginePort}`], {
      stdio: ["pipe", "pipe", "inherit"],
    });
    const port = await new Promise<string>((resolve, reject) => {
      createInterface({ input: child.stdout }).once("line", resolve);
      child.once("error", reject);
      child.once("exit", (code) => reject(new Error(`${program} ended with ${code} before it told its port`)));
    });
    const client = new ResourceProviderClient(`127.0.0.1:${port}`, grpc.credentials.createInsecure());
    const plugin = new Plugin(child, engine, client);
    await plugin.configure();
    return plugin;
  }

  private async configure(): Promise<void> {
    const request = new proto.ConfigureRequest();
    request.setAcceptsecrets(true);
    request.setAcceptresources(true);
    request.setSendsOldInputs(true);
    request.setSendsOldInputsToDelete(true);
    request.setArgs(write({}));
    await call<proto.ConfigureResponse>((done) => this.client.configure(request, done));
  }

  async create(given: Properties): Promise<Made> {
    const inputs = await this.check(given, {});
    const request = new proto.CreateRequest();
    request.setUrn(urn);
    request.setProperties(write(inputs));
    const made = await call<proto.CreateResponse>((done) => this.client.create(request, done));
    return { id: made.getId(), inputs, outputs: read(made.getProperties()) };
  }

  /** What the engine would do with these inputs. */
  async diff(old: Made, given: Properties): Promise<"nothing" | "update" | "replace"> {
    const request = new proto.DiffRequest();
    request.setUrn(urn);
    request.setId(old.id);
    request.setOlds(write(old.outputs));
    request.setOldInputs(write(old.inputs));
    request.setNews(write(await this.check(given, old.inputs)));
    const difference = await call<proto.DiffResponse>((done) => this.client.diff(request, done));
    const { ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE } = proto.PropertyDiff.Kind;
    const replacing: number[] = [ADD_REPLACE, DELETE_REPLACE, UPDATE_REPLACE];
    let replaces = false;
    difference.getDetaileddiffMap().forEach((property) => {
      if (replacing.includes(property.getKind())) replaces = true;
    });
    if (replaces || difference.getReplacesList().length > 0) return "replace";
    return difference.getChanges() === proto.DiffResponse.DiffChanges.DIFF_NONE ? "nothing" : "update";
  }

  async update(old: Made, given: Properties): Promise<Made> {
    const inputs = await this.check(given, old.inputs);
    const request = new proto.UpdateRequest();
    request.setUrn(urn);
    request.setId(old.id);
    request.setOlds(write(old.outputs));
    request.setOldInputs(write(old.inputs));
    request.setNews(write(inputs));
    const made = await call<proto.UpdateResponse>((done) => this.client.update(request, done));
    return { id: old.id, inputs, outputs: read(made.getProperties()) };
  }

  async delete(old: Made): Promise<void> {
    const request = new proto.DeleteRequest();
    request.setUrn(urn);
    request.setId(old.id);
    request.setProperties(write(old.outputs));
    request.setOldInputs(write(old.inputs));
    await call<Empty>((done) => this.client.delete(request, done));
  }

  async cancel(): Promise<void> {
    await call<Empty>((done) => this.client.cancel(new Empty(), done));
  }

  /** Ends the plugin as the engine does, and waits until it is gone. */
  async stop(signal: NodeJS.Signals = "SIGTERM"): Promise<void> {
    const { exitCode, signalCode } = this.process;
    const gone = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill(signal);
    if (exitCode === null && signalCode === null) await gone;
    this.client.close();
    this.engine.forceShutdown();
  }

  private async check(news: Properties, olds: Properties): Promise<Properties> {
    const request = new proto.CheckRequest();
    request.setUrn(urn);
    request.setNews(write(news));
    request.setOlds(write(olds));
    const checked = await call<proto.CheckResponse>((done) => this.client.check(request, done));
    const failures = checked.getFailuresList().map((failure) => `${failure.getProperty()}: ${failure.getReason()}`);
    if (failures.length > 0) throw new Error(failures.join("\n"));
    return read(checked.getInputs());
  }
}

/** One call; an error's message is what the plugin said. */
function call<Response>(
  send: (done: (error: grpc.ServiceError | null, response?: Response) => void) => unknown,
): Promise<Response> {
  return new Promise((resolve, reject) =>
    send((error, response) => (error ? reject(new Error(error.details)) : resolve(response as Response))),
  );
}
