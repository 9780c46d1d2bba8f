import type { Written } from "../here/scaffold";
import type { Evidence } from "../report/evidence";
import type { Review } from "../review/review";
import type { Plan } from "../roll/plan";
import type { Report } from "../status/report";
import type { Bumped } from "./bump";
import type { Diagnosis } from "./doctor";
import type { Outcome } from "./review";

/** What each verb prints with `--json`, by its name. Fields may be added; those that there are keep their meaning. */
export interface Printed {
  init: Written;
  bump: Bumped;
  status: Report;
  doctor: Diagnosis;
  report: Evidence;
  /** With `--plan`. */
  upgrade: Plan;
  review: Outcome[];
  /** What `--report FILE.json` writes: with `--json` this verb prints Pulumi's own. */
  preview: Review;
}
