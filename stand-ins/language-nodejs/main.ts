import * as grpc from "@grpc/grpc-js";
import { LanguageRuntimeService } from "@pulumi/pulumi/proto/language_grpc_pb";
import { channelOptions, engineAddress, serve } from "../shared/server";
import { LanguageHost } from "./host";

const host = new LanguageHost(engineAddress(process.argv.slice(2)));
const server = new grpc.Server(channelOptions);
server.addService(LanguageRuntimeService, host.methods());
void serve(server, () => host.stop());
