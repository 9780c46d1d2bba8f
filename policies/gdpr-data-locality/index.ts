import { startPack } from "../crossguard/pack";

startPack("gdpr-data-locality");
