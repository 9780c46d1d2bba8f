import type { Entry, Exception } from "./verdict";

/** The exception that covers an entry, if one does. An expired one covers nothing. @param today `YYYY-MM-DD` */
export function exceptionFor(entry: Entry, exceptions: readonly Exception[], today: string): Exception | undefined {
  return exceptions.find((exception) => covers(exception, entry) && exception.until >= today);
}

/** Says on the entry that an exception once covered it, so that nobody wonders why it is back. */
export function withExpiry(entry: Entry, exceptions: readonly Exception[], today: string): Entry {
  const expired = exceptions.find((exception) => covers(exception, entry) && exception.until < today);
  if (!expired) return entry;
  return {
    ...entry,
    message: `${entry.message} (the exception that ${expired.who} answered for ended on ${expired.until})`,
  };
}

function covers(exception: Exception, entry: Entry): boolean {
  if (exception.rule !== entry.rule) return false;
  return (["apiVersion", "kind", "namespace", "name"] as const).every(
    (field) => exception[field] === undefined || exception[field] === entry[field],
  );
}
