// A job queue, a leaderboard and a cache on go-redis. Every reply is asserted.
//
//	shop HOST:PORT PROTOCOL PROCEDURES
//
// Ends with the line `ok`, or with the place of the first reply that differs.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"reflect"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
)

var (
	ctx        = context.Background()
	address    = os.Args[1]
	protocol   = 2
	procedures = os.Args[3]
)

func connect(name string) *redis.Client {
	return redis.NewClient(&redis.Options{Addr: address, Protocol: protocol, ClientName: name, MaxRetries: 3})
}

// The caller's line, and the end.
func fail(text string, values ...any) {
	_, _, line, _ := runtime.Caller(2)
	fmt.Printf("main.go:%d: %s\n", line, fmt.Sprintf(text, values...))
	os.Exit(1)
}

// Ends the program unless the command replied `expected` without an error.
func equal[T any](expected T) func(T, error) {
	return func(received T, err error) {
		if err != nil {
			fail("expected %#v, received error %v", expected, err)
		}
		if !reflect.DeepEqual(received, expected) {
			fail("expected %#v, received %#v", expected, received)
		}
	}
}

func is[T any](received, expected T) {
	if !reflect.DeepEqual(received, expected) {
		fail("expected %#v, received %#v", expected, received)
	}
}

// The value of a command that must not fail.
func must[T any](value T, err error) T {
	if err != nil {
		fail("received error %v", err)
	}
	return value
}

func refused(err error, text string) {
	if err == nil || !strings.Contains(err.Error(), text) {
		fail("expected an error with %q, received %v", text, err)
	}
}

func isNil(err error) {
	if !errors.Is(err, redis.Nil) {
		fail("expected nil, received %v", err)
	}
}

func sorted(list []string) []string {
	slices.Sort(list)
	return list
}

func main() {
	protocol = must(strconv.Atoi(os.Args[2]))
	r := connect("go")
	equal("OK")(r.FlushAll(ctx).Result())
	for _, step := range []func(*redis.Client){
		connection, cache, hashes, jobQueue, sets, leaderboard, eventStream, publishSubscribe,
		pipelines, transactions, iterators, geoBitsCounts, functions, errorsAndReconnects,
	} {
		step(r)
	}
	fmt.Println("ok")
}

func connection(r *redis.Client) {
	equal("PONG")(r.Ping(ctx).Result())
	equal[any]("hällo")(r.Echo(ctx, "hällo").Result())
	equal("go")(r.ClientGetName(ctx).Result())
	info := must(r.ClientInfo(ctx).Result())
	is(info.Resp, protocol)
	is(strings.HasPrefix(info.LibName, "go-redis"), true)
	equal(map[string]string{"maxmemory-policy": "noeviction"})(r.ConfigGet(ctx, "maxmemory-policy").Result())
	commands := must(r.Command(ctx).Result())
	is(commands["get"].ReadOnly, true)
	is(commands["mset"].StepCount, int8(2))
	is(strings.Contains(must(r.Info(ctx, "server").Result()), "redis_version"), true)
}

func cache(r *redis.Client) {
	equal("OK")(r.Set(ctx, "page:1", "<html>", 100*time.Second).Result())
	equal("<html>")(r.Get(ctx, "page:1").Result())
	equal(false)(r.SetNX(ctx, "page:1", "other", 0).Result())
	is(must(r.TTL(ctx, "page:1").Result()) > 98*time.Second, true)
	equal(time.Duration(-2))(r.TTL(ctx, "page:none").Result())
	equal("<html>")(r.SetArgs(ctx, "page:1", "new", redis.SetArgs{Mode: "XX", Get: true, KeepTTL: true}).Result())
	equal("new")(r.GetEx(ctx, "page:1", 0).Result())
	equal(time.Duration(-1))(r.TTL(ctx, "page:1").Result())
	isNil(r.Get(ctx, "page:none").Err())
	equal("OK")(r.MSet(ctx, "a", 1, "b", 2).Result())
	equal([]any{"1", nil, "2"})(r.MGet(ctx, "a", "none", "b").Result())
	equal(false)(r.MSetNX(ctx, "b", 3, "c", 4).Result())
	equal(int64(42))(r.IncrBy(ctx, "hits", 42).Result())
	equal(int64(41))(r.Decr(ctx, "hits").Result())
	equal(2.5)(r.IncrByFloat(ctx, "price", 2.5).Result())
	equal(int64(5))(r.Append(ctx, "log", "hello").Result())
	equal(int64(6))(r.SetRange(ctx, "log", 4, "p!").Result())
	equal("lp!")(r.GetRange(ctx, "log", -3, -1).Result())
	equal("hellp!")(r.GetDel(ctx, "log").Result())
	equal(int64(2))(r.Exists(ctx, "a", "a", "none").Result())
	equal("string")(r.Type(ctx, "a").Result())
	equal(true)(r.ExpireNX(ctx, "a", 100*time.Second).Result())
	equal(false)(r.ExpireGT(ctx, "a", 50*time.Second).Result())
	equal(true)(r.Persist(ctx, "a").Result())
	equal("OK")(r.Rename(ctx, "b", "bb").Result())
	equal(int64(1))(r.Copy(ctx, "bb", "b", 0, false).Result())
	equal(int64(3))(r.Unlink(ctx, "a", "b", "bb", "none").Result())
	bytes := string([]byte{0, 255, 13, 10, 36})
	equal("OK")(r.Set(ctx, bytes, bytes, 0).Result())
	equal(bytes)(r.Get(ctx, bytes).Result())
	equal(int64(1))(r.Del(ctx, bytes).Result())
}

func hashes(r *redis.Client) {
	equal(int64(2))(r.HSet(ctx, "user:1", "name", "Ada", "visits", 3).Result())
	equal(map[string]string{"name": "Ada", "visits": "3"})(r.HGetAll(ctx, "user:1").Result())
	equal(map[string]string{})(r.HGetAll(ctx, "user:none").Result())
	var user struct {
		Name   string `redis:"name"`
		Visits int    `redis:"visits"`
	}
	if err := r.HGetAll(ctx, "user:1").Scan(&user); err != nil {
		fail("%v", err)
	}
	is(user.Visits, 3)
	equal(int64(7))(r.HIncrBy(ctx, "user:1", "visits", 4).Result())
	equal(1.5)(r.HIncrByFloat(ctx, "user:1", "score", 1.5).Result())
	equal([]any{"Ada", nil})(r.HMGet(ctx, "user:1", "name", "none").Result())
	equal(false)(r.HSetNX(ctx, "user:1", "name", "Bob").Result())
	is(sorted(must(r.HKeys(ctx, "user:1").Result())), []string{"name", "score", "visits"})
	is(sorted(must(r.HVals(ctx, "user:1").Result())), []string{"1.5", "7", "Ada"})
	is(len(must(r.HRandFieldWithValues(ctx, "user:1", 5).Result())), 3)
	equal(true)(r.HExists(ctx, "user:1", "name").Result())
	equal(int64(2))(r.HDel(ctx, "user:1", "visits", "score", "none").Result())
	equal(int64(1))(r.HLen(ctx, "user:1").Result())
}

func jobQueue(r *redis.Client) {
	equal(int64(3))(r.RPush(ctx, "jobs", "j1", "j2", "j3").Result())
	equal(int64(4))(r.LPush(ctx, "jobs", "urgent").Result())
	equal([]string{"urgent", "j1", "j2", "j3"})(r.LRange(ctx, "jobs", 0, -1).Result())
	equal("urgent")(r.LMove(ctx, "jobs", "running", "LEFT", "RIGHT").Result())
	equal("j1")(r.BLMove(ctx, "jobs", "running", "LEFT", "RIGHT", time.Second).Result())
	equal(int64(1))(r.LRem(ctx, "running", 1, "j1").Result())
	equal(int64(1))(r.LPos(ctx, "jobs", "j3", redis.LPosArgs{}).Result())
	equal(int64(3))(r.LInsertBefore(ctx, "jobs", "j3", "j2.5").Result())
	equal("OK")(r.LSet(ctx, "jobs", 0, "J2").Result())
	equal("J2")(r.LIndex(ctx, "jobs", 0).Result())
	equal("OK")(r.LTrim(ctx, "jobs", 0, 0).Result())
	equal(int64(1))(r.LLen(ctx, "jobs").Result())
	key, values, err := r.LMPop(ctx, "left", 2, "none", "jobs").Result()
	is(err, nil)
	is(key, "jobs")
	is(values, []string{"J2"})
	isNil(r.BLPop(ctx, time.Second, "none", "jobs").Err())

	// A worker that waits is served by the next push.
	worker := make(chan []string)
	go func() { worker <- must(r.BLPop(ctx, 10*time.Second, "other", "jobs").Result()) }()
	for !strings.Contains(must(r.Info(ctx, "clients").Result()), "blocked_clients:1") {
		time.Sleep(5 * time.Millisecond)
	}
	equal(int64(1))(r.RPush(ctx, "jobs", "woken").Result())
	is(<-worker, []string{"jobs", "woken"})
	equal(int64(0))(r.Exists(ctx, "jobs").Result())
}

func sets(r *redis.Client) {
	equal(int64(3))(r.SAdd(ctx, "tags:1", "red", "blue", "green").Result())
	equal(int64(3))(r.SAdd(ctx, "tags:2", "blue", "green", "black").Result())
	is(sorted(must(r.SMembers(ctx, "tags:1").Result())), []string{"blue", "green", "red"})
	is(sorted(must(r.SInter(ctx, "tags:1", "tags:2").Result())), []string{"blue", "green"})
	is(sorted(must(r.SUnion(ctx, "tags:1", "tags:2").Result())), []string{"black", "blue", "green", "red"})
	equal([]string{"red"})(r.SDiff(ctx, "tags:1", "tags:2").Result())
	equal(int64(1))(r.SInterCard(ctx, 1, "tags:1", "tags:2").Result())
	equal(true)(r.SIsMember(ctx, "tags:1", "red").Result())
	equal([]bool{true, false})(r.SMIsMember(ctx, "tags:1", "red", "none").Result())
	equal(true)(r.SMove(ctx, "tags:1", "tags:2", "red").Result())
	equal(int64(2))(r.SInterStore(ctx, "tags:3", "tags:1", "tags:2").Result())
	equal(int64(1))(r.SRem(ctx, "tags:3", "blue", "none").Result())
	equal("green")(r.SPop(ctx, "tags:3").Result())
	equal(int64(0))(r.SCard(ctx, "tags:3").Result())
}

func leaderboard(r *redis.Client) {
	z := func(member string, score float64) redis.Z { return redis.Z{Member: member, Score: score} }
	equal(int64(3))(r.ZAdd(ctx, "board", z("ann", 10), z("bob", 20.5), z("cid", 30)).Result())
	equal(int64(1))(r.ZAddGT(ctx, "board", z("ann", 5), z("dan", 1)).Result())
	equal(20.0)(r.ZIncrBy(ctx, "board", 10, "ann").Result())
	equal([]redis.Z{z("dan", 1), z("ann", 20), z("bob", 20.5), z("cid", 30)})(r.ZRangeWithScores(ctx, "board", 0, -1).Result())
	equal([]string{"cid", "bob"})(r.ZRevRange(ctx, "board", 0, 1).Result())
	equal([]string{"bob"})(r.ZRangeByScore(ctx, "board", &redis.ZRangeBy{Min: "(20", Max: "+inf", Count: 1}).Result())
	equal(int64(1))(r.ZRank(ctx, "board", "ann").Result())
	equal(redis.RankScore{Rank: 2, Score: 20})(r.ZRevRankWithScore(ctx, "board", "ann").Result())
	equal([]float64{20.5, 0})(r.ZMScore(ctx, "board", "bob", "none").Result())
	equal(int64(3))(r.ZCount(ctx, "board", "20", "+inf").Result())
	equal(int64(2))(r.ZAdd(ctx, "other", z("ann", 1), z("eve", 2)).Result())
	equal(int64(5))(r.ZUnionStore(ctx, "all", &redis.ZStore{Keys: []string{"board", "other"}, Aggregate: "MAX"}).Result())
	equal([]redis.Z{z("ann", 21)})(r.ZInterWithScores(ctx, &redis.ZStore{Keys: []string{"board", "other"}}).Result())
	equal([]string{"eve"})(r.ZDiff(ctx, "other", "board").Result())
	equal([]redis.Z{z("cid", 30)})(r.ZPopMax(ctx, "all").Result())
	equal([]redis.Z{z("dan", 1), z("eve", 2)})(r.ZPopMin(ctx, "all", 2).Result())
	popped := must(r.BZPopMin(ctx, time.Second, "none", "all").Result())
	is(*popped, redis.ZWithKey{Z: z("ann", 20), Key: "all"})
	equal(int64(1))(r.ZRem(ctx, "board", "cid", "none").Result())
	equal(int64(1))(r.ZRemRangeByRank(ctx, "board", 0, 0).Result())
	equal(int64(2))(r.ZCard(ctx, "board").Result())
}

func eventStream(r *redis.Client) {
	equal("1-1")(r.XAdd(ctx, &redis.XAddArgs{Stream: "events", ID: "1-1", Values: []string{"kind", "login", "user", "ann"}}).Result())
	for n := 2; n <= 6; n++ {
		must(r.XAdd(ctx, &redis.XAddArgs{Stream: "events", ID: fmt.Sprintf("%d-1", n), Values: []any{"n", n}}).Result())
	}
	equal(int64(6))(r.XLen(ctx, "events").Result())
	first := redis.XMessage{ID: "1-1", Values: map[string]any{"kind": "login", "user": "ann"}}
	is(must(r.XRangeN(ctx, "events", "-", "+", 1).Result())[0].Values, first.Values)
	is(must(r.XRevRangeN(ctx, "events", "+", "-", 1).Result())[0].ID, "6-1")
	equal("OK")(r.XGroupCreate(ctx, "events", "workers", "0").Result())
	refused(r.XGroupCreate(ctx, "events", "workers", "0").Err(), "BUSYGROUP")
	read := must(r.XReadGroup(ctx, &redis.XReadGroupArgs{Group: "workers", Consumer: "w1", Streams: []string{"events", ">"}, Count: 4}).Result())
	is(read[0].Stream, "events")
	is(len(read[0].Messages), 4)
	is(read[0].Messages[0].Values, first.Values)
	equal(int64(2))(r.XAck(ctx, "events", "workers", "1-1", "2-1").Result())
	pending := must(r.XPending(ctx, "events", "workers").Result())
	is(*pending, redis.XPending{Count: 2, Lower: "3-1", Higher: "4-1", Consumers: map[string]int64{"w1": 2}})
	listed := must(r.XPendingExt(ctx, &redis.XPendingExtArgs{Stream: "events", Group: "workers", Start: "-", End: "+", Count: 9}).Result())
	is([]string{listed[0].ID, listed[1].ID}, []string{"3-1", "4-1"})
	claimed, next, err := r.XAutoClaim(ctx, &redis.XAutoClaimArgs{Stream: "events", Group: "workers", Consumer: "w2", Start: "0", Count: 1}).Result()
	is(err, nil)
	is([]string{claimed[0].ID, next}, []string{"3-1", "4-1"})
	equal([]string{"4-1"})(r.XClaimJustID(ctx, &redis.XClaimArgs{Stream: "events", Group: "workers", Consumer: "w2", Messages: []string{"4-1"}}).Result())
	stream := must(r.XInfoStream(ctx, "events").Result())
	is(stream.Length, int64(6))
	is(stream.LastEntry.ID, "6-1")
	groups := must(r.XInfoGroups(ctx, "events").Result())
	is([]int64{groups[0].Consumers, groups[0].Pending, groups[0].Lag}, []int64{2, 2, 2})
	is(len(must(r.XInfoConsumers(ctx, "events", "workers").Result())), 2)
	is(len(must(r.XInfoStreamFull(ctx, "events", 2).Result()).Entries), 2)
	waited := must(r.XRead(ctx, &redis.XReadArgs{Streams: []string{"events", "5-1"}, Block: time.Second}).Result())
	is(waited[0].Messages[0].ID, "6-1")
	isNil(r.XRead(ctx, &redis.XReadArgs{Streams: []string{"events", "$"}, Block: 20 * time.Millisecond}).Err())
	equal(int64(3))(r.XTrimMaxLen(ctx, "events", 3).Result())
	equal(int64(1))(r.XDel(ctx, "events", "6-1").Result())
	equal(int64(1))(r.XGroupDestroy(ctx, "events", "workers").Result())
}

func publishSubscribe(r *redis.Client) {
	subscriber := r.Subscribe(ctx, "news")
	defer subscriber.Close()
	is(must(subscriber.Receive(ctx)).(*redis.Subscription).Kind, "subscribe")
	if err := subscriber.PSubscribe(ctx, "news:*"); err != nil {
		fail("%v", err)
	}
	is(must(subscriber.Receive(ctx)).(*redis.Subscription).Kind, "psubscribe")
	equal([]string{"news"})(r.PubSubChannels(ctx, "news*").Result())
	equal(map[string]int64{"news": 1, "none": 0})(r.PubSubNumSub(ctx, "news", "none").Result())
	equal(int64(1))(r.Publish(ctx, "news", "hello").Result())
	equal(int64(1))(r.Publish(ctx, "news:sport", "goal").Result())
	is(must(subscriber.ReceiveMessage(ctx)).Payload, "hello")
	message := must(subscriber.ReceiveMessage(ctx))
	is([]string{message.Pattern, message.Channel, message.Payload}, []string{"news:*", "news:sport", "goal"})
	sharded := r.SSubscribe(ctx, "shard")
	defer sharded.Close()
	must(sharded.Receive(ctx))
	equal(int64(1))(r.SPublish(ctx, "shard", "one").Result())
	is(must(sharded.ReceiveMessage(ctx)).Payload, "one")
}

func pipelines(r *redis.Client) {
	pipe := r.Pipeline()
	for n := range 2000 {
		pipe.Set(ctx, fmt.Sprintf("p:%d", n), n, 0)
		pipe.Incr(ctx, "piped")
	}
	replies := must(pipe.Exec(ctx))
	is(len(replies), 4000)
	is(replies[3999].(*redis.IntCmd).Val(), int64(2000))
}

func transactions(r *redis.Client) {
	replies := must(r.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.Set(ctx, "t", 1, 0)
		pipe.Incr(ctx, "t")
		return nil
	}))
	is(replies[1].(*redis.IntCmd).Val(), int64(2))
	_, err := r.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
		pipe.LPush(ctx, "t", "x")
		pipe.Incr(ctx, "t")
		return nil
	})
	refused(err, "WRONGTYPE")
	equal("3")(r.Get(ctx, "t").Result())

	// Optimistic: the first try loses against another client, the second one wins.
	var tries []int
	transfer := func(tx *redis.Tx) error {
		tries = append(tries, must(tx.Get(ctx, "t").Int()))
		if len(tries) == 1 {
			r.Set(ctx, "t", 10, 0)
		}
		_, err := tx.TxPipelined(ctx, func(pipe redis.Pipeliner) error {
			return pipe.Set(ctx, "t", tries[len(tries)-1]+1, 0).Err()
		})
		return err
	}
	is(r.Watch(ctx, transfer, "t"), error(redis.TxFailedErr))
	is(r.Watch(ctx, transfer, "t"), nil)
	is(tries, []int{3, 10})
	equal("11")(r.Get(ctx, "t").Result())
}

func iterators(r *redis.Client) {
	seen := map[string]bool{}
	keys := r.Scan(ctx, 0, "p:*", 100).Iterator()
	for keys.Next(ctx) {
		seen[keys.Val()] = true
	}
	is(keys.Err(), nil)
	is(len(seen), 2000)
	pipe := r.Pipeline()
	for n := range 1000 {
		pipe.HSet(ctx, "big", fmt.Sprintf("f%d", n), n)
		pipe.SAdd(ctx, "bigset", n)
		pipe.ZAdd(ctx, "bigboard", redis.Z{Member: n, Score: float64(n)})
	}
	must(pipe.Exec(ctx))
	sum := func(iterator *redis.ScanIterator, pairs bool) int {
		total := 0
		for index := 0; iterator.Next(ctx); index++ {
			if !pairs || index%2 == 1 {
				total += must(strconv.Atoi(iterator.Val()))
			}
		}
		is(iterator.Err(), nil)
		return total
	}
	is(sum(r.HScan(ctx, "big", 0, "", 0).Iterator(), true), 999*500)
	is(sum(r.SScan(ctx, "bigset", 0, "", 0).Iterator(), false), 999*500)
	is(sum(r.ZScan(ctx, "bigboard", 0, "", 0).Iterator(), true), 999*500)
	equal([]string{"999", "998"})(r.Sort(ctx, "bigset", &redis.Sort{Count: 2, Order: "DESC"}).Result())
}

func geoBitsCounts(r *redis.Client) {
	palermo := &redis.GeoLocation{Name: "Palermo", Longitude: 13.361389, Latitude: 38.115556}
	catania := &redis.GeoLocation{Name: "Catania", Longitude: 15.087269, Latitude: 37.502669}
	equal(int64(2))(r.GeoAdd(ctx, "cities", palermo, catania).Result())
	equal(166.2742)(r.GeoDist(ctx, "cities", "Palermo", "Catania", "km").Result())
	query := redis.GeoSearchQuery{Longitude: 15, Latitude: 37, Radius: 200, RadiusUnit: "km", Sort: "ASC"}
	equal([]string{"Catania", "Palermo"})(r.GeoSearch(ctx, "cities", &query).Result())
	found := must(r.GeoSearchLocation(ctx, "cities", &redis.GeoSearchLocationQuery{GeoSearchQuery: query, WithDist: true, WithCoord: true}).Result())
	is([]any{found[0].Name, found[0].Dist}, []any{"Catania", 56.4413})
	equal([]string{"sqc8b49rny0", "sqdtr74hyu0"})(r.GeoHash(ctx, "cities", "Palermo", "Catania").Result())
	is(must(r.GeoPos(ctx, "cities", "Catania", "none").Result())[1] == nil, true)

	equal(int64(0))(r.SetBit(ctx, "days", 3, 1).Result())
	equal(int64(0))(r.SetBit(ctx, "days", 9, 1).Result())
	equal(int64(1))(r.GetBit(ctx, "days", 9).Result())
	equal(int64(1))(r.BitCount(ctx, "days", &redis.BitCount{Start: 0, End: 0}).Result())
	equal(int64(3))(r.BitPos(ctx, "days", 1).Result())
	equal(int64(2))(r.BitOpNot(ctx, "nights", "days").Result())
	equal(int64(14))(r.BitCount(ctx, "nights", nil).Result())
	equal([]int64{200, 255})(r.BitField(ctx, "counters", "INCRBY", "u8", 0, 200, "OVERFLOW", "SAT", "INCRBY", "u8", 0, 100).Result())

	for n := range 1000 {
		must(r.PFAdd(ctx, "visitors", n).Result())
	}
	count := must(r.PFCount(ctx, "visitors").Result())
	is(count > 950 && count < 1050, true)
	equal("OK")(r.PFMerge(ctx, "visitors:all", "visitors").Result())
	equal(count)(r.PFCount(ctx, "visitors:all").Result())
}

func functions(r *redis.Client) {
	source := must(os.ReadFile(procedures))
	equal("shop")(r.FunctionLoadReplace(ctx, string(source)).Result())
	equal("OK")(r.Set(ctx, "product:7", 5, 0).Result())
	equal[any](int64(2))(r.FCall(ctx, "shop_order", []string{"product:7"}, 3).Result())
	refused(r.FCall(ctx, "shop_order", []string{"product:7"}, 3).Err(), "sold out")
	equal("2")(r.Get(ctx, "product:7").Result())
	stock := must(r.FCallRO(ctx, "shop_stock", []string{"product:7"}).Result())
	orders := []any{"product:7*3"}
	if protocol == 2 {
		is[any](stock, []any{"product", "product:7", "left", int64(2), "orders", orders})
	} else {
		is[any](stock, map[any]any{"product": "product:7", "left": int64(2), "orders": orders})
	}
	libraries := must(r.FunctionList(ctx, redis.FunctionListQuery{LibraryNamePattern: "shop"}).Result())
	is(len(libraries[0].Functions), 2)
}

func errorsAndReconnects(r *redis.Client) {
	refused(r.HGet(ctx, "product:7", "f").Err(), "WRONGTYPE")
	refused(r.Incr(ctx, "page:1").Err(), "ERR value is not an integer or out of range")
	refused(r.Do(ctx, "NOSUCH", "a").Err(), "ERR unknown command 'NOSUCH'")
	isNil(r.Do(ctx, "GET", "none").Err())
	victim := connect("victim")
	id := must(victim.ClientID(ctx).Result())
	equal(int64(1))(r.ClientKillByFilter(ctx, "ID", strconv.FormatInt(id, 10)).Result())
	equal("new")(victim.Get(ctx, "page:1").Result())
	is(must(victim.ClientID(ctx).Result()) != id, true)
	second := redis.NewClient(&redis.Options{Addr: address, Protocol: protocol, DB: 3})
	equal("OK")(second.Set(ctx, "only-here", 1, 0).Result())
	equal(int64(1))(second.DBSize(ctx).Result())
	equal(int64(0))(r.Exists(ctx, "only-here").Result())
}
