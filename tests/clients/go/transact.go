package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"
)

// A producer of transactions, told what to do on standard input, and a reader of what is there; the lines are those of
// ../python/transact.py. Without epochs of their own (TRANSACTIONS=old) it speaks as Kafka 2.7 did.

func transact(bootstrap, id string, timeoutMs int) {
	versions := kversion.Stable()
	if os.Getenv("TRANSACTIONS") == "old" {
		versions = kversion.V2_7_0()
	}
	client := connect(bootstrap, kgo.MaxVersions(versions), kgo.TransactionalID(id), kgo.TransactionTimeout(time.Duration(timeoutMs)*time.Millisecond),
		kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.RecordDeliveryTimeout(limit),
		kgo.RequestTimeoutOverhead(time.Duration(number(os.Getenv("PATIENCE_MS")))*time.Millisecond))
	_, _, err := client.ProducerID(within())
	must(err)
	say("READY")
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		err := step(client, id, strings.Fields(lines.Text()))
		switch {
		case err == nil:
			say("OK")
		case errors.Is(err, kerr.ProducerFenced), errors.Is(err, kerr.InvalidProducerEpoch):
			say("FENCED %s", strings.ReplaceAll(err.Error(), "\n", " "))
		default:
			say("FAILED %s", strings.ReplaceAll(err.Error(), "\n", " "))
		}
	}
	say("DONE")
}

func step(client *kgo.Client, id string, words []string) error {
	switch words[0] {
	case "begin":
		return client.BeginTransaction()
	case "send":
		record := &kgo.Record{Topic: words[1], Partition: int32(number(words[2])), Value: []byte(words[3])}
		return client.ProduceSync(within(), record).FirstErr()
	case "offsets":
		return txnOffsets(client, id, words[1:])
	case "commit":
		return client.EndTransaction(within(), kgo.TryCommit)
	case "abort":
		return client.EndTransaction(within(), kgo.TryAbort)
	}
	return fmt.Errorf("no such line: %q", words)
}

// txnOffsets commits an offset in the transaction; what was sent before has begun it.
func txnOffsets(client *kgo.Client, id string, words []string) error {
	producer, epoch, err := client.ProducerID(within())
	if err != nil {
		return err
	}
	if os.Getenv("TRANSACTIONS") == "old" {
		add := kmsg.NewPtrAddOffsetsToTxnRequest()
		add.TransactionalID, add.ProducerID, add.ProducerEpoch, add.Group = id, producer, epoch, words[0]
		added, err := add.RequestWith(within(), client)
		if err == nil {
			err = kerr.ErrorForCode(added.ErrorCode)
		}
		if err != nil {
			return err
		}
	}
	request := kmsg.NewPtrTxnOffsetCommitRequest()
	request.TransactionalID, request.ProducerID, request.ProducerEpoch, request.Group = id, producer, epoch, words[0]
	topic, partition := kmsg.NewTxnOffsetCommitRequestTopic(), kmsg.NewTxnOffsetCommitRequestTopicPartition()
	partition.Partition, partition.Offset = int32(number(words[2])), int64(number(words[3]))
	topic.Topic, topic.Partitions = words[1], append(topic.Partitions, partition)
	request.Topics = append(request.Topics, topic)
	response, err := request.RequestWith(within(), client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(response.Topics[0].Partitions[0].ErrorCode)
}

// see prints what a reader of this isolation gets of a partition.
func see(bootstrap, topic string, partition int, isolation string) {
	level := kgo.ReadUncommitted()
	if isolation == "read_committed" {
		level = kgo.ReadCommitted()
	}
	place := map[string]map[int32]kgo.Offset{topic: {int32(partition): kgo.NewOffset().AtStart()}}
	client := connect(bootstrap, kgo.FetchIsolationLevel(level), kgo.ConsumePartitions(place), kgo.KeepControlRecords())
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID, request.IsolationLevel = -1, 0
	if isolation == "read_committed" {
		request.IsolationLevel = 1
	}
	asked, one := kmsg.NewListOffsetsRequestTopic(), kmsg.NewListOffsetsRequestTopicPartition()
	one.Partition, one.Timestamp = int32(partition), -1
	asked.Topic, asked.Partitions = topic, append(asked.Partitions, one)
	request.Topics = append(request.Topics, asked)
	response, err := request.RequestWith(within(), client)
	must(err)
	must(kerr.ErrorForCode(response.Topics[0].Partitions[0].ErrorCode))
	end := response.Topics[0].Partitions[0].Offset
	for next := int64(0); next < end; {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		fetches := client.PollFetches(ctx)
		cancel()
		fetches.EachRecord(func(r *kgo.Record) {
			next = r.Offset + 1
			if !r.Attrs.IsControl() {
				say("V %s", r.Value)
			}
		})
		// What is left out at the end has no record that says so.
		if fetches.NumRecords() == 0 {
			break
		}
	}
	say("END %d", end)
}
