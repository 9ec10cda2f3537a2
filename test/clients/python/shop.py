"""A job queue, a leaderboard and a cache on redis-py. Every reply is asserted.

    shop.py HOST PORT PROTOCOL PROCEDURES [CERTIFICATE_AUTHORITY]

With a certificate authority the connections are TLS. Ends with the line `ok`, or with a traceback.
"""

import sys
import threading
import time

import redis

HOST, PORT, PROTOCOL, PROCEDURES = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
AUTHORITY = sys.argv[5] if len(sys.argv) > 5 else None


def connect(**options):
    if AUTHORITY:
        options |= {"ssl": True, "ssl_ca_certs": AUTHORITY, "ssl_check_hostname": False}
    return redis.Redis(host=HOST, port=PORT, protocol=PROTOCOL, decode_responses=True, **options)


def equal(received, expected):
    if received != expected:
        raise AssertionError(f"expected {expected!r}, received {received!r}")


def refused(text, call, kind=redis.ResponseError):
    try:
        reply = call()
    except kind as error:
        if text not in str(error):
            raise AssertionError(f"expected an error with {text!r}, received {error!r}") from error
        return
    raise AssertionError(f"expected an error with {text!r}, received {reply!r}")


def connection(r):
    equal(r.ping(), True)
    equal(r.echo("hällo"), "hällo")
    named = connect(client_name="python")
    equal(named.client_getname(), "python")
    equal(named.client_info()["name"], "python")
    equal(named.client_info()["resp"], str(PROTOCOL))
    equal(named.client_info()["lib-name"].startswith("redis-py"), True)
    equal([c["name"] for c in r.client_list(client_id=[named.client_id()])], ["python"])
    named.close()
    equal(r.config_get("maxmemory-policy"), {"maxmemory-policy": "noeviction"})
    equal(r.config_set("slowlog-max-len", 64), True)
    equal(r.config_get("slowlog-max-len"), {"slowlog-max-len": "64"})
    equal("redis_version" in r.info("server"), True)
    equal(r.command_count() > 200, True)
    equal(r.command_getkeys("MSET", "a", "1", "b", "2"), ["a", "b"])


def strings(r):
    equal(r.set("page:1", "<html>", ex=100), True)
    equal(r.get("page:1"), "<html>")
    equal(98 <= r.ttl("page:1") <= 100, True)
    equal(r.set("page:1", "other", nx=True), None)
    equal(r.set("page:1", "new", xx=True, keepttl=True, get=True), "<html>")
    equal(r.getex("page:1", persist=True), "new")
    equal(r.ttl("page:1"), -1)
    equal(r.ttl("page:none"), -2)
    equal(r.mset({"a": "1", "b": "2"}), True)
    equal(r.mget("a", "none", "b"), ["1", None, "2"])
    equal(r.msetnx({"b": "3", "c": "4"}), False)
    equal(r.incr("hits"), 1)
    equal(r.incrby("hits", 41), 42)
    equal(r.decr("hits"), 41)
    equal(r.incrbyfloat("price", 2.5), 2.5)
    equal(r.append("log", "hello"), 5)
    equal(r.setrange("log", 4, "p!"), 6)
    equal(r.getrange("log", -3, -1), "lp!")
    equal(r.strlen("log"), 6)
    equal(r.getdel("log"), "hellp!")
    equal(r.exists("log", "a", "a"), 2)
    equal(r.type("a"), "string")
    equal(r.expire("a", 100, nx=True), True)
    equal(r.expireat("a", int(time.time()) + 50, gt=True), False)
    equal(r.persist("a"), True)
    equal(r.rename("b", "bb"), True)
    equal(r.copy("bb", "b"), True)
    equal(r.delete("b", "bb", "none"), 2)
    equal(r.unlink("a"), 1)
    equal(r.lcs("page:1", "page:1"), "new")
    binary = connect(encoding_errors="strict")
    binary.connection_pool.connection_kwargs["decode_responses"] = False
    equal(binary.set(b"\x00\xff", bytes(range(256))), True)
    equal(binary.get(b"\x00\xff"), bytes(range(256)))
    equal(binary.delete(b"\x00\xff"), 1)
    binary.close()


def hashes(r):
    equal(r.hset("user:1", mapping={"name": "Ada", "visits": 3}), 2)
    equal(r.hgetall("user:1"), {"name": "Ada", "visits": "3"})
    equal(r.hgetall("user:none"), {})
    equal(r.hincrby("user:1", "visits", 4), 7)
    equal(r.hincrbyfloat("user:1", "score", 1.5), 1.5)
    equal(r.hmget("user:1", "name", "none"), ["Ada", None])
    equal(r.hsetnx("user:1", "name", "Bob"), 0)
    equal(sorted(r.hkeys("user:1")), ["name", "score", "visits"])
    equal(sorted(r.hvals("user:1")), ["1.5", "7", "Ada"])
    equal(r.hexists("user:1", "name"), True)
    equal(r.hstrlen("user:1", "name"), 3)
    equal(sorted(r.hrandfield("user:1", 5)), ["name", "score", "visits"])
    equal(r.hdel("user:1", "visits", "score", "none"), 2)
    equal(r.hlen("user:1"), 1)


def job_queue(r):
    equal(r.rpush("jobs", "j1", "j2", "j3"), 3)
    equal(r.lpush("jobs", "urgent"), 4)
    equal(r.lrange("jobs", 0, -1), ["urgent", "j1", "j2", "j3"])
    equal(r.lmove("jobs", "running", "LEFT", "RIGHT"), "urgent")
    equal(r.blmove("jobs", "running", 1, "LEFT", "RIGHT"), "j1")
    equal(r.lrange("running", 0, -1), ["urgent", "j1"])
    equal(r.lrem("running", 1, "j1"), 1)
    equal(r.lpos("jobs", "j3"), 1)
    equal(r.linsert("jobs", "BEFORE", "j3", "j2.5"), 3)
    equal(r.lset("jobs", 0, "J2"), True)
    equal(r.lindex("jobs", 0), "J2")
    equal(r.ltrim("jobs", 0, 0), True)
    equal(r.llen("jobs"), 1)
    equal(r.rpop("jobs"), "J2")
    equal(r.blpop(["none", "jobs"], timeout=0.05), None)
    equal(r.lmpop(1, "jobs", direction="LEFT"), None)

    # Workers that wait are served in the order in which they came.
    done = []
    first = connect()

    def work(worker):
        equal(list(worker.blpop(["other", "jobs"], timeout=10)), ["jobs", "woken"])
        done.append(worker)

    thread = threading.Thread(target=work, args=(first,))
    thread.start()
    while r.info("clients")["blocked_clients"] == 0:
        time.sleep(0.005)
    equal(r.rpush("jobs", "woken"), 1)
    thread.join(10)
    equal(done, [first])
    equal(r.exists("jobs"), 0)
    first.close()


def sets(r):
    equal(r.sadd("tags:1", "red", "blue", "green"), 3)
    equal(r.sadd("tags:2", "blue", "green", "black"), 3)
    equal(r.smembers("tags:1"), {"red", "blue", "green"})
    equal(r.sinter("tags:1", "tags:2"), {"blue", "green"})
    equal(r.sunion("tags:1", "tags:2"), {"red", "blue", "green", "black"})
    equal(r.sdiff("tags:1", "tags:2"), {"red"})
    equal(r.sintercard(2, ["tags:1", "tags:2"], limit=1), 1)
    equal(r.sismember("tags:1", "red"), 1)
    equal(r.smismember("tags:1", "red", "none"), [1, 0])
    equal(r.smove("tags:1", "tags:2", "red"), True)
    equal(r.sinterstore("tags:3", "tags:1", "tags:2"), 2)
    equal(r.scard("tags:3"), 2)
    equal(r.srem("tags:3", "blue", "none"), 1)
    equal(r.spop("tags:3"), "green")
    equal(r.srandmember("tags:none"), None)


def leaderboard(r):
    equal(r.zadd("board", {"ann": 10, "bob": 20.5, "cid": 30}), 3)
    equal(r.zadd("board", {"ann": 5, "dan": 1}, gt=True), 1)
    equal(r.zadd("board", {"ann": 15}, ch=True, xx=True), 1)
    equal(r.zincrby("board", 5, "ann"), 20.0)
    pair = tuple if PROTOCOL == 2 else list
    equal(r.zrange("board", 0, -1, withscores=True), [pair(p) for p in [("dan", 1.0), ("ann", 20.0), ("bob", 20.5), ("cid", 30.0)]])
    equal(r.zrange("board", 0, 1, desc=True), ["cid", "bob"])
    equal(r.zrange("board", "(20", "+inf", byscore=True, offset=0, num=1), ["bob"])
    equal(r.zrank("board", "ann"), 1)
    equal(r.zrevrank("board", "ann"), 2)
    equal(r.zrank("board", "ann", withscore=True), [1, 20.0])
    equal(r.zscore("board", "bob"), 20.5)
    equal(r.zmscore("board", ["bob", "none"]), [20.5, None])
    equal(r.zcount("board", 20, "+inf"), 3)
    equal(r.zadd("other", {"ann": 1, "eve": 2}), 2)
    equal(r.zunionstore("all", ["board", "other"], aggregate="MAX"), 5)
    equal(r.zinter(["board", "other"]), ["ann"])
    equal(r.zdiff(["other", "board"]), ["eve"])
    equal(r.zpopmax("all"), [pair(("cid", 30.0))] if PROTOCOL == 2 else ["cid", 30.0])
    equal(r.zpopmin("all", 2), [pair(p) for p in [("dan", 1.0), ("eve", 2.0)]])
    popped = r.bzpopmin(["none", "all"], timeout=1)
    equal(list(popped), ["all", "ann", 20.0])
    equal(r.zrangestore("top", "board", 0, 0, desc=True), 1)
    equal(r.zrem("top", "cid"), 1)
    equal(r.zremrangebyrank("board", 0, 0), 1)
    equal(r.zlexcount("board", "-", "+"), 3)
    equal(r.zcard("board"), 3)


def streams(r):
    first = r.xadd("events", {"kind": "login", "user": "ann"}, id="1-1")
    equal(first, "1-1")
    for index in range(2, 7):
        r.xadd("events", {"n": index}, id=f"{index}-1")
    equal(r.xlen("events"), 6)
    equal(r.xrange("events", "-", "+", count=1), [("1-1", {"kind": "login", "user": "ann"})])
    equal([entry[0] for entry in r.xrevrange("events", count=2)], ["6-1", "5-1"])
    equal(r.xgroup_create("events", "workers", id="0"), True)
    refused("BUSYGROUP", lambda: r.xgroup_create("events", "workers", id="0"))

    def entries(reply):
        """[[stream, entries]] or {stream: [entries]}, as the protocol has it."""
        if isinstance(reply, dict):
            ((stream, batches),) = reply.items()
            return stream, [e for batch in batches for e in (batch if isinstance(batch, list) else [batch])]
        ((stream, batch),) = reply
        return stream, batch

    stream, batch = entries(r.xreadgroup("workers", "w1", {"events": ">"}, count=4))
    equal(stream, "events")
    equal([(e[0], e[1]) for e in batch][:2], [("1-1", {"kind": "login", "user": "ann"}), ("2-1", {"n": "2"})])
    equal(r.xack("events", "workers", "1-1", "2-1"), 2)
    pending = r.xpending("events", "workers")
    equal((pending["pending"], pending["min"], pending["max"]), (2, "3-1", "4-1"))
    equal(pending["consumers"], [{"name": "w1", "pending": 2}])
    equal([p["message_id"] for p in r.xpending_range("events", "workers", "-", "+", 10)], ["3-1", "4-1"])
    claimed = r.xautoclaim("events", "workers", "w2", 0, count=1)
    equal([claimed[0], [e[0] for e in claimed[1]], claimed[2]], ["4-1", ["3-1"], []])
    equal([e[0] for e in r.xclaim("events", "workers", "w2", 0, ["4-1"])], ["4-1"])
    equal(r.xinfo_stream("events")["length"], 6)
    groups = r.xinfo_groups("events")
    equal([(g["name"], g["consumers"], g["pending"], g["lag"]) for g in groups], [("workers", 2, 2, 2)])
    equal(sorted(c["name"] for c in r.xinfo_consumers("events", "workers")), ["w1", "w2"])
    stream, batch = entries(r.xread({"events": "5-1"}, block=1000))
    equal((stream, batch[0][0]), ("events", "6-1"))
    equal(not r.xread({"events": "$"}, block=20), True)
    equal(r.xtrim("events", maxlen=3, approximate=False), 3)
    equal(r.xdel("events", "6-1"), 1)
    equal(r.xgroup_destroy("events", "workers"), True)


def publish_subscribe(r):
    subscriber = connect().pubsub()
    subscriber.subscribe("news")
    subscriber.psubscribe("news:*")

    def next_message():
        end = time.time() + 10
        while time.time() < end:
            message = subscriber.get_message(timeout=1)
            if message:
                return message
        raise AssertionError("no message")

    equal([next_message()["type"] for _ in range(2)], ["subscribe", "psubscribe"])
    equal(r.pubsub_channels("news*"), ["news"])
    equal(r.pubsub_numsub("news", "none"), [("news", 1), ("none", 0)])
    equal(r.pubsub_numpat(), 1)
    equal(r.publish("news", "hello"), 1)
    equal(r.publish("news:sport", "goal"), 1)
    equal(next_message(), {"type": "message", "pattern": None, "channel": "news", "data": "hello"})
    equal(next_message(), {"type": "pmessage", "pattern": "news:*", "channel": "news:sport", "data": "goal"})
    subscriber.unsubscribe("news")
    equal(next_message()["type"], "unsubscribe")
    subscriber.close()


def pipelines_and_transactions(r):
    with r.pipeline(transaction=False) as pipe:
        for index in range(2000):
            pipe.set(f"p:{index}", index).incr("piped")
        replies = pipe.execute()
    equal(len(replies), 4000)
    equal((replies[0], replies[-1]), (True, 2000))
    with r.pipeline() as pipe:
        equal(pipe.set("t", 1).incr("t").lpush("t", "x").get("t").execute(raise_on_error=False)[:2], [True, 2])
    with r.pipeline() as pipe:
        pipe.set("t", 1).lpush("t", "x")
        refused("WRONGTYPE", pipe.execute)

    # Optimistic: the first try loses against another client, the second one wins.
    tries = []

    def transfer(pipe):
        tries.append(int(pipe.get("t")))
        if len(tries) == 1:
            r.set("t", 10)
        pipe.multi()
        pipe.set("t", tries[-1] + 1)

    equal(r.transaction(transfer, "t"), [True])
    equal((tries, r.get("t")), ([1, 10], "11"))
    with r.pipeline() as pipe:
        pipe.watch("t")
        r.incr("t")
        pipe.multi()
        pipe.incr("t")
        refused("Watched variable changed", pipe.execute, redis.WatchError)


def iterators(r):
    equal(set(r.scan_iter("p:1*", count=100)), {f"p:{i}" for i in range(2000) if str(i).startswith("1")})
    equal(set(r.scan_iter(_type="hash")), {"user:1"})
    r.hset("big", mapping={f"f{i}": i for i in range(1000)})
    equal(sum(int(v) for _, v in r.hscan_iter("big")), 999 * 500)
    r.sadd("bigset", *range(1000))
    equal(len(set(r.sscan_iter("bigset", match="*9"))), 100)
    r.zadd("bigboard", {f"m{i}": i for i in range(1000)})
    equal(sum(score for _, score in r.zscan_iter("bigboard")), 999 * 500)
    equal(r.sort("bigset", start=0, num=3, desc=True), ["999", "998", "997"])


def geo_bits_counts(r):
    equal(r.geoadd("cities", [13.361389, 38.115556, "Palermo", 15.087269, 37.502669, "Catania"]), 2)
    equal(round(r.geodist("cities", "Palermo", "Catania", unit="km"), 4), 166.2742)
    equal(r.geosearch("cities", longitude=15, latitude=37, radius=200, unit="km", sort="ASC"), ["Catania", "Palermo"])
    found = r.geosearch("cities", member="Palermo", width=400, height=400, unit="km", withdist=True, sort="DESC", count=1)
    equal(list(found[0]), ["Catania", 166.2742])
    equal(r.geohash("cities", "Palermo", "Catania"), ["sqc8b49rny0", "sqdtr74hyu0"])
    equal([round(c, 3) for c in r.geopos("cities", "Catania")[0]], [15.087, 37.503])
    equal(r.geosearchstore("near", "cities", longitude=15, latitude=37, radius=100, unit="km"), 1)

    equal(r.setbit("days", 3, 1), 0)
    equal(r.setbit("days", 9, 1), 0)
    equal((r.getbit("days", 3), r.getbit("days", 4)), (1, 0))
    equal(r.bitcount("days"), 2)
    equal(r.bitcount("days", 0, 0), 1)
    equal(r.bitpos("days", 1), 3)
    equal(r.set("more", "\x10"), True)
    equal(r.bitop("OR", "both", "days", "more"), 2)
    equal(r.bitfield("counters").incrby("u8", 0, 200).overflow("SAT").incrby("u8", 0, 100).get("u8", 0).execute(), [200, 255, 255])

    equal(r.pfadd("visitors", *[f"v{i}" for i in range(1000)]), 1)
    equal(950 < r.pfcount("visitors") < 1050, True)
    equal(r.pfadd("visitors:2", "v1", "new"), 1)
    equal(r.pfmerge("visitors:all", "visitors", "visitors:2"), True)
    equal(950 < r.pfcount("visitors:all") < 1050, True)


def procedures(r):
    with open(PROCEDURES, encoding="utf-8") as file:
        equal(r.function_load(file.read(), replace=True), "shop")
    r.set("product:7", 5)
    equal(r.fcall("shop_order", 1, "product:7", 3), 2)
    refused("sold out", lambda: r.fcall("shop_order", 1, "product:7", 3))
    equal(r.get("product:7"), "2")
    stock = r.fcall_ro("shop_stock", 1, "product:7")
    expected = ["product", "product:7", "left", 2, "orders", ["product:7*3"]]
    equal(stock, expected if PROTOCOL == 2 else dict(zip(expected[::2], expected[1::2])))
    refused("must be number", lambda: r.fcall("shop_order", 1, "product:7", "many"))
    equal(len(r.function_list("shop")), 1)


def errors_and_reconnects(r):
    refused("WRONGTYPE", lambda: r.hget("product:7", "f"))
    refused("value is not an integer or out of range", lambda: r.incr("page:1"))
    refused("unknown command", lambda: r.execute_command("NOSUCH", "a"))
    refused("wrong number of arguments", lambda: r.execute_command("GET"))
    victim = connect(retry_on_error=[redis.ConnectionError])
    number = victim.client_id()
    equal(r.client_kill_filter(_id=number), 1)
    equal(victim.get("page:1"), "new")
    equal(victim.client_id() != number, True)
    victim.close()
    second = connect(db=3)
    equal(second.set("only-here", 1), True)
    equal((second.dbsize(), r.exists("only-here")), (1, 0))
    second.close()


r = connect()
equal(r.flushall(), True)
for step in [connection, strings, hashes, job_queue, sets, leaderboard, streams, publish_subscribe,
             pipelines_and_transactions, iterators, geo_bits_counts, procedures, errors_and_reconnects]:
    step(r)
r.close()
print("ok")
