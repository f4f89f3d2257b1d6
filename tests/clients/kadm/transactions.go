package main

import (
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// writer is a producer of transactions.
func (c *C) writer(id string) *kgo.Client {
	return c.client(kgo.TransactionalID(id), kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.TransactionTimeout(50*time.Second))
}

// begins opens a transaction with a record in each of the partitions.
func (c *C) begins(cl *kgo.Client, t string, partitions ...int32) {
	c.ok("begin", cl.BeginTransaction())
	for _, p := range partitions {
		c.ok("produce", cl.ProduceSync(c.ctx, &kgo.Record{Topic: t, Partition: p, Value: []byte("v")}).FirstErr())
	}
}

func (c *C) described(id string) kadm.DescribedTransaction {
	d, err := c.adm.DescribeTransactions(c.ctx, id)
	c.ok("describe", err)
	return d[id]
}

// over waits until the end of a transaction is everywhere.
func (c *C) over(id, state string) {
	c.until(state, func() bool { return c.described(id).State == state })
}

// open tells who has a transaction open in a partition: producer, epoch, first offset.
func (c *C) open(t string, partition int32) (found [][]any) {
	var s kadm.TopicsSet
	s.Add(t, partition)
	d, err := c.adm.DescribeProducers(c.ctx, s)
	c.ok("describe producers", err)
	for _, p := range d.SortedProducers() {
		if p.CurrentTxnStartOffset >= 0 {
			found = append(found, []any{p.ProducerID, p.ProducerEpoch, p.CurrentTxnStartOffset})
		}
	}
	return found
}

// mark writes a mark to one partition as an administrator.
func (c *C) mark(d kadm.DescribedTransaction, t string, partition int32, commit bool) error {
	topic := kmsg.NewWriteTxnMarkersRequestMarkerTopic()
	topic.Topic, topic.Partitions = t, []int32{partition}
	marker := kmsg.NewWriteTxnMarkersRequestMarker()
	marker.ProducerID, marker.ProducerEpoch, marker.Committed = d.ProducerID, d.ProducerEpoch, commit
	marker.Topics = append(marker.Topics, topic)
	request := kmsg.NewPtrWriteTxnMarkersRequest()
	request.Markers = append(request.Markers, marker)
	response, err := c.cl.Broker(int(c.broker())).Request(c.ctx, request)
	c.ok("mark", err)
	return kerr.ErrorForCode(response.(*kmsg.WriteTxnMarkersResponse).Markers[0].Topics[0].Partitions[0].ErrorCode)
}

// ends tells the end of a partition at both isolation levels.
func (c *C) ends(t string, partition int32) []int64 {
	all, err := c.adm.ListEndOffsets(c.ctx, t)
	last := c.at(all, err, t, partition).Offset
	stable, err := c.adm.ListCommittedOffsets(c.ctx, t)
	return []int64{last, c.at(stable, err, t, partition).Offset}
}

var transactionChecks = []Check{
	{"txn_open_is_told", func(c *C) {
		t, id := c.topic(3), unique("id")
		cl := c.writer(id)
		c.begins(cl, t, 0, 2)
		d := c.described(id)
		c.same("state, coordinator, time", []any{d.Err, d.State, d.Coordinator, d.TimeoutMillis}, []any{nil, "Ongoing", c.broker(), int32(50_000)})
		c.same("partitions", d.Topics.IntoList().Topics(), []string{t})
		_, one := d.Topics[t][0]
		_, two := d.Topics[t][2]
		c.same("of the topic", []any{len(d.Topics[t]), one, two}, []any{2, true, true})
		c.true("since", time.Since(time.UnixMilli(d.StartTimestamp)).Abs() < time.Minute)
		c.same("in the partition", c.open(t, 2), [][]any{{d.ProducerID, d.ProducerEpoch, int64(0)}})
		c.same("in the other", len(c.open(t, 1)), 0)
		c.same("ends", c.ends(t, 0), []int64{1, 0})
		c.ok("commit", cl.EndTransaction(c.ctx, kgo.TryCommit))
		c.over(id, "CompleteCommit")
		c.same("then", []any{c.ends(t, 0), len(c.open(t, 0)), len(c.described(id).Topics)}, []any{[]int64{2, 2}, 0, 0})
	}},
	{"txn_lists_are_filtered", func(c *C) {
		t, id := c.topic(1), unique("id")
		cl := c.writer(id)
		c.begins(cl, t, 0)
		d := c.described(id)
		want := kadm.ListedTransaction{Coordinator: c.broker(), TxnID: id, ProducerID: d.ProducerID, State: "Ongoing"}
		has := func(what string, l kadm.ListedTransactions, err error) {
			c.ok(what, err)
			c.same(what, l[id], want)
		}
		l, err := c.adm.ListTransactions(c.ctx, nil, nil)
		has("all", l, err)
		l, err = c.adm.ListTransactions(c.ctx, nil, []string{"Ongoing"})
		has("by state", l, err)
		l, err = c.adm.ListTransactions(c.ctx, []int64{d.ProducerID}, nil)
		has("by producer", l, err)
		c.same("nobody else", len(l), 1)
		l, err = c.adm.ListTransactionsByTxPattern(c.ctx, nil, nil, "kadm-id-.*")
		has("by pattern", l, err)
		for what, ask := range map[string]func() (kadm.ListedTransactions, error){
			"by another state": func() (kadm.ListedTransactions, error) {
				return c.adm.ListTransactions(c.ctx, nil, []string{"Empty", "Dead"})
			},
			"by another producer": func() (kadm.ListedTransactions, error) {
				return c.adm.ListTransactions(c.ctx, []int64{d.ProducerID + 1}, nil)
			},
			"by another pattern": func() (kadm.ListedTransactions, error) {
				return c.adm.ListTransactionsByTxPattern(c.ctx, nil, nil, "kadm-id-")
			},
		} {
			l, err := ask()
			c.ok(what, err)
			_, found := l[id]
			c.same(what, found, false)
		}
		c.ok("abort", cl.EndTransaction(c.ctx, kgo.TryAbort))
	}},
	{"txn_aborted_is_left_out", func(c *C) {
		t, id := c.topic(1), unique("id")
		cl := c.writer(id)
		c.begins(cl, t, 0)
		c.ok("abort", cl.EndTransaction(c.ctx, kgo.TryAbort))
		c.over(id, "CompleteAbort")
		c.begins(cl, t, 0, 0)
		c.ok("commit", cl.EndTransaction(c.ctx, kgo.TryCommit))
		c.over(id, "CompleteCommit")
		c.same("ends", c.ends(t, 0), []int64{5, 5})
		read := func(level kgo.IsolationLevel, n int) (offsets []int64) {
			reader := c.client(kgo.FetchIsolationLevel(level), kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{t: {0: kgo.NewOffset().AtStart()}}))
			for len(offsets) < n {
				fetches := reader.PollFetches(c.ctx)
				c.ok("fetch", fetches.Err())
				fetches.EachRecord(func(r *kgo.Record) { offsets = append(offsets, r.Offset) })
			}
			return offsets
		}
		c.same("committed", read(kgo.ReadCommitted(), 2), []int64{2, 3})
		c.same("all", read(kgo.ReadUncommitted(), 3), []int64{0, 2, 3})
	}},
	{"txn_none_of_its_own", func(c *C) {
		t := c.topic(1)
		c.produce(t, 0, 1)
		cl := c.client(kgo.DefaultProduceTopic(t))
		for range 3 {
			c.ok("produce", cl.ProduceSync(c.ctx, kgo.StringRecord("v")).FirstErr())
		}
		id, epoch, err := cl.ProducerID(c.ctx)
		c.ok("producer", err)
		var s kadm.TopicsSet
		s.Add(t, 0)
		d, err := c.adm.DescribeProducers(c.ctx, s)
		c.ok("describe producers", err)
		p := d[t].Partitions[0].ActiveProducers[id]
		c.same("an idempotent producer", []any{p.ProducerEpoch, p.LastSequence, p.CoordinatorEpoch, p.CurrentTxnStartOffset}, []any{epoch, int32(2), int32(-1), int64(-1)})
		c.same("nothing is open", []any{len(d[t].Partitions[0].ActiveProducers), len(c.open(t, 0))}, []any{2, 0})
	}},
	{"txn_version", func(c *C) {
		request := kmsg.NewPtrApiVersionsRequest()
		request.ClientSoftwareName, request.ClientSoftwareVersion = "kadm", "1"
		response, err := request.RequestWith(c.ctx, c.cl)
		c.ok("api versions", err)
		level := map[string]int16{}
		for _, f := range response.FinalizedFeatures {
			level[f.Name] = f.MaxVersionLevel
		}
		c.same("transactions have an epoch each", level["transaction.version"], int16(2))
	}},
	{"txn_of_nobody", func(c *C) {
		c.refused("describe", c.described(unique("nobody")).Err, kerr.TransactionalIDNotFound)
		found := c.adm.FindTxnCoordinators(c.ctx, "a", "b")
		c.same("coordinators", []any{found.Error(), len(found), found["a"].NodeID}, []any{nil, 2, c.broker()})
	}},
	{"txn_mark_aborts_all_of_it", func(c *C) {
		t, id := c.topic(2), unique("id")
		cl := c.writer(id)
		c.begins(cl, t, 0, 1)
		d := c.described(id)
		c.refused("a commit", c.mark(d, t, 0, true), kerr.ClusterAuthorizationFailed)
		c.same("goes on", c.described(id).State, "Ongoing")
		c.ok("an abort", c.mark(d, t, 0, false))
		c.over(id, "CompleteAbort")
		c.same("nothing is open", []any{len(c.open(t, 0)), len(c.open(t, 1))}, []any{0, 0})
		c.same("ends", [][]int64{c.ends(t, 0), c.ends(t, 1)}, [][]int64{{2, 2}, {2, 2}})
		c.true("its producer cannot commit", cl.EndTransaction(c.ctx, kgo.TryCommit) != nil)
	}},
	{"txn_late_mark_ends_nothing", func(c *C) {
		t, id := c.topic(1), unique("id")
		cl := c.writer(id)
		c.begins(cl, t, 0)
		first := c.described(id)
		c.ok("commit", cl.EndTransaction(c.ctx, kgo.TryCommit))
		c.over(id, "CompleteCommit")
		c.begins(cl, t, 0)
		c.refused("of the first", c.mark(first, t, 0, false), kerr.InvalidProducerEpoch)
		c.same("goes on", c.described(id).State, "Ongoing")
		c.ok("commit", cl.EndTransaction(c.ctx, kgo.TryCommit))
	}},
	{"txn_second_producer_fences", func(c *C) {
		t, id := c.topic(1), unique("id")
		old := c.writer(id)
		c.begins(old, t, 0)
		next := c.writer(id)
		_, epoch, err := next.ProducerID(c.ctx)
		c.ok("the second", err)
		c.same("the transaction of the first", []any{c.described(id).State, len(c.open(t, 0))}, []any{"Empty", 0})
		c.same("its epoch", c.described(id).ProducerEpoch, epoch)
		c.true("the first is fenced", old.EndTransaction(c.ctx, kgo.TryCommit) != nil)
		c.begins(next, t, 0)
		c.ok("commit of the second", next.EndTransaction(c.ctx, kgo.TryCommit))
	}},
	{"txn_refusals", func(c *C) {
		id := unique("id")
		init := func(timeout int32) *kmsg.InitProducerIDResponse {
			request := kmsg.NewPtrInitProducerIDRequest()
			request.TransactionalID, request.TransactionTimeoutMillis, request.ProducerID, request.ProducerEpoch = &id, timeout, -1, -1
			response, err := request.RequestWith(c.ctx, c.cl)
			c.ok("init", err)
			return response
		}
		for _, timeout := range []int32{0, -1, 900_001} {
			c.refused("a timeout", kerr.ErrorForCode(init(timeout).ErrorCode), kerr.InvalidTransactionTimeout)
		}
		producer := init(900_000)
		c.same("the longest", producer.ErrorCode, int16(0))
		end := kmsg.NewPtrEndTxnRequest()
		end.TransactionalID, end.ProducerID, end.ProducerEpoch, end.Commit = id, producer.ProducerID, producer.ProducerEpoch, true
		ended, err := end.RequestWith(c.ctx, c.cl)
		c.ok("end", err)
		c.refused("the end of nothing", kerr.ErrorForCode(ended.ErrorCode), kerr.InvalidTxnState)
	}},
	{"txn_offsets_count_with_it", func(c *C) {
		in, out, group := c.topic(1), c.topic(1), unique("g")
		c.produce(in, 0, 3)
		s, err := kgo.NewGroupTransactSession(kgo.SeedBrokers(c.bootstrap), kgo.TransactionalID(unique("id")), kgo.ConsumerGroup(group), kgo.ConsumeTopics(in),
			kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchIsolationLevel(kgo.ReadCommitted()), kgo.RequireStableFetchOffsets())
		c.ok("session", err)
		c.closers = append(c.closers, s.Close)
		turn := func(commit kgo.TransactionEndTry) bool {
			c.ok("begin", s.Begin())
			for n := 0; n < 3; {
				fetches := s.PollFetches(c.ctx)
				c.ok("fetch", fetches.Err())
				fetches.EachRecord(func(r *kgo.Record) { s.Produce(c.ctx, &kgo.Record{Topic: out, Value: r.Value}, nil) })
				n += fetches.NumRecords()
			}
			committed, err := s.End(c.ctx, commit)
			c.ok("end", err)
			return committed
		}
		c.same("aborted", turn(kgo.TryAbort), false)
		offsets, err := c.adm.FetchOffsets(c.ctx, group)
		c.ok("offsets", err)
		c.same("nothing counts", len(offsets[in]), 0)
		c.same("committed", turn(kgo.TryCommit), true)
		c.until("the offset counts", func() bool {
			offsets, err := c.adm.FetchOffsets(c.ctx, group)
			found, ok := offsets.Lookup(in, 0)
			return err == nil && ok && found.At == 3
		})
	}},
}
