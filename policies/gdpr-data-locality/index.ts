import "../crossguard/small-sdk";

import { obligationsDir } from "../crossguard/obligations";
import { startPack } from "../crossguard/pack";
import { loadRules } from "../engine/load";

startPack("gdpr-data-locality", loadRules(), obligationsDir());
