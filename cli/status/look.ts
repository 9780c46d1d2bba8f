import { connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { type Answer, Late } from "./get";

/** Why there is no answer: it may still come, nobody is there, or it will not be given to us. */
export interface NoAnswer {
  state: "slow" | "dead" | "refused";
  /** What is known, in words. */
  detail: string;
}

export type Look<T> = { state: "answered"; value: T } | NoAnswer;

const GONE = new Set(["ECONNREFUSED", "ECONNRESET", "EPIPE", "EHOSTUNREACH", "ENETUNREACH", "ENOTFOUND", "EAI_AGAIN"]);
/** A server that starts again refuses for a moment; one that is gone is not waited for. */
const REFUSALS = 3;

/** Asks one time, for so many seconds. @throws Late, or the connection's own error */
export type Ask = (timeoutSeconds: number) => Promise<Answer>;

/** Asks within the limit until there is an answer: a server that is overloaded or starts is asked again. */
export async function look(ask: Ask, limitSeconds: number): Promise<Look<Answer>> {
  const pause = Math.min(1, limitSeconds / 20);
  const deadline = performance.now() + limitSeconds * 1000;
  let last = "";
  for (let refusals = 0; ; await sleep(pause * 1000)) {
    const left = (deadline - performance.now()) / 1000;
    if (left <= pause) return { state: "slow", detail: `${last}, still after ${limitSeconds} s` };
    try {
      const answer = await ask(left);
      if (answer.status < 500 && answer.status !== 429) return { state: "answered", value: answer };
      last = `it answers ${answer.status}`;
    } catch (error) {
      if (error instanceof Late) return late(error.connected, limitSeconds);
      if (!isGone(error)) return { state: "refused", detail: (error as Error).message };
      last = (error as Error).message;
      refusals += 1;
      if (refusals === REFUSALS) return { state: "dead", detail: last };
    }
  }
}

const late = (connected: boolean, seconds: number): NoAnswer => ({
  state: "slow",
  detail: connected
    ? `its port accepts connections, no answer within ${seconds} s`
    : `no connection within ${seconds} s`,
});

const isGone = (error: unknown): boolean => GONE.has(String((error as NodeJS.ErrnoException).code));

/** Whether a node's SSH says who it is. A forwarder accepts for a guest that is off, and closes: that is dead. */
export function lookAtSsh(reach: string, limitSeconds: number, signal: AbortSignal): Promise<Look<string>> {
  const [host = "", port = "22"] = reach.split(":");
  return new Promise((resolve) => {
    let connected = false;
    const socket = connect({ host, port: Number(port), signal });
    const finish = (found: Look<string>): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(found);
    };
    const timer = setTimeout(() => finish(late(connected, limitSeconds)), limitSeconds * 1000);
    socket.on("connect", () => (connected = true));
    socket.on("data", (data) => finish({ state: "answered", value: data.toString().trim() }));
    socket.on("error", (error) => finish({ state: "dead", detail: error.message }));
    socket.on("close", () => finish({ state: "dead", detail: "its port closes the connection" }));
  });
}
