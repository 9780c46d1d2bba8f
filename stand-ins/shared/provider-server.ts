import * as grpc from "@grpc/grpc-js";
import { PluginInfo } from "@pulumi/pulumi/proto/plugin_pb";
import type { IResourceProviderServer } from "@pulumi/pulumi/proto/provider_grpc_pb";
import { ResourceProviderService } from "@pulumi/pulumi/proto/provider_grpc_pb";
import * as proto from "@pulumi/pulumi/proto/provider_pb";
import { Empty } from "google-protobuf/google/protobuf/empty_pb";
import { Engine } from "./engine";
import { NotCovered, toServiceError } from "./failure";
import { checkResponse, diffResponse, milliseconds, read, typeOf, work, write } from "./messages";
import type { Context, Provider, Resource, Stored } from "./provider";
import { channelOptions, engineAddress, serve } from "./server";

/** Serves a provider until the engine is done with it. */
export async function serveProvider(provider: Provider): Promise<void> {
  const plugin = new ProviderServer(provider);
  const server = new grpc.Server(channelOptions);
  server.addService(ResourceProviderService, plugin.methods());
  await serve(server, () => plugin.stop());
}

/** Speaks `pulumirpc.ResourceProvider` on a provider's behalf. */
class ProviderServer {
  private readonly engine = new Engine();
  private readonly cancelled = new AbortController();
  private readonly running = new Set<Promise<void>>();

  constructor(private readonly provider: Provider) {
    const address = engineAddress(process.argv.slice(2));
    if (address !== undefined) this.engine.connect(address);
  }

  /** Cancels what is under way, and waits until it has ended. */
  async stop(): Promise<void> {
    this.cancelled.abort(new Error("cancelled"));
    await Promise.all(this.running);
  }

  methods(): IResourceProviderServer {
    const { provider, running } = this;
    const unary = handledBy(running);
    const refuse = (what: string) => unary(() => Promise.reject(this.notCovered(what)));
    return {
      handshake: unary(async (request: proto.ProviderHandshakeRequest) => {
        this.engine.connect(request.getEngineAddress());
        const response = new proto.ProviderHandshakeResponse();
        response.setAcceptSecrets(true);
        return response;
      }),
      attach: unary(async (request: { getAddress(): string }) => {
        this.engine.connect(request.getAddress());
        return new Empty();
      }),
      getPluginInfo: unary(async () => {
        const info = new PluginInfo();
        info.setVersion(provider.version);
        return info;
      }),
      getSchema: unary(async () => {
        const response = new proto.GetSchemaResponse();
        response.setSchema(JSON.stringify({ name: provider.name, version: provider.version }));
        return response;
      }),
      checkConfig: unary(async (request: proto.CheckRequest) => {
        const news = read(request.getNews());
        return checkResponse(provider.checkConfig?.(news) ?? { inputs: news });
      }),
      diffConfig: unary(async (request: proto.DiffRequest) =>
        diffResponse(
          provider.diffConfig?.(read(request.getOldInputs()), read(request.getNews())) ?? {
            changes: [],
            replaces: () => false,
          },
        ),
      ),
      configure: unary(async (request: proto.ConfigureRequest) => {
        provider.configure?.(read(request.getArgs()));
        const response = new proto.ConfigureResponse();
        response.setAcceptsecrets(true);
        response.setSupportspreview(true);
        return response;
      }),
      check: unary(async (request: proto.CheckRequest) =>
        checkResponse(
          await this.resource(request).check(read(request.getNews()), read(request.getOlds()), this.context(request)),
        ),
      ),
      diff: unary(async (request: proto.DiffRequest) => {
        const old = { id: request.getId(), inputs: read(request.getOldInputs()), outputs: read(request.getOlds()) };
        return diffResponse(this.resource(request).diff(old, read(request.getNews()), this.context(request)));
      }),
      create: unary(async (request: proto.CreateRequest) => {
        const inputs = read(request.getProperties());
        const made = await this.resource(request).create(inputs, work(request), this.context(request));
        const response = new proto.CreateResponse();
        response.setId(made.id);
        response.setProperties(write(made.outputs));
        return response;
      }),
      read: unary(async (request: proto.ReadRequest) => {
        const old: Stored = {
          id: request.getId(),
          inputs: read(request.getInputs()),
          outputs: read(request.getProperties()),
        };
        const found = await this.resource(request).read(old, this.context(request));
        const response = new proto.ReadResponse();
        response.setId(found?.id ?? "");
        if (found !== undefined) {
          response.setInputs(write(found.inputs));
          response.setProperties(write(found.outputs));
        }
        return response;
      }),
      update: unary(async (request: proto.UpdateRequest) => {
        const old = { id: request.getId(), inputs: read(request.getOldInputs()), outputs: read(request.getOlds()) };
        const news = read(request.getNews());
        const outputs = await this.resource(request).update(old, news, work(request), this.context(request));
        const response = new proto.UpdateResponse();
        response.setProperties(write(outputs));
        return response;
      }),
      delete: unary(async (request: proto.DeleteRequest) => {
        const old = {
          id: request.getId(),
          inputs: read(request.getOldInputs()),
          outputs: read(request.getProperties()),
        };
        const timeoutMs = milliseconds(request.getTimeout());
        await this.resource(request).delete(old, { preview: false, timeoutMs }, this.context(request));
        return new Empty();
      }),
      cancel: unary(async () => {
        void this.stop(); // the engine waits for the calls themselves
        return new Empty();
      }),
      getMapping: unary(async () => new proto.GetMappingResponse()),
      getMappings: unary(async () => new proto.GetMappingsResponse()),
      invoke: unary((request: proto.InvokeRequest) =>
        Promise.reject(this.notCovered(`the function ${request.getTok()}`)),
      ),
      call: unary((request: proto.CallRequest) => Promise.reject(this.notCovered(`the method ${request.getTok()}`))),
      construct: unary((request: proto.ConstructRequest) =>
        Promise.reject(this.notCovered(`the component ${request.getType()}`)),
      ),
      parameterize: refuse("parameters"),
      list: (call) => {
        call.emit("error", toServiceError(this.notCovered("listing resources")));
      },
    };
  }

  private resource(request: { getUrn(): string; getType(): string }): Resource {
    const type = typeOf(request);
    const resource = this.provider.resource(type);
    if (resource === undefined) throw this.notCovered(`resources of type ${type}`);
    return resource;
  }

  private context(request: { getUrn(): string; getType(): string }): Context {
    const urn = request.getUrn();
    return {
      urn,
      type: typeOf(request),
      name: urn.split("::").slice(3).join("::"),
      log: this.engine.logFor(urn),
      signal: this.cancelled.signal,
    };
  }

  private notCovered(what: string): NotCovered {
    const { name, version, covers } = this.provider;
    return new NotCovered(
      `This stand-in for Pulumi's ${name} provider ${version} does not cover ${what}. It covers what grunnmur uses: ${covers}. For more, install the official plugin and take the stand-ins off PATH.`,
    );
  }
}

/** Makes handlers that are counted among the running ones, and whose promise's rejection becomes the gRPC error. */
function handledBy(running: Set<Promise<void>>) {
  return <Request, Response>(handler: (request: Request) => Promise<Response>) =>
    (call: grpc.ServerUnaryCall<Request, Response>, callback: grpc.sendUnaryData<Response>): void => {
      const handled = Promise.resolve()
        .then(() => handler(call.request))
        .then(
          (response) => callback(null, response),
          (error: unknown) => callback(toServiceError(error)),
        )
        .finally(() => running.delete(handled));
      running.add(handled);
    };
}
