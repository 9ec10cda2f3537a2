#!/usr/bin/env node
import { launch } from "./launch.js";

await launch("src/cli/zedis-check-rdb.ts");
