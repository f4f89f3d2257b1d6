package main

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// A member of a consumer group, told what to do on standard input; the lines are those of ../python/member.py.

func assigned(partitions []int32) {
	sort.Slice(partitions, func(i, j int) bool { return partitions[i] < partitions[j] })
	words := make([]string, 0, len(partitions))
	for _, p := range partitions {
		words = append(words, fmt.Sprint(p))
	}
	if len(words) == 0 {
		words = []string{"-"}
	}
	say("ASSIGNED %s", strings.Join(words, ","))
}

func member(bootstrap, group, topic, instance string, sessionMs int) {
	options := []kgo.Opt{kgo.ConsumerGroup(group), kgo.ConsumeTopics(topic), kgo.DisableAutoCommit(),
		kgo.SessionTimeout(time.Duration(sessionMs) * time.Millisecond), kgo.HeartbeatInterval(500 * time.Millisecond),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart())}
	if os.Getenv("GROUP_PROTOCOL") == "consumer" {
		options = append(options, nextGeneration(topic)...)
	} else {
		options = append(options, kgo.Balancers(kgo.RangeBalancer()),
			kgo.OnPartitionsAssigned(func(_ context.Context, _ *kgo.Client, parts map[string][]int32) { assigned(parts[topic]) }))
	}
	if instance != "-" {
		options = append(options, kgo.InstanceID(instance))
	}
	client := connect(bootstrap, options...)
	lines := make(chan []string, 1000)
	go func() {
		scanner := bufio.NewScanner(os.Stdin)
		for scanner.Scan() {
			lines <- strings.Fields(scanner.Text())
		}
		close(lines)
	}()
	for held := false; ; {
		if !held && len(lines) == 0 {
			ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
			client.PollFetches(ctx).EachRecord(func(r *kgo.Record) { say("READ %d %d", r.Partition, r.Offset) })
			cancel()
			select {
			case line, open := <-lines:
				if held = obey(client, topic, line, open); !open {
					return
				}
			default:
			}
			continue
		}
		line, open := <-lines
		if held = obey(client, topic, line, open); !open {
			return
		}
	}
}

// nextGeneration asks for the protocol of KIP-848, in which partitions come and go one step at a time.
func nextGeneration(topic string) []kgo.Opt {
	has, lock := map[int32]bool{}, sync.Mutex{}
	change := func(is bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, parts map[string][]int32) {
			lock.Lock()
			defer lock.Unlock()
			for _, p := range parts[topic] {
				has[p] = is
			}
			var all []int32
			for p, is := range has {
				if is {
					all = append(all, p)
				}
			}
			assigned(all)
		}
	}
	opt := context.WithValue(context.Background(), "opt_in_kafka_next_gen_balancer_beta", true)
	return []kgo.Opt{kgo.WithContext(opt), kgo.Balancers(kgo.CooperativeStickyBalancer()), kgo.OnPartitionsAssigned(change(true)), kgo.OnPartitionsRevoked(change(false)),
		kgo.OnPartitionsLost(change(false))}
}

// obey does what a line says; it returns whether the member holds still.
func obey(client *kgo.Client, topic string, line []string, open bool) bool {
	switch {
	case !open:
		client.Close()
		say("DONE")
	case line[0] == "hold":
		say("HELD")
		return true
	case line[0] == "ping":
		say("PONG")
	default:
		if err := commit(client, topic, line[1:]); err != nil {
			say("REFUSED %s", strings.ReplaceAll(err.Error(), "\n", " "))
		} else {
			say("COMMITTED")
		}
	}
	return false
}

func commit(client *kgo.Client, topic string, place []string) error {
	if len(place) == 0 {
		return client.CommitUncommittedOffsets(within())
	}
	offsets := map[string]map[int32]kgo.EpochOffset{topic: {int32(number(place[0])): {Epoch: -1, Offset: int64(number(place[1]))}}}
	var failed error
	client.CommitOffsetsSync(within(), offsets, func(_ *kgo.Client, _ *kmsg.OffsetCommitRequest, response *kmsg.OffsetCommitResponse, err error) {
		failed = err
		if err == nil && len(response.Topics) == 0 {
			failed = fmt.Errorf("nothing was committed")
		}
		for _, t := range responseTopics(response) {
			for _, p := range t.Partitions {
				if failed == nil {
					failed = kerr.ErrorForCode(p.ErrorCode)
				}
			}
		}
	})
	return failed
}

func responseTopics(response *kmsg.OffsetCommitResponse) []kmsg.OffsetCommitResponseTopic {
	if response == nil {
		return nil
	}
	return response.Topics
}

// committed prints the offsets of a group, a line "C partition offset" each.
func committed(client *kgo.Client, group string) {
	request := kmsg.NewPtrOffsetFetchRequest()
	one := kmsg.NewOffsetFetchRequestGroup()
	one.Group = group
	request.Groups = append(request.Groups, one)
	response, err := request.RequestWith(within(), client)
	must(err)
	must(kerr.ErrorForCode(response.Groups[0].ErrorCode))
	for _, t := range response.Groups[0].Topics {
		for _, p := range t.Partitions {
			must(kerr.ErrorForCode(p.ErrorCode))
			fmt.Println("C", p.Partition, p.Offset)
		}
	}
}
