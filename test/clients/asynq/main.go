// A queue of jobs on asynq, whose every step is a script in Lua: queues by priority, retries, delays, uniqueness, groups, retention, and what
// the inspector tells of them. Everything is asserted.
//
//	jobs HOST:PORT
//
// Ends with the line `ok`, or with what differs.
package main

import (
	"context"
	"fmt"
	"os"
	"sync/atomic"
	"time"

	"github.com/hibiken/asynq"
)

func must(err error) {
	if err != nil {
		fmt.Println("FAIL", err)
		os.Exit(1)
	}
}

func same(what string, got, wanted any) {
	if fmt.Sprint(got) != fmt.Sprint(wanted) {
		must(fmt.Errorf("%s: got %v, wanted %v", what, got, wanted))
	}
}

func main() {
	opt := asynq.RedisClientOpt{Addr: os.Args[1]}
	client := asynq.NewClient(opt)
	defer client.Close()
	var done, failed, scheduled, unique, grouped atomic.Int64
	mux := asynq.NewServeMux()
	mux.HandleFunc("work", func(ctx context.Context, t *asynq.Task) error { done.Add(1); return nil })
	mux.HandleFunc("flaky", func(ctx context.Context, t *asynq.Task) error {
		if n, _ := asynq.GetRetryCount(ctx); n < 1 {
			failed.Add(1)
			return fmt.Errorf("not yet")
		}
		done.Add(1)
		return nil
	})
	mux.HandleFunc("dead", func(ctx context.Context, t *asynq.Task) error { return fmt.Errorf("dead: %w", asynq.SkipRetry) })
	mux.HandleFunc("later", func(ctx context.Context, t *asynq.Task) error { scheduled.Add(1); return nil })
	mux.HandleFunc("once", func(ctx context.Context, t *asynq.Task) error { unique.Add(1); return nil })
	mux.HandleFunc("all", func(ctx context.Context, t *asynq.Task) error { grouped.Add(int64(len(t.Payload()))); return nil })
	srv := asynq.NewServer(opt, asynq.Config{Concurrency: 8, Queues: map[string]int{"default": 3, "low": 1}, RetryDelayFunc: func(n int, e error, t *asynq.Task) time.Duration { return 100 * time.Millisecond }, DelayedTaskCheckInterval: 200 * time.Millisecond, GroupGracePeriod: time.Second, GroupMaxSize: 10, GroupAggregator: asynq.GroupAggregatorFunc(func(g string, ts []*asynq.Task) *asynq.Task {
		var b []byte
		for _, t := range ts {
			b = append(b, t.Payload()...)
		}
		return asynq.NewTask("all", b)
	}), LogLevel: asynq.ErrorLevel})
	must(srv.Start(mux))
	for i := 0; i < 300; i++ {
		q := "default"
		if i%3 == 0 {
			q = "low"
		}
		_, err := client.Enqueue(asynq.NewTask("work", []byte("x")), asynq.Queue(q), asynq.Retention(time.Minute))
		must(err)
	}
	for i := 0; i < 20; i++ {
		_, err := client.Enqueue(asynq.NewTask("flaky", nil), asynq.MaxRetry(3))
		must(err)
		_, err = client.Enqueue(asynq.NewTask("later", nil), asynq.ProcessIn(300*time.Millisecond))
		must(err)
		_, err = client.Enqueue(asynq.NewTask("agg", []byte("y")), asynq.Group("g"))
		must(err)
	}
	_, err := client.Enqueue(asynq.NewTask("dead", nil))
	must(err)
	_, err = client.Enqueue(asynq.NewTask("once", []byte("k")), asynq.Unique(time.Minute), asynq.ProcessIn(time.Second))
	must(err)
	_, err = client.Enqueue(asynq.NewTask("once", []byte("k")), asynq.Unique(time.Minute))
	if err == nil {
		must(fmt.Errorf("not unique"))
	}
	_, err = client.Enqueue(asynq.NewTask("work", nil), asynq.TaskID("fixed"), asynq.ProcessIn(time.Hour))
	must(err)
	_, err = client.Enqueue(asynq.NewTask("work", nil), asynq.TaskID("fixed"))
	if err == nil {
		must(fmt.Errorf("id twice"))
	}
	end := time.Now().Add(40 * time.Second)
	for time.Now().Before(end) && !(done.Load() == 320 && scheduled.Load() == 20 && unique.Load() == 1 && grouped.Load() == 20) {
		time.Sleep(100 * time.Millisecond)
	}
	same("handled", []int64{done.Load(), failed.Load(), scheduled.Load(), unique.Load(), grouped.Load()}, []int64{320, 20, 20, 1, 20})
	in := asynq.NewInspector(opt)
	// A job is done a moment after its handler is.
	told := func(queue string) []int {
		info, err := in.GetQueueInfo(queue)
		must(err)
		return []int{info.Size, info.Pending, info.Active, info.Scheduled, info.Retry, info.Archived, info.Completed}
	}
	settled := func(queue string, wanted []int) {
		for time.Now().Before(end) && fmt.Sprint(told(queue)) != fmt.Sprint(wanted) {
			time.Sleep(20 * time.Millisecond)
		}
		same(queue, told(queue), wanted)
	}
	settled("default", []int{202, 0, 0, 1, 0, 1, 200})
	settled("low", []int{100, 0, 0, 0, 0, 0, 100})
	archived, err := in.ListArchivedTasks("default")
	must(err)
	same("archived", len(archived), 1)
	must(in.RunTask("default", archived[0].ID))
	must(in.DeleteTask("default", "fixed"))
	n, err := in.DeleteAllCompletedTasks("low")
	must(err)
	same("deleted", n, 100)
	must(in.PauseQueue("low"))
	must(in.UnpauseQueue("low"))
	_, err = in.Servers()
	must(err)
	srv.Shutdown()
	fmt.Println("ok")
}
