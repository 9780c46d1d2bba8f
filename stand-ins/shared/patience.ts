/** By what limits are multiplied, as grunnmur tells what it starts; without it they are a fast machine's. */
export const patience = Math.max(1, Number(process.env.GRUNNMUR_PATIENCE) || 1);
