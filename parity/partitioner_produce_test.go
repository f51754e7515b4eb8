package parity

import (
	"fmt"
	"testing"
	"time"

	peer "github.com/confluentinc/confluent-kafka-go/v2/kafka"
	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
	"github.com/twmb/franz-go/pkg/kfake"
)

// TestPartitionersProduce: both producers place the same keys on the same partitions. Fifty of the vectors' keys are
// enough here: what is tested is that the property reaches the partitioner, in both.
func TestPartitionersProduce(t *testing.T) {
	t.Parallel()
	counts := []int{1, 2, 7, 64, 1000}
	var topics []kfake.Opt
	for _, n := range counts {
		topics = append(topics, testcluster.Topic(topicOf(n), n))
	}
	cluster := testcluster.New(t, 1, topics...)
	keys := [][]byte{nil, {}}
	for i, key := range partitionerKeys() {
		if i%200 == 7 {
			keys = append(keys, key)
		}
	}
	for _, name := range []string{"", "random", "consistent", "consistent_random", "murmur2", "murmur2_random", "fnv1a", "fnv1a_random"} {
		ours := ourPlaces(t, cluster.Bootstrap, name, counts, keys)
		theirs := peerPlaces(t, cluster.Bootstrap, name, counts, keys)
		for j, n := range counts {
			for i, key := range keys {
				if hashed(name, key) && ours[j][i] != theirs[j][i] {
					t.Errorf("partitioner=%s, %d partitions, key %s: ours chose %d, the peer %d", name, n, keyText(key), ours[j][i], theirs[j][i])
				}
			}
			if name == "random" && n > 1 {
				for side, places := range map[string][]int32{"ours": ours[j], "the peer": theirs[j]} {
					different := map[int32]bool{}
					for _, p := range places {
						different[p] = true
					}
					if len(different) < min(n, 10)/2 {
						t.Errorf("partitioner=random: %s put %d keys on %d of %d partitions", side, len(keys), len(different), n)
					}
				}
			}
		}
	}
}

func topicOf(partitions int) string { return fmt.Sprintf("p%d", partitions) }

// hashed reports whether a partitioner goes by the key and not by chance. "" is the default, consistent_random.
func hashed(partitioner string, key []byte) bool {
	switch partitioner {
	case "random":
		return false
	case "", "consistent_random":
		return len(key) > 0
	case "murmur2_random", "fnv1a_random":
		return key != nil
	}
	return true
}

// ourPlaces produces the keys to each topic with our producer and returns the partitions of their delivery reports.
func ourPlaces(t *testing.T, bootstrap, partitioner string, counts []int, keys [][]byte) [][]int32 {
	t.Helper()
	m := &kafka.ConfigMap{"bootstrap.servers": bootstrap, "log_level": 0}
	if partitioner != "" {
		_ = m.SetKey("partitioner", partitioner)
	}
	p, err := kafka.NewProducer(m)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	reports := make(chan kafka.Event, len(counts)*len(keys))
	places := make([][]int32, len(counts))
	for j, n := range counts {
		places[j] = make([]int32, len(keys))
		topic := topicOf(n)
		for i, key := range keys {
			tp := kafka.TopicPartition{Topic: &topic, Partition: kafka.PartitionAny}
			if err := p.Produce(&kafka.Message{TopicPartition: tp, Key: key, Opaque: [2]int{j, i}}, reports); err != nil {
				t.Fatal(err)
			}
		}
	}
	late := time.After(30 * time.Second)
	for range cap(reports) {
		select {
		case ev := <-reports:
			r := ev.(*kafka.Message)
			if r.TopicPartition.Error != nil {
				t.Fatalf("ours: %v", r.TopicPartition)
			}
			at := r.Opaque.([2]int)
			places[at[0]][at[1]] = r.TopicPartition.Partition
		case <-late:
			t.Fatal("ours: not all messages are reported")
		}
	}
	return places
}

// peerPlaces does what ourPlaces does, with the peer's producer.
func peerPlaces(t *testing.T, bootstrap, partitioner string, counts []int, keys [][]byte) [][]int32 {
	t.Helper()
	m := &peer.ConfigMap{"bootstrap.servers": bootstrap, "log_level": 0}
	if partitioner != "" {
		_ = m.SetKey("partitioner", partitioner)
	}
	p, err := peer.NewProducer(m)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	reports := make(chan peer.Event, len(counts)*len(keys))
	places := make([][]int32, len(counts))
	for j, n := range counts {
		places[j] = make([]int32, len(keys))
		topic := topicOf(n)
		for i, key := range keys {
			tp := peer.TopicPartition{Topic: &topic, Partition: peer.PartitionAny}
			if err := p.Produce(&peer.Message{TopicPartition: tp, Key: key, Opaque: [2]int{j, i}}, reports); err != nil {
				t.Fatal(err)
			}
		}
	}
	late := time.After(30 * time.Second)
	for range cap(reports) {
		select {
		case ev := <-reports:
			r := ev.(*peer.Message)
			if r.TopicPartition.Error != nil {
				t.Fatalf("the peer: %v", r.TopicPartition)
			}
			at := r.Opaque.([2]int)
			places[at[0]][at[1]] = r.TopicPartition.Partition
		case <-late:
			t.Fatal("the peer: not all messages are reported")
		}
	}
	return places
}
