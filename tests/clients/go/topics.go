package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

func connect(bootstrap string, options ...kgo.Opt) *kgo.Client {
	client, err := kgo.NewClient(append(options, kgo.SeedBrokers(bootstrap), kgo.MetadataMinAge(100*time.Millisecond))...)
	must(err)
	return client
}

func within() context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	_ = cancel // the program ends before it matters
	return ctx
}

func create(client *kgo.Client, topic string, partitions int) {
	request := kmsg.NewPtrCreateTopicsRequest()
	one := kmsg.NewCreateTopicsRequestTopic()
	one.Topic, one.NumPartitions, one.ReplicationFactor = topic, int32(partitions), 1
	request.Topics = append(request.Topics, one)
	request.TimeoutMillis = int32(limit.Milliseconds())
	response, err := request.RequestWith(within(), client)
	must(err)
	must(kerr.ErrorForCode(response.Topics[0].ErrorCode))
}

func remove(client *kgo.Client, topic string) {
	request := kmsg.NewPtrDeleteTopicsRequest()
	one := kmsg.NewDeleteTopicsRequestTopic()
	one.Topic = &topic
	request.Topics, request.TopicNames = append(request.Topics, one), []string{topic}
	request.TimeoutMillis = int32(limit.Milliseconds())
	response, err := request.RequestWith(within(), client)
	must(err)
	must(kerr.ErrorForCode(response.Topics[0].ErrorCode))
}

func list(client *kgo.Client) {
	request := kmsg.NewPtrMetadataRequest()
	response, err := request.RequestWith(within(), client)
	must(err)
	var names []string
	for _, t := range response.Topics {
		must(kerr.ErrorForCode(t.ErrorCode))
		names = append(names, *t.Topic)
	}
	sort.Strings(names)
	for _, name := range names {
		fmt.Println(name)
	}
}

// ends returns the end offset of each partition.
func ends(client *kgo.Client, topic string, partitions int) map[int32]int64 {
	request := kmsg.NewPtrListOffsetsRequest()
	request.ReplicaID = -1
	one := kmsg.NewListOffsetsRequestTopic()
	one.Topic = topic
	for p := range partitions {
		part := kmsg.NewListOffsetsRequestTopicPartition()
		part.Partition, part.Timestamp, part.CurrentLeaderEpoch = int32(p), -1, -1
		one.Partitions = append(one.Partitions, part)
	}
	request.Topics = append(request.Topics, one)
	response, err := request.RequestWith(within(), client)
	must(err)
	found := map[int32]int64{}
	for _, p := range response.Topics[0].Partitions {
		must(kerr.ErrorForCode(p.ErrorCode))
		found[p.Partition] = p.Offset
	}
	return found
}

// metadata returns what the broker says about a topic.
func metadata(client *kgo.Client, topic string) kmsg.MetadataResponseTopic {
	request := kmsg.NewPtrMetadataRequest()
	one := kmsg.NewMetadataRequestTopic()
	one.Topic = &topic
	request.Topics = append(request.Topics, one)
	response, err := request.RequestWith(within(), client)
	must(err)
	must(kerr.ErrorForCode(response.Topics[0].ErrorCode))
	return response.Topics[0]
}

// fetch asks for the batches at an offset, as a consumer without a session does.
func fetch(client *kgo.Client, topic kmsg.MetadataResponseTopic, partition int, offset int64) kmsg.FetchResponseTopicPartition {
	request := kmsg.NewPtrFetchRequest()
	request.ReplicaID, request.MaxWaitMillis, request.MinBytes, request.MaxBytes, request.SessionEpoch = -1, 500, 1, 1<<20, -1
	one := kmsg.NewFetchRequestTopic()
	one.Topic, one.TopicID = *topic.Topic, topic.TopicID
	part := kmsg.NewFetchRequestTopicPartition()
	part.Partition, part.FetchOffset, part.PartitionMaxBytes = int32(partition), offset, 1<<14
	one.Partitions = append(one.Partitions, part)
	request.Topics = append(request.Topics, one)
	response, err := request.RequestWith(within(), client)
	must(err)
	must(kerr.ErrorForCode(response.ErrorCode))
	return response.Topics[0].Partitions[0]
}

func scan(client *kgo.Client, topic string, partition int) {
	described := metadata(client, topic)
	for offset, size := int64(0), 0; ; {
		part := fetch(client, described, partition, offset)
		if err := kerr.ErrorForCode(part.ErrorCode); err != nil {
			fmt.Println(size, err.(*kerr.Error).Message)
			return
		}
		if offset == part.HighWatermark {
			fmt.Println(size, "END")
			return
		}
		before := offset
		for rest := part.RecordBatches; len(rest) > 61; {
			length := 12 + int(binary.BigEndian.Uint32(rest[8:]))
			if length > len(rest) {
				break
			}
			offset = int64(binary.BigEndian.Uint64(rest)) + int64(binary.BigEndian.Uint32(rest[23:])) + 1
			size, rest = size+length, rest[length:]
		}
		if offset == before {
			fail("%s-%d: no batch at %d of %d", topic, partition, offset, part.HighWatermark)
		}
	}
}

// readAll reads a topic by assignment, from the first offset to the ends, and hands over every record.
func readAll(bootstrap, topic string, partitions int, each func(*kgo.Record)) map[int32]int64 {
	from := map[int32]kgo.Offset{}
	for p := range partitions {
		from[int32(p)] = kgo.NewOffset().AtStart()
	}
	client := connect(bootstrap, kgo.ConsumePartitions(map[string]map[int32]kgo.Offset{topic: from}))
	defer client.Close()
	bounds := ends(client, topic, partitions)
	open := map[int32]bool{}
	for p, end := range bounds {
		if end > 0 {
			open[p] = true
		}
	}
	for len(open) > 0 {
		fetched := client.PollFetches(within())
		for _, e := range fetched.Errors() {
			fail("%s-%d: %v; still open: %v", e.Topic, e.Partition, e.Err, open)
		}
		fetched.EachRecord(func(r *kgo.Record) {
			if r.Offset >= bounds[r.Partition] {
				return
			}
			each(r)
			if r.Offset+1 == bounds[r.Partition] {
				delete(open, r.Partition)
			}
		})
	}
	return bounds
}
