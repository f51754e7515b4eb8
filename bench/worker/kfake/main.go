// A broker in memory, in a process of its own, which is not measured. It prints its addresses and runs until its
// standard input ends.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/purego-kafka/kafka/bench/internal/work"
)

var codecs = map[string]kgo.CompressionCodec{
	"gzip": kgo.GzipCompression(), "snappy": kgo.SnappyCompression(), "lz4": kgo.Lz4Compression(), "zstd": kgo.ZstdCompression(),
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// withoutTelemetry are the requests of a broker that does not ask clients for their metrics (KIP-714), as Apache Kafka does
// not without a plugin for that. kfake asks for all of them.
func withoutTelemetry() *kversion.Versions {
	v := kversion.Stable()
	v.SetMaxKeyVersion(int16(kmsg.GetTelemetrySubscriptions), -1)
	v.SetMaxKeyVersion(int16(kmsg.PushTelemetry), -1)
	return v
}

func run() error {
	var j work.Job
	if len(os.Args) != 2 {
		return fmt.Errorf("usage: %s JOB", os.Args[0])
	}
	if err := json.Unmarshal([]byte(os.Args[1]), &j); err != nil {
		return err
	}
	opts := []kfake.Opt{
		kfake.NumBrokers(1),
		kfake.MaxVersions(withoutTelemetry()),
		kfake.SeedTopics(int32(j.Partitions), j.TopicNames()...),
		kfake.BrokerConfigs(map[string]string{"message.max.bytes": strconv.Itoa(2 * j.MaxMessage)}),
		// A message that is to be read where it was produced has to be kept; else the client is to be the limit.
	}
	if j.Work != "end-to-end" {
		batch := kfake.SyntheticBatch{RecordBytes: j.Bytes, Compression: codecs[j.Codec]}
		if j.FetchPartitionBytes < 1<<20 { // its batches have a megabyte else
			batch.Records = max(1, j.FetchPartitionBytes/(j.Bytes+20))
		}
		if j.Text {
			batch.RandomFrac = 0.5
		}
		opts = append(opts, kfake.BlackholeProduce(), kfake.SyntheticFetch(batch))
	}
	c, err := kfake.NewCluster(opts...)
	if err != nil {
		return err
	}
	defer c.Close()
	fmt.Println(strings.Join(c.ListenAddrs(), ","))
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}
