import type * as pulumi from "@pulumi/pulumi";
import * as random from "@pulumi/random";

export interface SeedOptions {
  /** Pulumi refuses to delete or replace it, until `destroy`: what is derived from it cannot be changed in one step. */
  protect?: boolean;
}

/**
 * A seed to derive keys from, kept in the state: 44 random letters and digits, which are base64 of 33 bytes and hold 261
 * bits; a secret. Not `RandomBytes`: the official provider makes the bytes the resource's ID too, and Pulumi encrypts no IDs.
 */
export function makeSeed(name: string, parent: pulumi.Resource, { protect }: SeedOptions = {}): pulumi.Output<string> {
  return new random.RandomPassword(name, { length: 44, special: false }, { parent, protect }).result;
}
