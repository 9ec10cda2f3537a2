/** The views, in the order of the menu. */
import type { ComponentType } from "preact";
import { Clients } from "./clients.tsx";
import { CommandLine } from "./command-line.tsx";
import { Configuration } from "./configuration.tsx";
import type { IconName } from "./icons.tsx";
import { Keys } from "./keys.tsx";
import { Overview } from "./overview.tsx";
import { Procedures } from "./procedures.tsx";
import { PubSub } from "./pubsub.tsx";
import { SlowLogView } from "./slow-log.tsx";

export interface View {
  readonly name: string;
  readonly title: string;
  readonly icon: IconName;
  readonly component: ComponentType;
}

export const VIEWS: readonly [View, ...View[]] = [
  { name: "overview", title: "Overview", icon: "overview", component: Overview },
  { name: "keys", title: "Keys", icon: "keys", component: Keys },
  { name: "procedures", title: "Procedures", icon: "procedures", component: Procedures },
  { name: "commands", title: "Command line", icon: "terminal", component: CommandLine },
  { name: "slow-log", title: "Slow log", icon: "clock", component: SlowLogView },
  { name: "clients", title: "Clients", icon: "clients", component: Clients },
  { name: "pubsub", title: "Pub/sub", icon: "pubsub", component: PubSub },
  { name: "configuration", title: "Configuration", icon: "configuration", component: Configuration },
];
