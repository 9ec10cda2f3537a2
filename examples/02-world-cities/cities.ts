#!ts name=cities
/**
 * Questions about the world's cities, answered next to the data. What is stored:
 *
 *     city:3169070           hash    name, country, population, lat, lon
 *     country:IT             hash    city id → population
 *     named:rome             string  city ids of that name, separated by spaces
 *     cell:41:12             hash    city id → "lat lon", for each square of one degree that has a city
 */

interface City {
  id: string;
  name: string;
  country: string;
  population: number;
}

interface Near extends City {
  km: number;
}

const EARTH_KM = 6371;
const RADIANS = Math.PI / 180;

/**
 * All cities of that name, whatever its capitals, the most populous first.
 * @no-writes
 */
export function citiesNamed(name: string): City[] {
  const ids = Zedis.get(`named:${name.toLowerCase()}`);
  if (ids === null) return [];
  return ids
    .split(" ")
    .map(cityOf)
    .sort((a, b) => b.population - a.population);
}

/**
 * The `count` most populous cities of a country.
 * @no-writes
 */
export function biggest(country: string, count: number): City[] {
  return Object.entries(Zedis.hgetall(`country:${country}`))
    .sort(([idA, a], [idB, b]) => Number(b) - Number(a) || Number(idA) - Number(idB))
    .slice(0, count)
    .map(([id]) => cityOf(id));
}

/**
 * A country in four figures; null where there is none.
 * @no-writes
 */
export function countrySummary(country: string) {
  const populations = Zedis.hvals(`country:${country}`).map(Number);
  if (populations.length === 0) return null;
  populations.sort((a, b) => b - a);
  const total = populations.reduce((sum, population) => sum + population, 0);
  return {
    cities: populations.length,
    population: total,
    median: populations[populations.length >> 1] ?? 0,
    percentInBiggest: Math.round(((populations[0] ?? 0) * 100) / total),
  };
}

/**
 * The `count` cities nearest to a place. Reads ring after ring of cells until no unread cell can hold a nearer one.
 * @no-writes
 */
export function nearest(lat: number, lon: number, count: number): Near[] {
  const found: { id: string; km: number }[] = [];
  const [row, column] = [Math.floor(lat), Math.floor(lon)];
  for (let ring = 0; ring <= 180; ring++) {
    for (const [cellRow, cellColumn] of cellsOfRing(row, column, ring)) {
      for (const [id, place] of Object.entries(Zedis.hgetall(`cell:${cellRow}:${cellColumn}`))) {
        const space = place.indexOf(" ");
        found.push({ id, km: kmBetween(lat, lon, Number(place.slice(0, space)), Number(place.slice(space + 1))) });
      }
    }
    found.sort((a, b) => a.km - b.km || Number(a.id) - Number(b.id));
    const last = found[count - 1];
    if (last !== undefined && last.km <= kmToUnread(lat, lon, row, column, ring)) break;
  }
  return found.slice(0, count).map(({ id, km }) => ({ ...cityOf(id), km: Math.round(km) }));
}

/** Lets `people` move from one city to another; throws when there are not as many, and then nothing has changed. */
export function move(from: string, to: string, people: number): { from: number; to: number } {
  const arrived = grow(to, people);
  return { from: grow(from, -people), to: arrived };
}

function grow(id: string, people: number): number {
  const { name, country } = cityOf(id);
  const population = Zedis.hincrby(`city:${id}`, "population", people);
  // By now the writes above are done, in this city and perhaps in another: the throw takes them all back.
  if (population < 0) throw new Error(`${name} has only ${population - people} inhabitants`);
  Zedis.hset(`country:${country}`, id, population);
  return population;
}

function cityOf(id: string): City {
  const { name, country, population } = Zedis.hgetall(`city:${id}`);
  if (name === undefined || country === undefined) throw new Error(`there is no city ${id}`);
  return { id, name, country, population: Number(population) };
}

function cellsOfRing(row: number, column: number, ring: number): [number, number][] {
  const cells: [number, number][] = [];
  for (let south = Math.max(row - ring, -90); south <= Math.min(row + ring, 90); south++) {
    // The whole circle at most, each meridian once: ring 180 would name the one at the far side twice.
    const step = Math.abs(south - row) === ring ? 1 : Math.max(ring * 2, 1);
    for (let west = -ring; west <= Math.min(ring, 179); west += step) {
      cells.push([south, ((((column + west + 180) % 360) + 360) % 360) - 180]);
    }
  }
  return cells;
}

/** How far it is at least to the first cell that rings up to this one have not read. */
function kmToUnread(lat: number, lon: number, row: number, column: number, ring: number): number {
  const degreesNorthSouth = Math.min(lat - (row - ring), row + ring + 1 - lat);
  const degreesEastWest = Math.min(lon - (column - ring), column + ring + 1 - lon);
  // The distance to a meridian that is d away: asin(cos(lat) · sin(d)); from 90 degrees on, the way over the pole is shorter.
  const meridian = Math.asin(Math.cos(lat * RADIANS) * Math.sin(Math.min(degreesEastWest, 90) * RADIANS));
  return EARTH_KM * Math.min(degreesNorthSouth * RADIANS, meridian);
}

/** Along the great circle (haversine). */
function kmBetween(latA: number, lonA: number, latB: number, lonB: number): number {
  const north = Math.sin(((latB - latA) * RADIANS) / 2);
  const east = Math.sin(((lonB - lonA) * RADIANS) / 2);
  const h = north * north + Math.cos(latA * RADIANS) * Math.cos(latB * RADIANS) * east * east;
  return 2 * EARTH_KM * Math.asin(Math.min(Math.sqrt(h), 1));
}
