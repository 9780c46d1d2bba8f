import { choice, countryCode, date, flag, host, list, port, prose, range, section, whole } from "./fields";

/** What a stack declares so that others can hold it to account: who reaches it, whom it reaches, where copies are. */

/** Basis, agreement and end, as a record of processing has them (GDPR Art. 30). */
const covered = {
  legalBasis: prose("the basis in law").describe("Basis in law, such as GDPR Art. 6(1)(b)."),
  agreement: prose("the agreement").describe("Agreement that covers it, such as a data processing agreement's number."),
  expires: date().describe("Day after which the entry no longer holds, in quotes."),
};

export const destinationSchema = section({
  host: host().describe("Host outside the stack that its machines or workloads talk to."),
  country: countryCode().describe("Country in which it stands."),
  ...covered,
  addresses: list(range())
    .default([])
    .describe(
      "Ranges in which the host answers. Network policies know addresses only, not names. Empty: nodes let out to wherever the name leads.",
    ),
  ports: list(port()).default([]).describe("Ports that nodes let out to, such as 443/tcp. Empty: all."),
});

export const administratorSchema = section({
  who: prose("who administers").describe("Team or company with administrative access to machines or cluster."),
  country: countryCode().describe("Country from which they work: access from a third country is a transfer."),
  ...covered,
});

export const backupSchema = section({
  of: choice(["etcd", "registry", "git"]).describe("What is copied: etcd, registry or git."),
  host: host().describe("Host on which the copies lie: a node of the stack, or a host under destinations."),
  retentionDays: whole("days", 1, 3650).describe("Days after which a copy is deleted."),
  encrypted: flag().describe("Whether the copies are encrypted before they leave the node."),
});
