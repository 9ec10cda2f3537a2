import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import redis.clients.jedis.AbstractPipeline;
import redis.clients.jedis.AbstractTransaction;
import redis.clients.jedis.DefaultJedisClientConfig;
import redis.clients.jedis.GeoCoordinate;
import redis.clients.jedis.HostAndPort;
import redis.clients.jedis.Jedis;
import redis.clients.jedis.JedisPooled;
import redis.clients.jedis.JedisPubSub;
import redis.clients.jedis.RedisProtocol;
import redis.clients.jedis.Response;
import redis.clients.jedis.StreamEntryID;
import redis.clients.jedis.args.BitOP;
import redis.clients.jedis.args.FlushMode;
import redis.clients.jedis.args.GeoUnit;
import redis.clients.jedis.args.ListDirection;
import redis.clients.jedis.args.ListPosition;
import redis.clients.jedis.exceptions.JedisDataException;
import redis.clients.jedis.params.GetExParams;
import redis.clients.jedis.params.ScanParams;
import redis.clients.jedis.params.SetParams;
import redis.clients.jedis.params.SortingParams;
import redis.clients.jedis.params.XAddParams;
import redis.clients.jedis.params.XAutoClaimParams;
import redis.clients.jedis.params.XPendingParams;
import redis.clients.jedis.params.XReadGroupParams;
import redis.clients.jedis.params.XReadParams;
import redis.clients.jedis.params.ZAddParams;
import redis.clients.jedis.params.ZParams;
import redis.clients.jedis.resps.ScanResult;
import redis.clients.jedis.resps.Tuple;

/**
 * A job queue, a leaderboard and a cache on Jedis. Every reply is asserted.
 *
 * <pre>Shop HOST PORT PROTOCOL PROCEDURES</pre>
 *
 * Ends with the line `ok`, or with the stack of the first reply that differs.
 */
public final class Shop {
  private static HostAndPort address;
  private static DefaultJedisClientConfig config;
  private static int protocol;

  public static void main(String[] args) throws Exception {
    address = new HostAndPort(args[0], Integer.parseInt(args[1]));
    protocol = Integer.parseInt(args[2]);
    config = configuration("java");
    try (JedisPooled r = new JedisPooled(address, config)) {
      is(r.flushAll(), "OK");
      connection(r);
      cache(r);
      hashes(r);
      jobQueue(r);
      sets(r);
      leaderboard(r);
      eventStream(r);
      publishSubscribe(r);
      pipelines(r);
      transactions(r);
      iterators(r);
      geoBitsCounts(r);
      functions(r, Files.readString(Path.of(args[3])));
      errorsAndReconnects(r);
    }
    System.out.println("ok");
  }

  private static DefaultJedisClientConfig configuration(String name) {
    return DefaultJedisClientConfig.builder()
        .protocol(protocol == 2 ? RedisProtocol.RESP2 : RedisProtocol.RESP3)
        .clientName(name)
        .build();
  }

  private static void is(Object received, Object expected) {
    boolean same = received instanceof byte[] bytes
        ? Arrays.equals(bytes, (byte[]) expected)
        : received instanceof Number a && expected instanceof Number b && !(a instanceof Double)
            ? a.longValue() == b.longValue()
            : Objects.equals(received, expected);
    if (!same) throw new AssertionError("expected " + expected + ", received " + received);
  }

  private static void refused(String text, Runnable call) {
    try {
      call.run();
    } catch (JedisDataException error) {
      if (error.getMessage().contains(text)) return;
      throw new AssertionError("expected an error with " + text + ", received " + error);
    }
    throw new AssertionError("expected an error with " + text);
  }

  private static void connection(JedisPooled r) {
    is(r.ping(), "PONG");
    try (Jedis jedis = new Jedis(address, config)) {
      is(jedis.echo("hällo"), "hällo");
      is(jedis.clientGetname(), "java");
      is(jedis.clientInfo().contains(" resp=" + protocol + " "), true);
      is(jedis.clientInfo().contains(" lib-name=jedis"), true);
      is(jedis.configGet("maxmemory-policy"), Map.of("maxmemory-policy", "noeviction"));
      is(jedis.info("server").contains("redis_version:"), true);
      is(jedis.commandGetKeys("MSET", "a", "1", "b", "2"), List.of("a", "b"));
    }
  }

  private static void cache(JedisPooled r) {
    is(r.set("page:1", "<html>", SetParams.setParams().ex(100)), "OK");
    is(r.get("page:1"), "<html>");
    is(r.set("page:1", "other", SetParams.setParams().nx()), null);
    is(r.ttl("page:1") > 97, true);
    is(r.ttl("page:none"), -2);
    is(r.setGet("page:1", "new", SetParams.setParams().keepTtl()), "<html>");
    is(r.getEx("page:1", GetExParams.getExParams().persist()), "new");
    is(r.ttl("page:1"), -1);
    is(r.mset("a", "1", "b", "2"), "OK");
    is(r.mget("a", "none", "b"), Arrays.asList("1", null, "2"));
    is(r.msetnx("b", "3", "c", "4"), 0);
    is(r.incrBy("hits", 42), 42);
    is(r.decr("hits"), 41);
    is(r.incrByFloat("price", 2.5), 2.5);
    is(r.append("log", "hello"), 5);
    is(r.setrange("log", 4, "p!"), 6);
    is(r.getrange("log", -3, -1), "lp!");
    is(r.getDel("log"), "hellp!");
    is(r.exists("a", "a", "none"), 2);
    is(r.type("a"), "string");
    is(r.expire("a", 100), 1);
    is(r.persist("a"), 1);
    is(r.rename("b", "bb"), "OK");
    is(r.copy("bb", "b", false), true);
    is(r.unlink("a", "b", "bb", "none"), 3);
    byte[] bytes = {0, (byte) 255, 13, 10, 36};
    is(r.set(bytes, bytes), "OK");
    is(r.get(bytes), bytes);
    is(r.del(bytes), 1);
  }

  private static void hashes(JedisPooled r) {
    is(r.hset("user:1", Map.of("name", "Ada", "visits", "3")), 2);
    is(r.hgetAll("user:1"), Map.of("name", "Ada", "visits", "3"));
    is(r.hgetAll("user:none"), Map.of());
    is(r.hincrBy("user:1", "visits", 4), 7);
    is(r.hincrByFloat("user:1", "score", 1.5), 1.5);
    is(r.hmget("user:1", "name", "none"), Arrays.asList("Ada", null));
    is(r.hsetnx("user:1", "name", "Bob"), 0);
    is(r.hkeys("user:1"), Set.of("name", "score", "visits"));
    is(new TreeSet<>(r.hvals("user:1")), new TreeSet<>(List.of("1.5", "7", "Ada")));
    is(r.hrandfieldWithValues("user:1", 5).size(), 3);
    is(r.hexists("user:1", "name"), true);
    is(r.hstrlen("user:1", "name"), 3);
    is(r.hdel("user:1", "visits", "score", "none"), 2);
    is(r.hlen("user:1"), 1);
  }

  private static void jobQueue(JedisPooled r) throws Exception {
    is(r.rpush("jobs", "j1", "j2", "j3"), 3);
    is(r.lpush("jobs", "urgent"), 4);
    is(r.lrange("jobs", 0, -1), List.of("urgent", "j1", "j2", "j3"));
    is(r.lmove("jobs", "running", ListDirection.LEFT, ListDirection.RIGHT), "urgent");
    is(r.blmove("jobs", "running", ListDirection.LEFT, ListDirection.RIGHT, 1), "j1");
    is(r.lrem("running", 1, "j1"), 1);
    is(r.lpos("jobs", "j3"), 1);
    is(r.linsert("jobs", ListPosition.BEFORE, "j3", "j2.5"), 3);
    is(r.lset("jobs", 0, "J2"), "OK");
    is(r.lindex("jobs", 0), "J2");
    is(r.ltrim("jobs", 0, 0), "OK");
    is(r.llen("jobs"), 1);
    is(r.lmpop(ListDirection.LEFT, 2, "none", "jobs").getValue(), List.of("J2"));
    is(r.blpop(0.05, "none", "jobs"), null);

    // A worker that waits is served by the next push.
    var worker = CompletableFuture.supplyAsync(() -> r.blpop(10.0, "other", "jobs"));
    try (Jedis jedis = new Jedis(address, config)) {
      while (!jedis.info("clients").contains("blocked_clients:1")) Thread.sleep(5);
    }
    is(r.rpush("jobs", "woken"), 1);
    var taken = worker.get(10, TimeUnit.SECONDS);
    is(List.of(taken.getKey(), taken.getValue()), List.of("jobs", "woken"));
    is(r.exists("jobs"), false);
  }

  private static void sets(JedisPooled r) {
    is(r.sadd("tags:1", "red", "blue", "green"), 3);
    is(r.sadd("tags:2", "blue", "green", "black"), 3);
    is(r.smembers("tags:1"), Set.of("red", "blue", "green"));
    is(r.sinter("tags:1", "tags:2"), Set.of("blue", "green"));
    is(r.sunion("tags:1", "tags:2"), Set.of("red", "blue", "green", "black"));
    is(r.sdiff("tags:1", "tags:2"), Set.of("red"));
    is(r.sintercard(1, "tags:1", "tags:2"), 1);
    is(r.sismember("tags:1", "red"), true);
    is(r.smismember("tags:1", "red", "none"), List.of(true, false));
    is(r.smove("tags:1", "tags:2", "red"), 1);
    is(r.sinterstore("tags:3", "tags:1", "tags:2"), 2);
    is(r.srem("tags:3", "blue", "none"), 1);
    is(r.spop("tags:3"), "green");
    is(r.scard("tags:3"), 0);
  }

  private static void leaderboard(JedisPooled r) {
    is(r.zadd("board", Map.of("ann", 10.0, "bob", 20.5, "cid", 30.0)), 3);
    is(r.zadd("board", Map.of("ann", 5.0, "dan", 1.0), ZAddParams.zAddParams().gt()), 1);
    is(r.zincrby("board", 10, "ann"), 20.0);
    is(r.zrangeWithScores("board", 0, -1),
        List.of(new Tuple("dan", 1.0), new Tuple("ann", 20.0), new Tuple("bob", 20.5), new Tuple("cid", 30.0)));
    is(r.zrevrange("board", 0, 1), List.of("cid", "bob"));
    is(r.zrangeByScore("board", "(20", "+inf", 0, 1), List.of("bob"));
    is(r.zrank("board", "ann"), 1);
    is(r.zrankWithScore("board", "ann").getValue(), 20.0);
    is(r.zscore("board", "bob"), 20.5);
    is(r.zmscore("board", "bob", "none"), Arrays.asList(20.5, null));
    is(r.zcount("board", 20, Double.POSITIVE_INFINITY), 3);
    is(r.zadd("other", Map.of("ann", 1.0, "eve", 2.0)), 2);
    is(r.zunionstore("all", new ZParams().aggregate(ZParams.Aggregate.MAX), "board", "other"), 5);
    is(r.zinterWithScores(new ZParams(), "board", "other"), List.of(new Tuple("ann", 21.0)));
    is(r.zdiff("other", "board"), List.of("eve"));
    is(r.zpopmax("all"), new Tuple("cid", 30.0));
    is(r.zpopmin("all", 2), List.of(new Tuple("dan", 1.0), new Tuple("eve", 2.0)));
    is(r.bzpopmin(1, "none", "all").getValue(), new Tuple("ann", 20.0));
    is(r.zrem("board", "cid", "none"), 1);
    is(r.zremrangeByRank("board", 0, 0), 1);
    is(r.zcard("board"), 2);
  }

  private static void eventStream(JedisPooled r) {
    StreamEntryID first = new StreamEntryID(1, 1);
    is(r.xadd("events", XAddParams.xAddParams().id(first), Map.of("kind", "login")), first);
    for (int n = 2; n <= 6; n++) r.xadd("events", new StreamEntryID(n, 1), Map.of("n", String.valueOf(n)));
    is(r.xlen("events"), 6);
    is(r.xrange("events", "-", "+", 1).get(0).getFields(), Map.of("kind", "login"));
    is(r.xrevrange("events", "+", "-", 1).get(0).getID(), new StreamEntryID(6, 1));
    is(r.xgroupCreate("events", "workers", new StreamEntryID(0, 0), false), "OK");
    refused("BUSYGROUP", () -> r.xgroupCreate("events", "workers", new StreamEntryID(0, 0), false));
    var read = r.xreadGroup("workers", "w1", XReadGroupParams.xReadGroupParams().count(4),
        Map.of("events", StreamEntryID.XREADGROUP_UNDELIVERED_ENTRY));
    is(read.get(0).getKey(), "events");
    is(read.get(0).getValue().size(), 4);
    is(read.get(0).getValue().get(0).getFields(), Map.of("kind", "login"));
    is(r.xack("events", "workers", first, new StreamEntryID(2, 1)), 2);
    var pending = r.xpending("events", "workers");
    is(pending.getTotal(), 2);
    is(pending.getConsumerMessageCount(), Map.of("w1", 2L));
    is(r.xpending("events", "workers", XPendingParams.xPendingParams(StreamEntryID.MINIMUM_ID, StreamEntryID.MAXIMUM_ID, 9))
        .get(1).getID(), new StreamEntryID(4, 1));
    var claimed = r.xautoclaim("events", "workers", "w2", 0, new StreamEntryID(0, 0), XAutoClaimParams.xAutoClaimParams().count(1));
    is(claimed.getKey(), new StreamEntryID(4, 1));
    is(claimed.getValue().get(0).getID(), new StreamEntryID(3, 1));
    is(r.xinfoStream("events").getLength(), 6);
    var group = r.xinfoGroups("events").get(0);
    is(List.of(group.getName(), group.getConsumers(), group.getPending()), List.of("workers", 2L, 2L));
    is(r.xinfoConsumers2("events", "workers").size(), 2);
    is(r.xinfoStreamFull("events").getEntries().size(), 6);
    var waited = r.xread(XReadParams.xReadParams().block(1000), Map.of("events", new StreamEntryID(5, 1)));
    is(waited.get(0).getValue().get(0).getID(), new StreamEntryID(6, 1));
    is(r.xread(XReadParams.xReadParams().block(20), Map.of("events", StreamEntryID.XREAD_NEW_ENTRY)), null);
    is(r.xtrim("events", 3, false), 3);
    is(r.xdel("events", new StreamEntryID(6, 1)), 1);
    is(r.xgroupDestroy("events", "workers"), 1);
  }

  private static void publishSubscribe(JedisPooled r) throws Exception {
    var messages = new LinkedBlockingQueue<String>();
    var subscriber = new JedisPubSub() {
      @Override
      public void onMessage(String channel, String message) {
        messages.add(channel + ": " + message);
      }

      @Override
      public void onPMessage(String pattern, String channel, String message) {
        messages.add(pattern + " " + channel + ": " + message);
      }

      @Override
      public void onSubscribe(String channel, int count) {
        messages.add("subscribed " + channel + " " + count);
      }

      @Override
      public void onPSubscribe(String pattern, int count) {
        messages.add("subscribed " + pattern + " " + count);
      }
    };
    var running = CompletableFuture.runAsync(() -> {
      try (Jedis jedis = new Jedis(address, config)) {
        jedis.subscribe(subscriber, "news");
      }
    });
    is(messages.poll(10, TimeUnit.SECONDS), "subscribed news 1");
    subscriber.psubscribe("news:*");
    is(messages.poll(10, TimeUnit.SECONDS), "subscribed news:* 2");
    is(r.publish("news", "hello"), 1);
    is(r.publish("news:sport", "goal"), 1);
    is(messages.poll(10, TimeUnit.SECONDS), "news: hello");
    is(messages.poll(10, TimeUnit.SECONDS), "news:* news:sport: goal");
    try (Jedis jedis = new Jedis(address, config)) {
      is(jedis.pubsubChannels("news*"), List.of("news"));
      is(jedis.pubsubNumSub("news", "none"), Map.of("news", 1L, "none", 0L));
    }
    subscriber.unsubscribe();
    subscriber.punsubscribe();
    running.get(10, TimeUnit.SECONDS);
  }

  private static void pipelines(JedisPooled r) {
    try (AbstractPipeline pipe = r.pipelined()) {
      Response<Long> last = null;
      for (int n = 0; n < 2000; n++) {
        pipe.set("p:" + n, String.valueOf(n));
        last = pipe.incr("piped");
      }
      pipe.sync();
      is(last.get(), 2000);
    }
  }

  private static void transactions(JedisPooled r) {
    try (AbstractTransaction transaction = r.multi()) {
      transaction.set("t", "1");
      Response<Long> sum = transaction.incr("t");
      is(transaction.exec(), List.of("OK", 2L));
      is(sum.get(), 2);
    }
    try (AbstractTransaction transaction = r.multi()) {
      Response<Long> wrong = transaction.lpush("t", "x");
      transaction.incr("t");
      is(transaction.exec().get(1), 3);
      refused("WRONGTYPE", wrong::get);
    }

    // Optimistic: the first try loses against another client, the second one wins.
    List<String> tries = new ArrayList<>();
    List<Object> replies = null;
    while (replies == null) {
      try (AbstractTransaction transaction = r.transaction(false)) {
        transaction.watch("t");
        tries.add(r.get("t"));
        if (tries.size() == 1) r.set("t", "10");
        transaction.multi();
        transaction.set("t", tries.get(tries.size() - 1) + "1");
        replies = transaction.exec();
      }
    }
    is(tries, List.of("3", "10"));
    is(r.get("t"), "101");
    try (AbstractTransaction transaction = r.multi()) {
      transaction.incr("t");
      is(transaction.discard(), "OK");
    }
    is(r.get("t"), "101");
  }

  private static void iterators(JedisPooled r) {
    Set<String> keys = new HashSet<>();
    String cursor = ScanParams.SCAN_POINTER_START;
    do {
      ScanResult<String> page = r.scan(cursor, new ScanParams().match("p:*").count(100));
      keys.addAll(page.getResult());
      cursor = page.getCursor();
    } while (!cursor.equals("0"));
    is(keys.size(), 2000);
    Map<String, String> fields = IntStream.range(0, 1000).boxed().collect(Collectors.toMap(n -> "f" + n, String::valueOf));
    is(r.hset("big", fields), 1000);
    Map<String, String> found = new java.util.HashMap<>();
    cursor = ScanParams.SCAN_POINTER_START;
    do {
      var page = r.hscan("big", cursor);
      for (var entry : page.getResult()) found.put(entry.getKey(), entry.getValue());
      cursor = page.getCursor();
    } while (!cursor.equals("0"));
    is(found, fields);
    is(r.zadd("bigboard", IntStream.range(0, 1000).boxed().collect(Collectors.toMap(n -> "m" + n, n -> (double) n))), 1000);
    double sum = 0;
    cursor = ScanParams.SCAN_POINTER_START;
    do {
      var page = r.zscan("bigboard", cursor);
      for (Tuple tuple : page.getResult()) sum += tuple.getScore();
      cursor = page.getCursor();
    } while (!cursor.equals("0"));
    is(sum, 499500.0);
    is(r.rpush("numbers", "3", "10", "2"), 3);
    is(r.sort("numbers", new SortingParams().desc().limit(0, 2)), List.of("10", "3"));
  }

  private static void geoBitsCounts(JedisPooled r) {
    is(r.geoadd("cities", Map.of(
        "Palermo", new GeoCoordinate(13.361389, 38.115556),
        "Catania", new GeoCoordinate(15.087269, 37.502669))), 2);
    is(r.geodist("cities", "Palermo", "Catania", GeoUnit.KM), 166.2742);
    var found = r.geosearch("cities", new GeoCoordinate(15, 37), 200, GeoUnit.KM);
    is(found.stream().map(one -> one.getMemberByString()).collect(Collectors.toSet()), Set.of("Catania", "Palermo"));
    is(r.geohash("cities", "Palermo", "Catania"), List.of("sqc8b49rny0", "sqdtr74hyu0"));
    is(Math.round(r.geopos("cities", "Catania").get(0).getLongitude() * 1000), 15087);

    is(r.setbit("days", 3, true), false);
    is(r.setbit("days", 9, true), false);
    is(r.getbit("days", 9), true);
    is(r.bitcount("days"), 2);
    is(r.bitcount("days", 0, 0), 1);
    is(r.bitpos("days", true), 3);
    is(r.bitop(BitOP.NOT, "nights", "days"), 2);
    is(r.bitcount("nights"), 14);
    is(r.bitfield("counters", "INCRBY", "u8", "0", "200", "OVERFLOW", "SAT", "INCRBY", "u8", "0", "100"), List.of(200L, 255L));

    is(r.pfadd("visitors", IntStream.range(0, 1000).mapToObj(n -> "v" + n).toArray(String[]::new)), 1);
    long count = r.pfcount("visitors");
    is(count > 950 && count < 1050, true);
    is(r.pfmerge("visitors:all", "visitors"), "OK");
    is(r.pfcount("visitors:all"), count);
  }

  private static void functions(JedisPooled r, String source) {
    is(r.functionLoadReplace(source), "shop");
    is(r.set("product:7", "5"), "OK");
    is(r.fcall("shop_order", List.of("product:7"), List.of("3")), 2L);
    refused("sold out", () -> r.fcall("shop_order", List.of("product:7"), List.of("3")));
    is(r.get("product:7"), "2");
    Object stock = r.fcallReadonly("shop_stock", List.of("product:7"), List.of());
    is(String.valueOf(stock).contains("product:7*3"), true);
    var libraries = r.functionList("shop");
    is(libraries.size(), 1);
    is(libraries.get(0).getFunctions().size(), 2);
    is(r.functionStats().getEngines().containsKey("TS"), true);
    is(r.functionFlush(FlushMode.SYNC), "OK");
  }

  private static void errorsAndReconnects(JedisPooled r) {
    refused("WRONGTYPE", () -> r.hget("product:7", "f"));
    refused("ERR value is not an integer or out of range", () -> r.incr("page:1"));
    refused("ERR unknown command 'NOSUCH'", () -> r.sendCommand(() -> "NOSUCH".getBytes(), "a"));
    DefaultJedisClientConfig second = DefaultJedisClientConfig.builder().protocol(config.getRedisProtocol()).database(3).build();
    try (JedisPooled other = new JedisPooled(address, second)) {
      is(other.set("only-here", "1"), "OK");
      is(other.dbSize(), 1);
    }
    is(r.exists("only-here"), false);
    try (Jedis victim = new Jedis(address, configuration("victim"))) {
      long id = victim.clientId();
      try (Jedis killer = new Jedis(address, config)) {
        is(killer.clientKill(new redis.clients.jedis.params.ClientKillParams().id(String.valueOf(id))), 1);
      }
      boolean isGone = false;
      try {
        victim.get("page:1");
      } catch (redis.clients.jedis.exceptions.JedisConnectionException gone) {
        isGone = true;
      }
      is(isGone, true);
    }
    is(r.get("page:1"), "new");
  }
}
