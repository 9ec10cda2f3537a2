/** Starts the page. */
import "uplot/dist/uPlot.min.css";
import "./style/tokens.css";
import "./style/base.css";
import "./style/shell.css";
import "./style/parts.css";
import "./style/overview.css";
import "./style/keys.css";
import "./style/command-line.css";
import "./style/procedures.css";
import "./style/lists.css";
import { render } from "preact";
import { App } from "./app.tsx";
import { startLive } from "./live.ts";
import { startShortcuts } from "./shortcuts.ts";

const root = document.getElementById("app");
if (root !== null) render(<App />, root);
startShortcuts();
startLive();
