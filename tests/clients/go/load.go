package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

// An idempotent producer under load and its reader; the lines are those of ../python/load.py, and "P id epoch".
//
// This client never goes over to a topic that was deleted and made again: it gives the records back with UNKNOWN_TOPIC_ID
// ("X partition number") until the application purges the topic, as its manual says; that is done here. By name alone (the
// versions of Kafka 2.7 know no topic ids) it goes on by itself.

const outstanding = 500

var out sync.Mutex

func say(format string, args ...any) {
	out.Lock()
	defer out.Unlock()
	fmt.Printf(format+"\n", args...)
}

func loadValue(n int) []byte {
	return append(fmt.Appendf(nil, "%d:", n), bytes.Repeat([]byte{byte('a' + n%26)}, 50+n*31%200)...)
}

func load(bootstrap, topic string, partitions int, byName bool) {
	versions := kversion.Stable()
	if byName {
		versions = kversion.V2_7_0()
	}
	client := connect(bootstrap, kgo.MaxVersions(versions), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchMaxBytes(16384),
		kgo.ProducerBatchCompression(kgo.NoCompression()),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.MaxBufferedRecords(outstanding), kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }),
		kgo.RecordDeliveryTimeout(2*time.Minute))
	id, epoch, err := client.ProducerID(within())
	must(err)
	say("P %d %d", id, epoch)

	var next atomic.Int64
	var givenBack atomic.Bool
	ended := make(chan struct{})
	go func() {
		lines := bufio.NewScanner(os.Stdin)
		for lines.Scan() {
			say("M %d", next.Load()+1) // the record at next may be on its way to the client
		}
		close(ended)
	}()
	for n := 0; ; n++ {
		select {
		case <-ended:
			must(client.Flush(context.Background()))
			id, epoch, err = client.ProducerID(within())
			must(err)
			say("P %d %d", id, epoch)
			say("DONE")
			return
		default:
		}
		if givenBack.Load() {
			must(client.Flush(context.Background()))
			client.PurgeTopicsFromClient(topic)
			givenBack.Store(false)
		}
		next.Store(int64(n))
		r := &kgo.Record{Topic: topic, Partition: int32(n % partitions), Key: strconv.AppendInt(nil, int64(n), 10), Value: loadValue(n)}
		client.Produce(context.Background(), r, func(r *kgo.Record, err error) {
			if errors.Is(err, kerr.UnknownTopicID) {
				givenBack.Store(true)
				say("X %d %d", n%partitions, n)
				return
			}
			if err != nil {
				say("E %d %d %v", n%partitions, n, err)
				return
			}
			say("A %d %d %d", r.Partition, r.Offset, n)
		})
	}
}

func drain(bootstrap, topic string, partitions int) {
	lines := bufio.NewWriter(os.Stdout)
	readAll(bootstrap, topic, partitions, func(r *kgo.Record) {
		n := number(string(r.Key))
		if !bytes.Equal(r.Value, loadValue(n)) {
			fail("BAD value at %d@%d: %q", r.Partition, r.Offset, r.Value)
		}
		fmt.Fprintf(lines, "R %d %d %d\n", r.Partition, r.Offset, n)
	})
	fmt.Fprintln(lines, "DONE")
	must(lines.Flush())
}

// single writes records one by one: the next request leaves when the reply to the one before is there.
func single(bootstrap, topic string, partition, first, count int) {
	client := connect(bootstrap, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerLinger(0),
		kgo.RequiredAcks(kgo.AllISRAcks()), kgo.ProducerBatchCompression(kgo.NoCompression()))
	defer client.Close()
	for n := first; n < first+count; n++ {
		r := &kgo.Record{Topic: topic, Partition: int32(partition), Value: fmt.Appendf(nil, "mark-%06d.", n)}
		must(client.ProduceSync(within(), r).FirstErr())
	}
	fmt.Println("DONE")
}
