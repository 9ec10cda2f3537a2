import { join } from "node:path";
import Redis from "ioredis";
import { readLibrary } from "../library.ts";
import { withServer } from "../server.ts";
import { commandsOf, type Record, readRecords } from "./records.ts";

const BATCH = 2000;

/** A reply of RESP2: an object is a flat array of names and values. */
type Fields = readonly (string | number)[];

await withServer(async (port) => {
  const redis = new Redis(port, "127.0.0.1");
  try {
    await redis.flushall();
    const records = readRecords();
    await load(redis, records);
    console.log(`${records.length} cities loaded; ${await redis.dbsize()} keys`);
    console.log(
      `functions: ${await redis.function("LOAD", "REPLACE", readLibrary(join(import.meta.dir, "cities.ts")))}`,
    );
    await ask(redis);
    await movePeople(redis);
    await compareWithScan(redis, records);
  } finally {
    redis.disconnect();
  }
});

async function load(redis: Redis, records: readonly Record[]): Promise<void> {
  const started = performance.now();
  let sent = 0;
  let batch: [string, ...string[]][] = [];
  const flush = async () => {
    for (const [error] of (await redis.pipeline(batch).exec()) ?? []) if (error !== null) throw error;
    sent += batch.length;
    batch = [];
  };
  for (const command of commandsOf(records)) {
    batch.push(command);
    if (batch.length === BATCH) await flush();
  }
  await flush();
  // On stderr: expected.txt holds what is the same on every machine.
  console.error(`${sent} commands in ${Math.round(performance.now() - started)} ms`);
}

async function ask(redis: Redis): Promise<void> {
  console.log("\ncities named Springfield:", (await rows(redis, "citiesNamed", 0, "springfield")).length);
  console.log("the most populous places named San José, in whatever country:");
  for (const row of (await rows(redis, "citiesNamed", 0, "San José")).slice(0, 3)) console.log(`  ${shown(row)}`);
  for (const country of ["JP", "IS"]) {
    console.log(`${country}:`, shown((await redis.fcall("countrySummary", 0, country)) as Fields));
    for (const row of await rows(redis, "biggest", 0, country, 3)) console.log(`  ${shown(row)}`);
  }
  console.log("XX:", await redis.fcall("countrySummary", 0, "XX"));
  for (const [place, lat, lon] of [
    ["the middle of the Atlantic", 30, -40],
    ["where the date changes", -17, 179.9],
    ["the South Pole", -90, 0],
  ] as const) {
    console.log(`nearest to ${place}:`);
    for (const row of await rows(redis, "nearest", 0, lat, lon, 3)) console.log(`  ${shown(row)}`);
  }
}

/** Two writes that belong together: both happen, or neither when one city runs out of people. */
async function movePeople(redis: Redis): Promise<void> {
  const [reykjavik, akureyri] = ["3413829", "2633274"];
  const populations = async () =>
    (await rows(redis, "biggest", 0, "IS", 30)).map(([, id, , name, , , , people]) => ({ id, name, people }));
  const before = (await populations()).find(({ id }) => id === reykjavik);
  console.log(`\n${before?.name} has ${before?.people} people; a thousand move to Akureyri:`);
  console.log(" ", shown((await redis.fcall("move", 0, reykjavik, akureyri, 1000)) as Fields));
  const refusal = await redis.fcall("move", 0, reykjavik, akureyri, 1_000_000).catch((error: Error) => error.message);
  console.log("a million cannot:", String(refusal).replace(/^ERR /, "").split(" inhabitants")[0], "inhabitants");
  console.log("Akureyri still has", await redis.hget(`city:${akureyri}`, "population"));
}

/** The same question asked of the records here, by looking at all of them. */
async function compareWithScan(redis: Redis, records: readonly Record[]): Promise<void> {
  let agreed = 0;
  const places = Array.from(
    { length: 40 },
    (_, nth) => [((nth * 37) % 180) - 89.5, ((nth * 101) % 360) - 179.75] as const,
  );
  for (const [lat, lon] of places) {
    const answer = (await rows(redis, "nearest", 0, lat, lon, 5)).map((row) => row[1]);
    const scanned = records
      .map((record) => ({ id: record.id, nearness: cosineOfDistance(lat, lon, record) }))
      .sort((a, b) => b.nearness - a.nearness || Number(a.id) - Number(b.id))
      .slice(0, 5)
      .map(({ id }) => id);
    if (answer.join() === scanned.join()) agreed++;
    else console.log(`at ${lat}, ${lon}: ${answer} is not ${scanned}`);
  }
  console.log(`\n${agreed} of ${places.length} nearest-city answers are what a scan of all records gives`);
}

function cosineOfDistance(lat: number, lon: number, record: Record): number {
  const radians = Math.PI / 180;
  const [a, b] = [lat * radians, record.lat * radians];
  return Math.sin(a) * Math.sin(b) + Math.cos(a) * Math.cos(b) * Math.cos((record.lon - lon) * radians);
}

async function rows(redis: Redis, name: string, ...args: (string | number)[]): Promise<Fields[]> {
  const [keys, ...rest] = args;
  return (await redis.fcall(name, Number(keys), ...rest)) as Fields[];
}

/** `["name","Rome","km",3]` as `name Rome, km 3`. */
function shown(fields: Fields): string {
  const pairs: string[] = [];
  for (let at = 0; at < fields.length; at += 2) pairs.push(`${fields[at]} ${fields[at + 1]}`);
  return pairs.join(", ");
}
