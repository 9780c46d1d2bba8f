import { type RequestOptions, request } from "node:https";

/**
 * Asks for a path over TLS and reads the answer. The status is the caller's to judge.
 * @throws Late where there is no answer in time, else the connection's own error
 */
export function get(options: RequestOptions & { path: string }, timeoutSeconds: number): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let connected = false;
    const call = request(options, (response) => {
      let body = "";
      response.setEncoding("utf8").on("data", (text: string) => {
        body += text;
      });
      response.on("end", () => finish(() => resolve({ status: response.statusCode ?? 0, body })));
      response.on("error", (error) => finish(() => reject(error)));
    });
    const timer = setTimeout(() => {
      finish(() => reject(new Late(timeoutSeconds, connected)));
      call.destroy();
    }, timeoutSeconds * 1000);
    const finish = (settle: () => void): void => {
      clearTimeout(timer);
      settle();
    };
    call.on("socket", (socket) => socket.on("connect", () => (connected = true)));
    call.on("error", (error) => finish(() => reject(error)));
    call.end();
  });
}

export interface Answer {
  status: number;
  body: string;
}

export class Late extends Error {
  /** @param connected the other side's port accepted the connection */
  constructor(
    seconds: number,
    readonly connected: boolean,
  ) {
    super(`no answer within ${Math.round(seconds * 10) / 10} s`);
  }
}
