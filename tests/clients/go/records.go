package main

import (
	"bytes"
	"fmt"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// The records of a round trip: record n of a topic is the same in each language, see ../python/records.py.

const partitions = 3

var codecs = []struct {
	name  string
	codec kgo.CompressionCodec
}{
	{"none", kgo.NoCompression()},
	{"gzip", kgo.GzipCompression()},
	{"snappy", kgo.SnappyCompression()},
	{"lz4", kgo.Lz4Compression()},
	{"zstd", kgo.ZstdCompression()},
}

func record(topic string, n int, baseTime int64) *kgo.Record {
	r := &kgo.Record{Topic: topic, Partition: int32(n % partitions), Timestamp: time.UnixMilli(baseTime + int64(n))}
	if n%7 != 0 {
		r.Key = fmt.Appendf(nil, "key-%d", n)
	}
	switch {
	case n%11 == 0 && n%7 != 0:
	case n%13 == 0:
		r.Value = []byte{}
	default:
		r.Value = fmt.Appendf(nil, "value-%d-", n)
		r.Value = append(r.Value, bytes.Repeat([]byte{byte('a' + n%26)}, n*37%400)...)
		r.Value = append(r.Value, 0, 255)
	}
	own := fmt.Appendf(nil, "%d", n)
	all := []kgo.RecordHeader{{Key: "h0", Value: own}, {Key: "h1", Value: []byte{}}, {Key: "h0", Value: own}}
	r.Headers = all[:n%4]
	return r
}

func same(got, want []byte) bool {
	return bytes.Equal(got, want) && (got == nil) == (want == nil)
}

func compare(got, want *kgo.Record, offset int64) {
	where := fmt.Sprintf("%s-%d@%d", got.Topic, got.Partition, got.Offset)
	if got.Offset != offset {
		fail("%s: the offset is not %d", where, offset)
	}
	if !got.Timestamp.Equal(want.Timestamp) {
		fail("%s: timestamp is %v, %v was written", where, got.Timestamp, want.Timestamp)
	}
	if !same(got.Key, want.Key) {
		fail("%s: key is %q, %q was written", where, got.Key, want.Key)
	}
	if !same(got.Value, want.Value) {
		fail("%s: value is %q, %q was written", where, got.Value, want.Value)
	}
	if len(got.Headers) != len(want.Headers) {
		fail("%s: headers are %v, %v were written", where, got.Headers, want.Headers)
	}
	for i, h := range got.Headers {
		if h.Key != want.Headers[i].Key || !bytes.Equal(h.Value, want.Headers[i].Value) {
			fail("%s: headers are %v, %v were written", where, got.Headers, want.Headers)
		}
	}
}

func write(bootstrap, topic string, codec kgo.CompressionCodec, count int, baseTime int64) {
	client := connect(bootstrap, kgo.RecordPartitioner(kgo.ManualPartitioner()), kgo.ProducerBatchCompression(codec),
		kgo.RequiredAcks(kgo.AllISRAcks()))
	defer client.Close()
	create(client, topic, partitions)
	for n := range count {
		client.Produce(within(), record(topic, n, baseTime), func(_ *kgo.Record, err error) { must(err) })
	}
	must(client.Flush(within()))
}

func read(bootstrap, topic string, count int, baseTime int64) {
	var next [partitions]int
	bounds := readAll(bootstrap, topic, partitions, func(r *kgo.Record) {
		at := next[r.Partition]
		next[r.Partition]++
		compare(r, record(topic, at*partitions+int(r.Partition), baseTime), int64(at))
	})
	for p := range partitions {
		if want := int64((count - p + partitions - 1) / partitions); bounds[int32(p)] != want || int64(next[p]) != want {
			fail("%s-%d: end offset %d, %d read, %d were written", topic, p, bounds[int32(p)], next[p], want)
		}
	}
}

func roundtrip(action, bootstrap, prefix string, records int, baseTime int64) {
	count := records / len(codecs)
	for _, c := range codecs {
		topic := prefix + "-" + c.name
		if action != "read" {
			write(bootstrap, topic, c.codec, count, baseTime)
		}
		if action != "write" {
			read(bootstrap, topic, count, baseTime)
		}
	}
	fmt.Printf("franz-go: %d records equal and in order\n", count*len(codecs))
}
