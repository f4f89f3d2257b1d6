package main

import (
	"encoding/binary"
	"hash/crc32"
	"time"

	"github.com/twmb/franz-go/pkg/kadm"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func (c *C) at(l kadm.ListedOffsets, err error, t string, p int32) kadm.ListedOffset {
	c.ok("list offsets", err)
	o, found := l.Lookup(t, p)
	if !found {
		c.fail("no answer for %s-%d", t, p)
	}
	return o
}

var offsetChecks = []Check{
	{"offsets_start_and_end", func(c *C) {
		t := c.topic(2)
		c.produce(t, 1, 7)
		s, err := c.adm.ListStartOffsets(c.ctx, t)
		c.same("start", c.at(s, err, t, 1), kadm.ListedOffset{Topic: t, Partition: 1, Timestamp: -1, Offset: 0, LeaderEpoch: 0})
		e, err := c.adm.ListEndOffsets(c.ctx, t)
		c.same("end", c.at(e, err, t, 1), kadm.ListedOffset{Topic: t, Partition: 1, Timestamp: -1, Offset: 7, LeaderEpoch: 0})
		c.same("end of the empty partition", c.at(e, err, t, 0).Offset, int64(0))
		m, err := c.adm.ListCommittedOffsets(c.ctx, t)
		c.same("last stable offset", c.at(m, err, t, 1).Offset, int64(7))
	}},
	{"offsets_by_time", func(c *C) {
		t := c.topic(1)
		c.produce(t, 0, 10)
		ask := func(ms int64) kadm.ListedOffset {
			o, err := c.adm.ListOffsetsAfterMilli(c.ctx, ms, t)
			return c.at(o, err, t, 0)
		}
		c.same("between", ask(1004), kadm.ListedOffset{Topic: t, Timestamp: 1004, Offset: 4, LeaderEpoch: 0})
		c.same("before everything", ask(1).Offset, int64(0))
		c.same("after everything: the end", ask(99999).Offset, int64(10))
	}},
	{"offsets_max_timestamp", func(c *C) {
		t := c.topic(2)
		c.ok("produce", c.produceRaw(t, 0, -1, batch(5000, "a", "b", "c")))
		c.ok("produce", c.produceRaw(t, 0, -1, batch(100, "d")))
		o, err := c.adm.ListMaxTimestampOffsets(c.ctx, t)
		c.same("newest record", c.at(o, err, t, 0), kadm.ListedOffset{Topic: t, Timestamp: 5002, Offset: 2, LeaderEpoch: 0})
		e := c.at(o, err, t, 1)
		c.same("empty partition", []any{e.Offset, e.Timestamp}, []any{int64(-1), int64(-1)})
	}},
	{"offsets_of_unknown_partition", func(c *C) {
		t := c.topic(1)
		req, rt, rp := kmsg.NewPtrListOffsetsRequest(), kmsg.NewListOffsetsRequestTopic(), kmsg.NewListOffsetsRequestTopicPartition()
		rp.Partition, rp.Timestamp = 9, -1
		rt.Topic, rt.Partitions = t, append(rt.Partitions, rp)
		req.Topics = append(req.Topics, rt)
		r, err := c.cl.Broker(int(c.broker())).Request(c.ctx, req)
		c.ok("list offsets", err)
		p := r.(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0]
		c.refused("partition 9", kerr.ErrorForCode(p.ErrorCode), kerr.UnknownTopicOrPartition)
		c.same("offset and time", []any{p.Offset, p.Timestamp}, []any{int64(-1), int64(-1)})
	}},
	{"offsets_with_leader_epoch", func(c *C) {
		t := c.topic(1)
		ask := func(epoch int32) error {
			req, rt, rp := kmsg.NewPtrListOffsetsRequest(), kmsg.NewListOffsetsRequestTopic(), kmsg.NewListOffsetsRequestTopicPartition()
			rp.Timestamp, rp.CurrentLeaderEpoch = -1, epoch
			rt.Topic, rt.Partitions = t, append(rt.Partitions, rp)
			req.Topics = append(req.Topics, rt)
			r, err := c.cl.Broker(int(c.broker())).Request(c.ctx, req)
			c.ok("list offsets", err)
			return kerr.ErrorForCode(r.(*kmsg.ListOffsetsResponse).Topics[0].Partitions[0].ErrorCode)
		}
		c.same("epoch 0", ask(0), nil)
		c.refused("epoch 5", ask(5), kerr.UnknownLeaderEpoch)
	}},
	{"leader_epoch_end_offset", func(c *C) {
		t := c.topic(1)
		c.produce(t, 0, 6)
		ask := func(epoch int32) kadm.OffsetForLeaderEpoch {
			var r kadm.OffsetForLeaderEpochRequest
			r.Add(t, 0, epoch)
			o, err := c.adm.OffsetForLeaderEpoch(c.ctx, r)
			c.ok("epoch", err)
			return o[t][0]
		}
		o := ask(0)
		c.same("epoch 0", []any{o.Err, o.LeaderEpoch, o.EndOffset}, []any{nil, int32(0), int64(6)})
		o = ask(3)
		c.same("epoch 3 is not known", []any{o.Err, o.LeaderEpoch, o.EndOffset}, []any{nil, int32(-1), int64(-1)})
	}},
	{"delete_records", func(c *C) {
		t := c.topic(2)
		c.produce(t, 0, 10)
		var o kadm.Offsets
		o.Add(kadm.Offset{Topic: t, Partition: 0, At: 4})
		r, err := c.adm.DeleteRecords(c.ctx, o)
		c.ok("delete", err)
		c.same("answer", r[t][0], kadm.DeleteRecordsResponse{Topic: t, Partition: 0, LowWatermark: 4})
		s, err := c.adm.ListStartOffsets(c.ctx, t)
		c.same("start", c.at(s, err, t, 0).Offset, int64(4))
		e, err := c.adm.ListEndOffsets(c.ctx, t)
		c.same("end", c.at(e, err, t, 0).Offset, int64(10))
	}},
	{"delete_records_to_the_end", func(c *C) {
		t := c.topic(1)
		c.produce(t, 0, 5)
		var o kadm.Offsets
		o.Add(kadm.Offset{Topic: t, Partition: 0, At: -1})
		r, err := c.adm.DeleteRecords(c.ctx, o)
		c.ok("delete", err)
		c.same("low watermark", r[t][0].LowWatermark, int64(5))
	}},
	{"delete_records_beyond_the_end", func(c *C) {
		t := c.topic(1)
		c.produce(t, 0, 2)
		var o kadm.Offsets
		o.Add(kadm.Offset{Topic: t, Partition: 0, At: 50})
		r, err := c.adm.DeleteRecords(c.ctx, o)
		c.ok("delete", err)
		c.refused("offset 50", r[t][0].Err, kerr.OffsetOutOfRange)
		c.same("low watermark", r[t][0].LowWatermark, int64(-1))
	}},
	{"delete_records_compacted_topic", func(c *C) {
		t := c.topic(1, "cleanup.policy", "compact")
		var o kadm.Offsets
		o.Add(kadm.Offset{Topic: t, Partition: 0, At: 0})
		r, err := c.adm.DeleteRecords(c.ctx, o)
		c.ok("delete", err)
		c.refused("compacted topic", r[t][0].Err, kerr.PolicyViolation)
	}},
	{"produce_answer", func(c *C) {
		t := c.topic(1)
		err, _ := c.produceAt(t, 0, -1, batch(1, "a", "b"))
		c.same("first", err, nil)
		err, p := c.produceAt(t, 0, -1, batch(1, "c"))
		c.same("second: error, base offset, append time, log start", []any{err, p.BaseOffset, p.LogAppendTime, p.LogStartOffset}, []any{nil, int64(2), int64(-1), int64(0)})
	}},
	{"produce_log_append_time", func(c *C) {
		t := c.topic(1, "message.timestamp.type", "LogAppendTime")
		err, p := c.produceAt(t, 0, -1, batch(1, "a"))
		c.same("error", err, nil)
		c.true("append time is now", p.LogAppendTime > 1_600_000_000_000)
		o, err := c.adm.ListMaxTimestampOffsets(c.ctx, t)
		c.same("stored time", c.at(o, err, t, 0).Timestamp, p.LogAppendTime)
	}},
	{"produce_corrupt_batch", func(c *C) {
		t := c.topic(1)
		b := batch(1, "hello")
		b[len(b)-2] ^= 0x55
		c.refused("wrong checksum", c.produceRaw(t, 0, -1, b), kerr.CorruptMessage)
		e, err := c.adm.ListEndOffsets(c.ctx, t)
		c.same("nothing written", c.at(e, err, t, 0).Offset, int64(0))
	}},
	{"produce_unknown_partition", func(c *C) {
		c.refused("partition 5", c.produceRaw(c.topic(1), 5, -1, batch(1, "a")), kerr.UnknownTopicOrPartition)
	}},
	{"produce_time_stamp_too_far_ahead", func(c *C) {
		c.refused("year 2200", c.produceRaw(c.topic(1), 0, -1, batch(7_258_118_400_000, "a")), kerr.InvalidTimestamp)
	}},
	{"produce_no_key_on_compacted_topic", func(c *C) {
		c.refused("record without key", c.produceRaw(c.topic(1, "cleanup.policy", "compact"), 0, -1, batch(1, "a")), kerr.InvalidRecord)
	}},
	{"produce_record_count_mismatch", func(c *C) {
		b := batch(1, "a", "b")
		binary.BigEndian.PutUint32(b[57:], 9) // records in the header; the checksum is repaired below
		c.refused("9 records announced, 2 sent", c.produceRaw(c.topic(1), 0, -1, recrc(b)), kerr.InvalidRecord)
	}},
	{"idempotent_sequence", func(c *C) {
		t := c.topic(1)
		id := c.producerID()
		send := func(sequence int32, epoch int16, values ...string) (error, int64) {
			err, p := c.produceAt(t, 0, -1, batchOf(Producer{id, epoch, sequence, false}, 1, values...))
			return err, p.BaseOffset
		}
		err, base := send(0, 0, "a", "b")
		c.same("first batch", []any{err, base}, []any{nil, int64(0)})
		err, base = send(0, 0, "a", "b")
		c.same("the same again is answered, not stored", []any{err, base}, []any{nil, int64(0)})
		err, base = send(2, 0, "c")
		c.same("next batch", []any{err, base}, []any{nil, int64(2)})
		err, _ = send(7, 0, "z")
		c.refused("gap in the sequence", err, kerr.OutOfOrderSequenceNumber)
		e, err := c.adm.ListEndOffsets(c.ctx, t)
		c.same("end", c.at(e, err, t, 0).Offset, int64(3))
	}},
	{"idempotent_epoch", func(c *C) {
		t := c.topic(1)
		id := c.producerID()
		send := func(epoch int16, sequence int32) error {
			return c.produceRaw(t, 0, -1, batchOf(Producer{id, epoch, sequence, false}, 1, "x"))
		}
		c.same("epoch 3", send(3, 0), nil)
		c.refused("epoch 2", send(2, 1), kerr.InvalidProducerEpoch)
		c.refused("epoch 4 must begin at 0", send(4, 1), kerr.OutOfOrderSequenceNumber)
		c.same("epoch 4 from 0", send(4, 0), nil)
	}},
	{"idempotent_ids_differ", func(c *C) {
		a, b := c.producerID(), c.producerID()
		c.true("two ids", a >= 0 && b >= 0 && a != b)
	}},
	{"fetch_offset_out_of_range", func(c *C) {
		t := c.topic(1)
		c.produce(t, 0, 3)
		p := c.fetchRaw(t, 0, 50, -1)
		c.refused("offset 50", kerr.ErrorForCode(p.ErrorCode), kerr.OffsetOutOfRange)
		c.same("high watermark in an error", p.HighWatermark, int64(-1))
	}},
	{"fetch_answer", func(c *C) {
		t := c.topic(1)
		c.produce(t, 0, 3)
		p := c.fetchRaw(t, 0, 1, 0)
		c.same("error, high watermark, last stable offset, log start", []any{p.ErrorCode, p.HighWatermark, p.LastStableOffset, p.LogStartOffset}, []any{int16(0), int64(3), int64(3), int64(0)})
		c.same("first batch", binary.BigEndian.Uint64(p.RecordBatches), uint64(1))
		c.same("leader epoch written into the batch", binary.BigEndian.Uint32(p.RecordBatches[12:]), uint32(0))
	}},
	{"fetch_leader_epoch", func(c *C) {
		t := c.topic(1)
		c.refused("epoch 9", kerr.ErrorForCode(c.fetchRaw(t, 0, 0, 9).ErrorCode), kerr.UnknownLeaderEpoch)
	}},
}

// producerID asks again, as clients do, while a fresh broker still waits for its first block of ids.
func (c *C) producerID() int64 {
	req := kmsg.NewPtrInitProducerIDRequest()
	req.TransactionTimeoutMillis, req.ProducerID, req.ProducerEpoch = 60000, -1, -1
	for {
		r, err := c.cl.Broker(int(c.broker())).Request(c.ctx, req)
		c.ok("producer id", err)
		p := r.(*kmsg.InitProducerIDResponse)
		if p.ErrorCode != kerr.CoordinatorLoadInProgress.Code {
			c.ok("producer id", kerr.ErrorForCode(p.ErrorCode))
			return p.ProducerID
		}
		time.Sleep(50 * time.Millisecond)
	}
}

func (c *C) fetchRaw(t string, partition int32, offset int64, epoch int32) kmsg.FetchResponseTopicPartition {
	l, err := c.adm.ListTopics(c.ctx, t)
	c.ok("metadata", err)
	req, rt, rp := kmsg.NewPtrFetchRequest(), kmsg.NewFetchRequestTopic(), kmsg.NewFetchRequestTopicPartition()
	rp.Partition, rp.FetchOffset, rp.CurrentLeaderEpoch, rp.PartitionMaxBytes = partition, offset, epoch, 1<<20
	rt.Topic, rt.TopicID, rt.Partitions = t, l[t].ID, append(rt.Partitions, rp)
	req.MaxWaitMillis, req.MinBytes, req.MaxBytes, req.SessionEpoch, req.Topics = 200, 1, 1<<20, -1, append(req.Topics, rt)
	r, err := c.cl.Broker(int(c.broker())).Request(c.ctx, req)
	c.ok("fetch", err)
	return r.(*kmsg.FetchResponse).Topics[0].Partitions[0]
}

// Producer is who sends a batch; the zero value with id -1 is no idempotent producer.
type Producer struct {
	id       int64
	epoch    int16
	sequence int32
	txn      bool
}

// batch builds one record batch (magic 2, not compressed) whose first time stamp is given.
func batch(first int64, values ...string) []byte {
	return batchOf(Producer{-1, -1, -1, false}, first, values...)
}

func batchOf(p Producer, first int64, values ...string) []byte {
	var records []byte
	for i, v := range values {
		body := []byte{0}
		body = binary.AppendVarint(body, int64(i)) // time stamp delta
		body = binary.AppendVarint(body, int64(i)) // offset delta
		body = binary.AppendVarint(body, -1)       // no key
		body = binary.AppendVarint(body, int64(len(v)))
		body = append(body, v...)
		body = binary.AppendVarint(body, 0) // headers
		records = append(binary.AppendVarint(records, int64(len(body))), body...)
	}
	n := int32(len(values))
	attributes := uint16(0)
	if p.txn {
		attributes = 1 << 4
	}
	tail := binary.BigEndian.AppendUint16(nil, attributes)
	tail = binary.BigEndian.AppendUint32(tail, uint32(n-1))
	tail = binary.BigEndian.AppendUint64(tail, uint64(first))
	tail = binary.BigEndian.AppendUint64(tail, uint64(first+int64(n)-1))
	tail = binary.BigEndian.AppendUint64(tail, uint64(p.id))
	tail = binary.BigEndian.AppendUint16(tail, uint16(p.epoch))
	tail = binary.BigEndian.AppendUint32(tail, uint32(p.sequence))
	tail = binary.BigEndian.AppendUint32(tail, uint32(n))
	tail = append(tail, records...)

	head := binary.BigEndian.AppendUint64(nil, 0)                   // base offset
	head = binary.BigEndian.AppendUint32(head, uint32(9+len(tail))) // length
	head = binary.BigEndian.AppendUint32(head, 0xffffffff)          // leader epoch
	head = append(head, 2)                                          // magic
	head = binary.BigEndian.AppendUint32(head, crc32.Checksum(tail, crc32.MakeTable(crc32.Castagnoli)))
	return append(head, tail...)
}

// produceRaw sends bytes as they are, without retries, and returns the error of the partition.
func (c *C) produceRaw(t string, partition int32, acks int16, records []byte) error {
	err, _ := c.produceAt(t, partition, acks, records)
	return err
}

func (c *C) produceAt(t string, partition int32, acks int16, records []byte) (error, kmsg.ProduceResponseTopicPartition) {
	l, err := c.adm.ListTopics(c.ctx, t)
	c.ok("metadata", err)
	req := kmsg.NewPtrProduceRequest()
	rt, rp := kmsg.NewProduceRequestTopic(), kmsg.NewProduceRequestTopicPartition()
	rp.Partition, rp.Records = partition, records
	rt.Topic, rt.TopicID, rt.Partitions = t, l[t].ID, append(rt.Partitions, rp)
	req.Acks, req.TimeoutMillis, req.Topics = acks, 5000, append(req.Topics, rt)
	resp, err := c.cl.Broker(int(c.broker())).Request(c.ctx, req)
	c.ok("produce", err)
	p := resp.(*kmsg.ProduceResponse).Topics[0].Partitions[0]
	return kerr.ErrorForCode(p.ErrorCode), p
}

// recrc repairs the checksum of a batch that was changed.
func recrc(b []byte) []byte {
	binary.BigEndian.PutUint32(b[17:], crc32.Checksum(b[21:], crc32.MakeTable(crc32.Castagnoli)))
	return b
}
