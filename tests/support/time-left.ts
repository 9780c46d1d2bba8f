const secondsTo = (moment: string | undefined): number =>
  moment ? Number(moment) - Date.now() / 1000 : Number.POSITIVE_INFINITY;

/** Whether the time to begin anything long is over, as whoever runs this gives it in seconds since 1970. */
export const noTimeLeft = (environment: NodeJS.ProcessEnv = process.env): boolean =>
  secondsTo(environment.GRUNNMUR_TEST_UNTIL) < 0;

/** Seconds until everything that is waited for has failed, so that there is time to say why and to take down what was made. */
export const timeLeft = (environment: NodeJS.ProcessEnv = process.env): number =>
  secondsTo(environment.GRUNNMUR_TEST_END);
