import { type ChildProcess, spawn } from "node:child_process";
import * as path from "node:path";
import * as grpc from "@grpc/grpc-js";
import type { ILanguageRuntimeServer } from "@pulumi/pulumi/proto/language_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/language_pb";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { type Program, programArguments, programEnvironment, programResult } from "./program";

/** Runs precompiled Node programs and policy packs for the engine. */
export class LanguageHost {
  private readonly children = new Set<ChildProcess>();

  constructor(private engineAddress: string | undefined) {}

  /** Ends programs and packs, and waits until they are gone. */
  async stop(): Promise<void> {
    const gone = [...this.children].map((child) => new Promise((resolve) => child.once("close", resolve)));
    for (const child of this.children) child.kill("SIGTERM");
    await Promise.all(gone);
  }

  methods(): ILanguageRuntimeServer {
    return {
      handshake: (call, callback) => {
        this.engineAddress = call.request.getEngineAddress();
        callback(null, new proto.LanguageHandshakeResponse());
      },
      getPluginInfo: (_call, callback) => callback(null, new PluginInfo()),
      // The plugins a program needs become known when it registers its resources.
      getRequiredPlugins: (_call, callback) => callback(null, new proto.GetRequiredPluginsResponse()),
      getRequiredPackages: (_call, callback) => callback(null, new proto.GetRequiredPackagesResponse()),
      about: (_call, callback) => {
        const response = new proto.AboutResponse();
        response.setExecutable(process.execPath);
        response.setVersion(process.version);
        callback(null, response);
      },
      getProgramDependencies: (_call, callback) => callback(null, new proto.GetProgramDependenciesResponse()),
      // Dependencies come from the lock file, before Pulumi is started.
      installDependencies: (call) => call.end(),
      runtimeOptionsPrompts: (_call, callback) => callback(null, new proto.RuntimeOptionsResponse()),
      run: (call, callback) => this.run(call.request, callback),
      runPlugin: (call) => this.runPlugin(call),
      cancel: (_call, callback) => {
        void this.stop();
        callback(null, new Empty());
      },
      template: (_call, callback) => callback(notCovered("making a project from a template")),
      generateProgram: (_call, callback) => callback(notCovered("generating a program")),
      generateProject: (_call, callback) => callback(notCovered("generating a project")),
      generatePackage: (_call, callback) => callback(notCovered("generating an SDK")),
      pack: (_call, callback) => callback(notCovered("packing an SDK")),
      link: (_call, callback) => callback(notCovered("linking an SDK")),
    };
  }

  private run(request: proto.RunRequest, callback: grpc.sendUnaryData<proto.RunResponse>): void {
    const program = readProgram(request);
    let child: ChildProcess;
    try {
      child = this.start("run", program.programDirectory, programArguments(program, this.engineAddress ?? ""), {
        cwd: program.rootDirectory,
        env: { ...process.env, ...programEnvironment(program) },
        stdio: ["ignore", "inherit", "inherit"],
      });
    } catch (error) {
      callback({ code: grpc.status.FAILED_PRECONDITION, details: String(error) });
      return;
    }
    child.on("close", (code, signal) => {
      const { error, bail } = programResult(code, signal);
      const response = new proto.RunResponse();
      response.setError(error);
      response.setBail(bail);
      callback(null, response);
    });
  }

  private runPlugin(call: grpc.ServerWritableStream<proto.RunPluginRequest, proto.RunPluginResponse>): void {
    const request = call.request;
    const directory = request.getInfo()?.getProgramDirectory() ?? request.getProgram();
    if (request.getKind() !== "analyzer") {
      call.emit(
        "error",
        notCovered(`running a plugin of kind "${request.getKind()}" (only "analyzer", a policy pack)`),
      );
      return;
    }
    let child: ChildProcess;
    try {
      child = this.startPack(directory, request.getArgsList(), {
        // @pulumi/policy reads the pack's version from the package.json where it is started.
        cwd: directory,
        env: { ...process.env, ...readEnvironment(request.getEnvList()) },
        stdio: ["ignore", "pipe", "pipe"],
      });
    } catch (error) {
      call.emit("error", { code: grpc.status.FAILED_PRECONDITION, details: String(error) });
      return;
    }
    const send = (fill: (response: proto.RunPluginResponse) => void) => {
      if (call.cancelled) return;
      const response = new proto.RunPluginResponse();
      fill(response);
      call.write(response);
    };
    child.stdout?.on("data", (chunk: Buffer) => send((response) => response.setStdout(chunk)));
    child.stderr?.on("data", (chunk: Buffer) => send((response) => response.setStderr(chunk)));
    child.on("close", (code) => {
      send((response) => response.setExitcode(code ?? 1));
      if (!call.cancelled) call.end();
    });
    call.on("cancelled", () => child.kill("SIGTERM"));
  }

  /** A pack serves itself once it is loaded, so that a compiled one needs nothing of the SDK around it. */
  private startPack(directory: string, args: string[], options: StartOptions): ChildProcess {
    const main = compiledMain(directory);
    if (!main) return this.start("run-policy-pack", directory, [...args, directory], options);
    return this.spawn([main, ...args], options);
  }

  private start(
    command: "run" | "run-policy-pack",
    directory: string,
    args: string[],
    options: StartOptions,
  ): ChildProcess {
    // The program's own copy of the SDK must run it: a second copy would not see its resources.
    const script = require.resolve(`@pulumi/pulumi/cmd/${command}`, { paths: [path.resolve(directory), __dirname] });
    return this.spawn(["--require", path.join(__dirname, "preload"), script, ...args], options);
  }

  private spawn(args: string[], options: StartOptions): ChildProcess {
    const child = spawn(process.execPath, args, options);
    this.children.add(child);
    child.on("error", (error) => process.stderr.write(`${error.message}\n`));
    child.on("close", () => this.children.delete(child));
    return child;
  }
}

interface StartOptions {
  cwd: string;
  env: NodeJS.ProcessEnv;
  stdio: ("ignore" | "inherit" | "pipe")[];
}

/** The JavaScript that a pack's `package.json` names; absent where the pack is to be compiled as it starts. */
function compiledMain(directory: string): string | undefined {
  try {
    return require.resolve(path.resolve(directory));
  } catch {
    return undefined;
  }
}

function readProgram(request: proto.RunRequest): Program {
  const info = request.getInfo();
  return {
    rootDirectory: info?.getRootDirectory() ?? request.getPwd(),
    programDirectory: info?.getProgramDirectory() ?? request.getPwd(),
    entryPoint: info?.getEntryPoint() ?? request.getProgram(),
    workingDirectory: request.getPwd(),
    organization: request.getOrganization(),
    project: request.getProject(),
    stack: request.getStack(),
    dryRun: request.getDryrun(),
    parallel: request.getParallel(),
    monitorAddress: request.getMonitorAddress(),
    args: request.getArgsList(),
    config: Object.fromEntries(request.getConfigMap().toArray()),
    configSecretKeys: request.getConfigsecretkeysList(),
  };
}

/** `["NAME=value"]` as an environment. */
function readEnvironment(pairs: string[]): Record<string, string> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf("=");
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function notCovered(what: string): Partial<grpc.ServiceError> {
  return {
    code: grpc.status.UNIMPLEMENTED,
    details: `This stand-in for Pulumi's Node language host does not cover ${what}. It covers what grunnmur uses: running precompiled programs and policy packs. For more, put the official pulumi-language-nodejs first on PATH.`,
  };
}
