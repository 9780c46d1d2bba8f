import { type ClientHttp2Session, connect, constants, type SecureClientSessionOptions } from "node:http2";
import { type Answer, Late } from "./get";

/**
 * Asks a server all questions by one connection (HTTP/2, RFC 9113): where CPUs are emulated a handshake of TLS costs it more than
 * an answer, and a control plane lets few in a second. Made at the first question, and anew once it is lost. It does not hold the
 * program open.
 */
export class Connection {
  private session: ClientHttp2Session | undefined;

  /** @param server such as `https://10.0.0.1:6443` */
  constructor(
    private readonly server: string,
    private readonly options: SecureClientSessionOptions,
  ) {}

  /**
   * The status is the caller's to judge.
   * @throws Late where there is no answer in time, else the connection's own error
   */
  get(path: string, timeoutSeconds: number): Promise<Answer> {
    return new Promise((resolve, reject) => {
      const session = this.open();
      const stream = session.request({ [constants.HTTP2_HEADER_PATH]: path });
      let status = 0;
      let body = "";
      const timer = setTimeout(() => {
        reject(new Late(timeoutSeconds, !session.destroyed && !session.socket.connecting));
        stream.close(constants.NGHTTP2_CANCEL);
      }, timeoutSeconds * 1000);
      stream.setEncoding("utf8");
      stream.on("response", (headers) => (status = Number(headers[constants.HTTP2_HEADER_STATUS])));
      stream.on("data", (text: string) => (body += text));
      // What ends the session ends its questions, each with that as its cause.
      stream.on("error", (error) => reject(error.cause ?? lost(error.message)));
      stream.on("close", () => {
        clearTimeout(timer);
        // A connection that ends in the middle of an answer is no error to a stream.
        if (stream.rstCode !== constants.NGHTTP2_NO_ERROR || status === 0)
          reject(lost("the connection ended before the answer did"));
        else resolve({ status, body });
      });
    });
  }

  private open(): ClientHttp2Session {
    if (this.session && !this.session.closed && !this.session.destroyed) return this.session;
    const session = connect(this.server, this.options);
    // Told by its questions.
    session.on("error", () => undefined);
    session.unref();
    this.session = session;
    return session;
  }
}

const lost = (message: string): Error => Object.assign(new Error(message), { code: "ECONNRESET" });
