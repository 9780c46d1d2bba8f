export interface Credentials {
  username: string;
  /** A secret. */
  password: string;
}

/** The value of an `Authorization` header; a secret. */
export function basicAuth({ username, password }: Credentials): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString("base64")}`;
}
