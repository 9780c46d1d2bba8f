import * as grpc from "@grpc/grpc-js";
import { EngineClient } from "@pulumi/pulumi/proto/engine_grpc_pb";
import { LogRequest, LogSeverity } from "@pulumi/pulumi/proto/engine_pb";
import { channelOptions } from "./server";

/** Where a resource's progress and warnings go. */
export interface Log {
  /** A line that is shown beside the resource while it works, then forgotten. */
  progress(message: string): void;
  warning(message: string): void;
}

/** The engine's side of the conversation. Silent until `connect`. */
export class Engine {
  private client: EngineClient | undefined;

  connect(address: string): void {
    this.client?.close();
    this.client = new EngineClient(address, grpc.credentials.createInsecure(), channelOptions);
  }

  logFor(urn: string): Log {
    return {
      progress: (message) => this.send(LogSeverity.INFO, message, urn, true),
      warning: (message) => this.send(LogSeverity.WARNING, message, urn, false),
    };
  }

  private send(severity: LogSeverity, message: string, urn: string, ephemeral: boolean): void {
    const request = new LogRequest();
    request.setSeverity(severity);
    request.setMessage(message);
    request.setUrn(urn);
    request.setEphemeral(ephemeral);
    // A lost progress line is no reason to fail the resource.
    this.client?.log(request, () => {});
  }
}
