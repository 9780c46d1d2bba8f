import type { Command } from "commander";
import { bumpVerb } from "./verbs/bump";
import { checkVerb } from "./verbs/check";
import { completionVerb } from "./verbs/completion";
import { curlVerb } from "./verbs/curl";
import { destroyVerb } from "./verbs/destroy";
import { doctorVerb } from "./verbs/doctor";
import { envVerb } from "./verbs/env";
import { gitVerb } from "./verbs/git";
import { initVerb } from "./verbs/init";
import { kubectlVerb } from "./verbs/kubectl";
import { previewVerb } from "./verbs/preview";
import { replaceVerb } from "./verbs/replace";
import { reportVerb } from "./verbs/report";
import { reviewVerb } from "./verbs/review";
import { rotateVerb } from "./verbs/rotate";
import { sopsVerb } from "./verbs/sops";
import { sshVerb } from "./verbs/ssh";
import { statusVerb } from "./verbs/status";
import { testVerb } from "./verbs/test";
import { upVerb } from "./verbs/up";
import { upgradeVerb } from "./verbs/upgrade";

/** Every verb, in the order of `grunnmur --help`. A verb is a function that makes its command. */
export const verbs: (() => Command)[] = [
  upVerb,
  previewVerb,
  reviewVerb,
  checkVerb,
  initVerb,
  bumpVerb,
  statusVerb,
  doctorVerb,
  reportVerb,
  replaceVerb,
  upgradeVerb,
  rotateVerb,
  destroyVerb,
  envVerb,
  kubectlVerb,
  sshVerb,
  curlVerb,
  gitVerb,
  sopsVerb,
  completionVerb,
  testVerb,
];
