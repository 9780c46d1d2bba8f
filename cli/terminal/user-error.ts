/** A mistake or a state that the user can mend: printed without a stack trace. `exitCode` is 1 unless told. */
export class UserError extends Error {
  constructor(
    message: string,
    readonly exitCode = 1,
  ) {
    super(message);
    this.name = "UserError";
  }
}
