import * as grpc from "@grpc/grpc-js";
import { ErrorResourceInitFailed } from "@pulumi/pulumi/proto/provider_pb";
import { Status } from "@pulumi/pulumi/proto/status_pb";
import { Any } from "google-protobuf/google/protobuf/any_pb";
import { Struct } from "google-protobuf/google/protobuf/struct_pb";
import { encodeObject, type Properties } from "./value";

/** What was asked for is not something this stand-in covers. */
export class NotCovered extends Error {}

/**
 * The object exists but did not become ready. The engine keeps it in the state, so that the next
 * run mends it instead of making a second one.
 */
export class NotReady extends Error {
  constructor(
    readonly id: string,
    readonly outputs: Properties,
    readonly inputs: Properties,
    readonly reasons: string[],
  ) {
    super(reasons.join("\n"));
  }
}

/** The error as gRPC sends it. */
export function toServiceError(error: unknown): Partial<grpc.ServiceError> {
  const message = error instanceof Error ? error.message : String(error);
  if (error instanceof NotCovered) return { code: grpc.status.INVALID_ARGUMENT, details: message };
  if (error instanceof NotReady) {
    return { code: grpc.status.UNKNOWN, details: message, metadata: initFailure(error) };
  }
  return { code: grpc.status.UNKNOWN, details: message };
}

function initFailure(error: NotReady): grpc.Metadata {
  const detail = new ErrorResourceInitFailed();
  detail.setId(error.id);
  detail.setProperties(Struct.fromJavaScript(encodeObject(error.outputs)));
  detail.setInputs(Struct.fromJavaScript(encodeObject(error.inputs)));
  detail.setReasonsList(error.reasons);
  const packed = new Any();
  packed.pack(detail.serializeBinary(), "pulumirpc.ErrorResourceInitFailed");
  const status = new Status();
  status.setCode(grpc.status.UNKNOWN);
  status.setMessage(error.message);
  status.addDetails(packed);
  const metadata = new grpc.Metadata();
  // The name under which gRPC carries structured error details; grpc-js does not do it itself.
  metadata.set("grpc-status-details-bin", Buffer.from(status.serializeBinary()));
  return metadata;
}
