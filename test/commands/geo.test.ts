/** Geo commands over both encodings: numbers to the last digit, shapes, options and their order of checks. */

import { expect } from "bun:test";
import { double, err, nilArray, simple } from "../harness/expected.ts";
import { itemsOf, textOf } from "../harness/resp.ts";
import { type BehaviourOptions, type Row, suite } from "../harness/suite.ts";

const geo = suite();
const syntax = err("ERR syntax error");
const notFloat = err("ERR value is not a valid float");
const wrongType = err("WRONGTYPE Operation against a key holding the wrong kind of value");
const badUnit = err("ERR unsupported unit provided. please use M, KM, FT, MI");
const noMember = err("ERR could not decode requested zset member");
const arity = (name: string) => err(`ERR wrong number of arguments for '${name}' command`);
function eachEncoding(name: string, rows: readonly Row[], options: BehaviourOptions = {}): void {
  geo.rows(`${name}, as listpack`, rows, options);
  geo.rows(`${name}, as skiplist`, rows, {
    ...options,
    before: ["CONFIG SET zset-max-listpack-entries 0"],
    after: ["CONFIG SET zset-max-listpack-entries 128"],
  });
}

const sicily: readonly Row[] = [
  ["GEOADD Sicily 13.361389 38.115556 Palermo 15.087269 37.502669 Catania", 2],
  ["GEOADD Sicily 12.758489 38.788135 edge1 17.241510 38.788135 edge2", 2],
];

eachEncoding("GEOADD adds positions as scores of a sorted set", [
  ["GEOADD g 13.361389 38.115556 Palermo", 1],
  ["GEOADD g 13.361389 38.115556 Palermo", 0],
  ["ZSCORE g Palermo", double("3479099956230698")],
  ["GEOADD g CH 13.4 38.1 Palermo 15.087269 37.502669 Catania", 2],
  ["GEOADD g NX 1 1 Palermo 2 2 new", 1],
  ["GEOADD g XX CH 1 1 Palermo 3 3 none", 1],
  ["ZCARD g", 3],
  ["TYPE g", simple("zset")],
  ["GEOADD g NX XX 1 1 a", syntax],
  ["GEOADD g 1 1", arity("geoadd")],
  ["GEOADD g 1 1 a 2", syntax],
  ["GEOADD g CH CH CH", syntax],
  ["GEOADD g x 1 a", notFloat],
  ["GEOADD g 1 1 a nan 2 b", notFloat],
  ["GEOADD g 181 1 a", err("ERR invalid longitude,latitude pair 181.000000,1.000000")],
  ["GEOADD g 1 85.06 a", err("ERR invalid longitude,latitude pair 1.000000,85.060000")],
  ["GEOADD g 1 1 a 1 -86.5 b", err("ERR invalid longitude,latitude pair 1.000000,-86.500000")],
  ["ZSCORE g a", null],
  ["GEOADD g 180 85.05112878 corner -180 -85.05112878 other", 2],
  ["SET s text", simple("OK")],
  ["GEOADD s 1 1 a", wrongType],
]);

eachEncoding("GEODIST, GEOHASH and GEOPOS look at members", [
  ...sicily,
  ["GEODIST Sicily Palermo Catania", "166274.1516"],
  ["GEODIST Sicily Palermo Catania km", "166.2742"],
  ["GEODIST Sicily Palermo Catania MI", "103.3182"],
  ["GEODIST Sicily Palermo Catania ft", "545518.8700"],
  ["GEODIST Sicily Palermo Palermo", "0.0000"],
  ["GEODIST Sicily Palermo none", null],
  ["GEODIST none a b", null],
  ["GEODIST Sicily Palermo Catania x", badUnit],
  ["GEODIST none a b x", badUnit],
  ["GEODIST Sicily Palermo Catania km x", syntax],
  ["GEOHASH Sicily Palermo none Catania", ["sqc8b49rny0", null, "sqdtr74hyu0"]],
  ["GEOHASH none a b", [null, null]],
  ["GEOHASH Sicily", []],
  [
    "GEOPOS Sicily Palermo none Catania",
    [
      [double("13.36138933897018433"), double("38.11555639549629859")],
      nilArray,
      [double("15.08726745843887329"), double("37.50266842333162032")],
    ],
  ],
  ["GEOPOS none a", [nilArray]],
  ["GEOPOS Sicily", []],
  ["SET s text", simple("OK")],
  ["GEODIST s a b", wrongType],
  ["GEOHASH s a", wrongType],
  ["GEOPOS s a", wrongType],
]);

eachEncoding("GEOSEARCH finds what is within a circle or a box", [
  ...sicily,
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC", ["Catania", "Palermo"]],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km ASC", ["Catania", "Palermo", "edge2", "edge1"]],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 km DESC COUNT 2", ["edge1", "edge2"]],
  ["GEOSEARCH Sicily FROMMEMBER Palermo BYRADIUS 0 m", ["Palermo"]],
  ["GEOSEARCH Sicily FROMMEMBER Palermo BYRADIUS 170000 m ASC", ["Palermo", "edge1", "Catania"]],
  [
    "GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km ASC WITHCOORD WITHDIST WITHHASH",
    [
      ["Catania", "56.4413", 3479447370796909, [double("15.08726745843887329"), double("37.50266842333162032")]],
      ["Palermo", "190.4424", 3479099956230698, [double("13.36138933897018433"), double("38.11555639549629859")]],
    ],
  ],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 200 km DESC WITHDIST COUNT 1", [["Palermo", "190.4424"]]],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 400 400 mi COUNT 1 WITHDIST", [["Catania", "35.0711"]]],
  ["GEOSEARCH Sicily FROMLONLAT -120 37 BYRADIUS 200 km", []],
  ["GEOSEARCH none FROMLONLAT 15 37 BYRADIUS 200 km", []],
  ["GEOSEARCH none FROMMEMBER a BYRADIUS 200 km", []],
]);

geo.both("ANY stops at enough, whichever they are", async (wire) => {
  const cities = Array.from({ length: 400 }, (_, n) => ["GEOADD", "g", String(10 + n / 1000), "45", `m${n}`]);
  await wire.pipeline(cities);
  for (const count of [1, 7, 400, 900]) {
    const found = itemsOf(
      await wire.call(["GEOSEARCH", "g", ..."FROMLONLAT 10 45 BYRADIUS 500 km COUNT".split(" "), String(count), "ANY"]),
    );
    expect(found.length).toBe(Math.min(count, 400));
  }
  const nearest = itemsOf(await wire.call("GEOSEARCH g FROMLONLAT 10 45 BYRADIUS 500 km COUNT 3")).map(textOf);
  expect(nearest).toEqual(["m0", "m1", "m2"]);
});

eachEncoding("GEOSEARCH checks its words as Redis does", [
  ...sicily,
  ["GEOSEARCH Sicily FROMMEMBER none BYRADIUS 1 km", noMember],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 FROMMEMBER Palermo BYRADIUS 1 km", syntax],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km BYBOX 1 1 km", syntax],
  ["GEOSEARCH Sicily FROMLONLAT 200 37 BYRADIUS 1 km", err("ERR invalid longitude,latitude pair 200.000000,37.000000")],
  ["GEOSEARCH Sicily FROMLONLAT a 37 BYRADIUS 1 km", notFloat],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS x km", err("ERR need numeric radius")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS -1 km", err("ERR radius cannot be negative")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 x", badUnit],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX x 1 km", err("ERR need numeric width")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 1 x km", err("ERR need numeric height")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYBOX 1 -1 km", err("ERR height or width cannot be negative")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km COUNT 0", err("ERR COUNT must be > 0")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km COUNT x", err("ERR value is not an integer or out of range")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km ANY", err("ERR the ANY argument requires COUNT argument")],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km STOREDIST", syntax],
  ["GEOSEARCH Sicily FROMLONLAT 15 37 BYRADIUS 1 km STORE d", syntax],
  [
    "GEOSEARCH Sicily BYRADIUS 1 km ASC WITHDIST",
    err("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for GEOSEARCH"),
  ],
  [
    "geosearch Sicily FROMLONLAT 15 37 ASC DESC",
    err("ERR exactly one of BYRADIUS and BYBOX can be specified for geosearch"),
  ],
  ["GEOSEARCH Sicily FROMLONLAT 15 37", arity("geosearch")],
  ["SET s text", simple("OK")],
  ["GEOSEARCH s FROMLONLAT 15 37 BYRADIUS x km", wrongType],
]);

eachEncoding("GEOSEARCHSTORE stores positions, or distances", [
  ...sicily,
  ["GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYBOX 400 400 km", 4],
  ["GEOPOS d Palermo", [[double("13.36138933897018433"), double("38.11555639549629859")]]],
  ["GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 200 km COUNT 1", 1],
  ["ZRANGE d 0 -1", ["Catania"]],
  ["GEOSEARCHSTORE Sicily Sicily FROMLONLAT 15 37 BYRADIUS 200 km STOREDIST", 2],
  ["ZRANGE Sicily 0 -1", ["Catania", "Palermo"]],
  ["ZCOUNT Sicily 56.4412 56.4413", 1],
  ["GEOSEARCHSTORE d Sicily FROMLONLAT 100 37 BYRADIUS 1 m", 0],
  ["EXISTS d", 0],
  ["ZADD d 1 a", 1],
  ["GEOSEARCHSTORE d none FROMLONLAT 15 37 BYRADIUS 1 km", 0],
  ["EXISTS d", 0],
  [
    "GEOSEARCHSTORE d Sicily FROMLONLAT 15 37 BYRADIUS 200 km WITHDIST",
    err("ERR GEOSEARCHSTORE is not compatible with WITHDIST, WITHHASH and WITHCOORD options"),
  ],
]);

eachEncoding("GEORADIUS and GEORADIUSBYMEMBER do the same by the old words", [
  ...sicily,
  ["GEORADIUS Sicily 15 37 200 km ASC", ["Catania", "Palermo"]],
  [
    "GEORADIUS_RO Sicily 15 37 200 km WITHDIST DESC",
    [
      ["Palermo", "190.4424"],
      ["Catania", "56.4413"],
    ],
  ],
  ["GEORADIUSBYMEMBER Sicily Palermo 100 km ASC", ["Palermo", "edge1"]],
  ["GEORADIUSBYMEMBER_RO Sicily Palermo 100 km COUNT 1", ["Palermo"]],
  ["GEORADIUS Sicily 15 37 200 km STORE d", 2],
  ["ZRANGE d 0 -1", ["Palermo", "Catania"]],
  ["GEORADIUSBYMEMBER Sicily Palermo 100 km STOREDIST d", 2],
  ["ZCOUNT d 0 0", 1],
  ["ZCOUNT d 91 92", 1],
  ["GEORADIUS Sicily 100 37 1 m STORE d", 0],
  ["EXISTS d", 0],
  ["GEORADIUS none 15 37 200 km", []],
  ["GEORADIUSBYMEMBER none a 200 km", []],
  ["GEORADIUSBYMEMBER none a x y", []],
  ["GEORADIUSBYMEMBER Sicily none 200 km", noMember],
  ["GEORADIUS Sicily 15 37 x km", err("ERR need numeric radius")],
  ["GEORADIUS Sicily 15 37 1 yd", badUnit],
  ["GEORADIUS Sicily 15 91 1 km", err("ERR invalid longitude,latitude pair 15.000000,91.000000")],
  ["GEORADIUS Sicily 15 37 200 km FROMMEMBER Palermo", syntax],
  ["GEORADIUS_RO Sicily 15 37 200 km STORE d", syntax],
  [
    "GEORADIUS Sicily 15 37 200 km STORE d WITHHASH",
    err("ERR STORE option in GEORADIUS is not compatible with WITHDIST, WITHHASH and WITHCOORD options"),
  ],
  ["COMMAND GETKEYS GEORADIUS Sicily 15 37 200 km STORE d", ["Sicily", "d"]],
]);

// As Valkey 9 has it.
const sydney: Row[] = [
  ["GEOADD g 151.20932132005692 -33.877723137822436 elizabeth 151.2119820713997 -33.87697539508043 connaught", 2],
  ["GEOADD g 151.2119820713997 -33.87156123068408 james 151.2229523062706 -33.883973760201364 oxford", 2],
  ["GEOADD g 151.22852593660355 -33.88116782387797 goodhope 151.2224105000496 -33.87544442350019 kings", 2],
  ["GEOADD g 151.22953444719315 -33.874838625143106 bartley", 1],
];
const city =
  "BYPOLYGON 11 151.21619137411474 -33.869643764947696 151.20408853981647 -33.87845382042545 151.2123775086366 -33.87864711938855 " +
  "151.21046943124387 -33.87588862400425 151.21701035939626 -33.874286511854834 151.2239557405701 -33.8735722632175 " +
  "151.22495056246407 -33.87893571656996 151.2274447496748 -33.882307713036354 151.23212935868654 -33.88136096120022 " +
  "151.23097291274465 -33.87456240592362 151.22475424781445 -33.87099633192101";
const triangle =
  "151.2039101016274 -33.87446472104431 151.2132606898065 -33.882942295615855 151.2132606898065 -33.882942295615855";

eachEncoding(
  "BYPOLYGON finds what is within any shape",
  [
    ...sydney,
    [`GEOSEARCH g ${city}`, ["goodhope", "bartley", "elizabeth"]],
    [
      `GEOSEARCH g ${city} WITHDIST ASC`,
      [
        ["bartley", "858.3013"],
        ["goodhope", "929.4979"],
        ["elizabeth", "1035.7735"],
      ],
    ],
    [`GEOSEARCHSTORE d g ${city} ASC STOREDIST COUNT 2`, 2],
    ["ZRANGE d 0 -1", ["bartley", "goodhope"]],
    ["GEOSEARCH g BYPOLYGON 2 1 2 3 4", err("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices")],
    ["GEOSEARCH g BYPOLYGON 3 1 2 3 4", err("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices")],
    ["GEOSEARCH g BYPOLYGON 2147483647 1 2 3 4", err("ERR GEOSEARCH BYPOLYGON must have at least 3 vertices")],
    ["GEOSEARCH g BYPOLYGON x 1 2 3 4 5 6", err("ERR invalid number of vertices")],
    ["GEOSEARCH g BYPOLYGON 3 1 2 3 4 5 99", err("ERR invalid longitude,latitude pair 5.000000,99.000000")],
    [`GEOSEARCH g BYPOLYGON 3 ${triangle} BYBOX 400 400 km`, syntax],
    [`GEOSEARCH g BYBOX 400 400 km BYPOLYGON 3 ${triangle}`, syntax],
    [`GEOSEARCH g BYPOLYGON 3 ${triangle} FROMLONLAT 151 -33`, syntax],
    [`GEOSEARCH g BYPOLYGON 3 ${triangle} FROMMEMBER kings`, syntax],
  ],
  { since: "9.0.0" },
);

geo.rows("of several STOREs the last counts, and it is the key that the command names", [
  ["GEOADD src 0 0 m", 1],
  ["COMMAND GETKEYS GEORADIUS src 0 0 1 km STORE a STORE b", ["src", "b"]],
  ["COMMAND GETKEYS GEORADIUS src 0 0 1 km STORE a STOREDIST b", ["src", "b"]],
  ["COMMAND GETKEYS GEORADIUSBYMEMBER src m 1 km STORE STORE COUNT 1", ["src", "STORE"]],
  ["GEORADIUS src 0 0 1 km STORE a STORE b", 1],
  ["EXISTS a", 0],
  ["EXISTS b", 1],
]);
