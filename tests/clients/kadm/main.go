// Named checks of admin calls through franz-go's kadm and of raw requests, called by a test of real clients; what they want is what
// Apache Kafka 4.3.1 answers, as node 0 with num.partitions=3.
//
//	kadm -bootstrap HOST:PORT [name ...]
//	kadm -names
//
// A line for each: PASS or FAIL, name, seconds, and what is wrong.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"reflect"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// Check is one named check against a broker.
type Check struct {
	name string
	run  func(c *C)
}

var checks = slices.Concat(topicChecks, configChecks, offsetChecks, clusterChecks, transactionChecks)

// C is what a check works with. It counts comparisons, since a check without any proves nothing.
type C struct {
	ctx       context.Context
	bootstrap string
	cl        *kgo.Client
	adm       *kadm.Client
	compared  int
	closers   []func()
}

type wrong string

func (c *C) fail(format string, args ...any) { panic(wrong(fmt.Sprintf(format, args...))) }

// same compares deeply.
func (c *C) same(what string, got, want any) {
	c.compared++
	if !reflect.DeepEqual(got, want) {
		c.fail("%s: got %v, want %v", what, got, want)
	}
}

func (c *C) true(what string, ok bool) { c.same(what, ok, true) }

// ok wants no error; it is no comparison.
func (c *C) ok(what string, err error) {
	if err != nil {
		c.fail("%s: %v", what, err)
	}
}

// refused wants exactly this Kafka error.
func (c *C) refused(what string, err error, want *kerr.Error) {
	c.compared++
	if !errors.Is(err, want) {
		c.fail("%s: got error %v, want %v", what, err, want)
	}
}

// until repeats f until it is content or 25 seconds have passed.
func (c *C) until(what string, f func() bool) {
	c.compared++
	for end := time.Now().Add(25 * time.Second); !f(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			c.fail("%s: not within 25 s", what)
		}
	}
}

func unique(tag string) string { return fmt.Sprintf("kadm-%s-%08x", tag, rand.Uint32()) }

func ptr[T any](v T) *T { return &v }

// client opens one more client.
func (c *C) client(opts ...kgo.Opt) *kgo.Client {
	opts = append([]kgo.Opt{kgo.SeedBrokers(c.bootstrap), kgo.RetryTimeout(15 * time.Second), kgo.MetadataMinAge(100 * time.Millisecond)}, opts...)
	cl, err := kgo.NewClient(opts...)
	c.ok("client", err)
	c.closers = append(c.closers, cl.Close)
	return cl
}

// topic creates a topic.
func (c *C) topic(partitions int32, configs ...string) string {
	t, m := unique("t"), map[string]*string{}
	for i := 0; i < len(configs); i += 2 {
		m[configs[i]] = ptr(configs[i+1])
	}
	_, err := c.adm.CreateTopic(c.ctx, partitions, 1, m, t)
	c.ok("create topic", err)
	for end := time.Now().Add(10 * time.Second); ; time.Sleep(20 * time.Millisecond) { // brokers learn of a topic after the answer
		l, err := c.adm.ListTopics(c.ctx, t)
		if err == nil && l[t].Err == nil && len(l[t].Partitions) == int(partitions) && l.Error() == nil && !leaderless(l[t]) {
			if o, err := c.adm.ListEndOffsets(c.ctx, t); err == nil && o.Error() == nil && len(o[t]) == int(partitions) {
				return t
			}
		}
		if time.Now().After(end) {
			c.fail("topic %s is not there after 10 s", t)
		}
	}
}

func leaderless(t kadm.TopicDetail) bool {
	return slices.ContainsFunc(t.Partitions.Sorted(), func(p kadm.PartitionDetail) bool { return p.Err != nil || p.Leader < 0 })
}

// produce writes n records with time stamps 1000, 1001, ... to a partition.
func (c *C) produce(t string, partition int32, n int) {
	cl := c.client(kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.DefaultProduceTopic(t))
	for i := range n {
		r := &kgo.Record{Partition: partition, Value: fmt.Appendf(nil, "v%d", i), Timestamp: time.UnixMilli(int64(1000 + i))}
		c.ok("produce", cl.ProduceSync(c.ctx, r).FirstErr())
	}
}

func (c *C) broker() int32 {
	m, err := c.adm.BrokerMetadata(c.ctx)
	c.ok("metadata", err)
	return m.Brokers[0].NodeID
}

func runOne(bootstrap string, k Check) (verdict, note string) {
	ctx, cancel := context.WithTimeout(context.Background(), 60*time.Second)
	defer cancel()
	done := make(chan string, 2)
	c := &C{ctx: ctx, bootstrap: bootstrap}
	go func() {
		defer func() {
			r := recover()
			for _, f := range c.closers {
				f()
			}
			switch r := r.(type) {
			case nil:
				if c.compared == 0 {
					done <- "compared nothing"
				}
				done <- ""
			case wrong:
				done <- string(r)
			default:
				done <- fmt.Sprintf("panic: %v %s", r, debug.Stack())
			}
		}()
		c.cl = c.client()
		c.adm = kadm.NewClient(c.cl)
		k.run(c)
	}()
	select {
	case note = <-done:
	case <-time.After(65 * time.Second):
		note = "no end after 65 s"
	}
	if note != "" {
		return "FAIL", strings.Join(strings.Fields(note), " ")
	}
	return "PASS", ""
}

func main() {
	bootstrap := flag.String("bootstrap", "127.0.0.1:9092", "HOST:PORT of the broker")
	names := flag.Bool("names", false, "print the names of the checks")
	flag.Parse()
	for _, k := range checks {
		if *names {
			fmt.Println(k.name)
			continue
		}
		if flag.NArg() > 0 && !slices.Contains(flag.Args(), k.name) {
			continue
		}
		start := time.Now()
		verdict, note := runOne(*bootstrap, k)
		fmt.Printf("%s %s %.3f %.300s\n", verdict, k.name, time.Since(start).Seconds(), note)
	}
}
