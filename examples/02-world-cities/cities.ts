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
const HALF_ROUND_KM = 20_016;
const GROWTH = 1.6;
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
 * The `count` cities nearest to a place. Reads the cells within a radius, and within a larger one until there are enough.
 * @no-writes
 */
export function nearest(lat: number, lon: number, count: number): Near[] {
  const read = new Set<string>();
  const found: { id: string; km: number }[] = [];
  for (let radiusKm = 100; radiusKm < HALF_ROUND_KM * GROWTH; radiusKm *= GROWTH) {
    for (const cell of cellsWithin(lat, lon, radiusKm)) {
      if (read.has(cell)) continue;
      read.add(cell);
      for (const [id, place] of Object.entries(Zedis.hgetall(cell))) {
        const space = place.indexOf(" ");
        found.push({ id, km: kmBetween(lat, lon, Number(place.slice(0, space)), Number(place.slice(space + 1))) });
      }
    }
    found.sort((a, b) => a.km - b.km || Number(a.id) - Number(b.id));
    // Whatever is in cells that are still unread is farther away than the radius.
    const last = found[count - 1];
    if (last !== undefined && last.km <= radiusKm) break;
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

/** Keys of the cells that touch the circle's bounding box; around a pole that box goes all the way round. */
function* cellsWithin(lat: number, lon: number, radiusKm: number): Generator<string> {
  const reach = radiusKm / EARTH_KM / RADIANS;
  const roundPole = Math.abs(lat) + reach >= 90;
  const sine = Math.sin(reach * RADIANS) / Math.cos(lat * RADIANS);
  const halfWidth = roundPole ? 180 : Math.asin(Math.min(sine, 1)) / RADIANS;
  const west = Math.floor(lon - halfWidth);
  const columns = Math.min(Math.floor(lon + halfWidth) - west + 1, 360);
  for (let row = Math.max(Math.floor(lat - reach), -90); row <= Math.min(Math.floor(lat + reach), 90); row++) {
    for (let column = west; column < west + columns; column++) {
      yield `cell:${row}:${((((column + 180) % 360) + 360) % 360) - 180}`;
    }
  }
}

/** Along the great circle (haversine). */
function kmBetween(latA: number, lonA: number, latB: number, lonB: number): number {
  const north = Math.sin(((latB - latA) * RADIANS) / 2);
  const east = Math.sin(((lonB - lonA) * RADIANS) / 2);
  const h = north * north + Math.cos(latA * RADIANS) * Math.cos(latB * RADIANS) * east * east;
  return 2 * EARTH_KM * Math.asin(Math.min(Math.sqrt(h), 1));
}
