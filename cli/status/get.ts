import { type RequestOptions, request } from "node:https";

/** Asks for a path over TLS and reads the answer. @throws where there is none in time; the status is the caller's to judge */
export function get(options: RequestOptions & { path: string }, timeoutSeconds: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const call = request({ ...options, signal: AbortSignal.timeout(timeoutSeconds * 1000) }, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body }));
      response.on("error", reject);
    });
    call.on("error", (error) => reject(error.name === "AbortError" ? late(timeoutSeconds) : error));
    call.end();
  });
}

export interface Answer {
  status: number;
  body: string;
}

const late = (seconds: number): Error => new Error(`no answer within ${seconds} s`);
