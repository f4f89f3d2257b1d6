package main

import (
	"bufio"
	"context"
	"math/rand/v2"
	"os"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// A pipeline from topic to topic, a transaction at a time; the lines are those of ../python/pipe.py.

const pipeBatch = 10

func pipe(bootstrap, id, input, output string, count, seed int) {
	session, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(bootstrap), kgo.MetadataMinAge(100*time.Millisecond),
		kgo.TransactionalID(id), kgo.ConsumerGroup(id), kgo.ConsumeTopics(input), kgo.FetchIsolationLevel(kgo.ReadCommitted()),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.RecordPartitioner(kgo.ManualPartitioner()),
		kgo.RetryBackoffFn(func(int) time.Duration { return 100 * time.Millisecond }))
	must(err)
	draw := rand.New(rand.NewPCG(uint64(seed), 0))
	lines := bufio.NewScanner(os.Stdin)
	for done := 0; done < count; {
		lines.Scan() // at its end: go on
		done += pass(session, output, draw.IntN(4) > 0)
	}
	say("DONE")
}

// pass does one transaction; it returns how many records were committed.
func pass(session *kgo.GroupTransactSession, output string, commit bool) int {
	records := poll(session)
	must(session.Begin())
	sent := kgo.AbortingFirstErrPromise(session.Client())
	for _, r := range records {
		session.Produce(context.Background(), &kgo.Record{Topic: output, Partition: r.Partition, Value: r.Value}, sent.Promise())
	}
	say("SENDING")
	isSent := sent.Err() == nil
	say("ENDING")
	committed, err := session.End(context.Background(), kgo.TransactionEndTry(commit && isSent))
	must(err)
	if !committed {
		say("ABORTED")
		return 0
	}
	say("COMMITTED")
	return len(records)
}

func poll(session *kgo.GroupTransactSession) []*kgo.Record {
	for {
		if records := session.PollRecords(within(), pipeBatch).Records(); len(records) > 0 {
			return records
		}
	}
}
