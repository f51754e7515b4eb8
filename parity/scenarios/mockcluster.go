package main

import (
	"context"
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/confluentinc/confluent-kafka-go/v2/kafka"
)

// mocked starts an embedded cluster and gives its addresses.
func (t *T) mocked(brokers int) (*kafka.MockCluster, string) {
	mc := t.mockCluster(brokers)
	return mc, mc.BootstrapServers()
}

// seen shows a topic as metadata has it.
func (t *T) seen(a *kafka.AdminClient, topic string) {
	md, err := a.GetMetadata(&topic, false, 10000)
	if err != nil {
		t.ErrT("metadata", err)
		return
	}
	tm := md.Topics[topic]
	leaders, replicas := true, map[int]int{}
	for _, p := range tm.Partitions {
		leaders = leaders && p.Leader > 0
		replicas[len(p.Replicas)]++
	}
	t.P("%s: %s partitions %d leaders %v replicas %v", topic, kef(tm.Error), len(tm.Partitions), leaders, replicas)
}

func init() {
	reg("mockcluster.create_topic", func(t *T) {
		mc, boot := t.mocked(3)
		a := t.Admin("bootstrap.servers", boot)
		for _, c := range []struct{ partitions, replicas int }{{1, 1}, {7, 3}, {3, 2}, {2, 9}, {100, 3}} {
			n := fmt.Sprintf("t-%d-%d", c.partitions, c.replicas)
			t.ErrT(n, mc.CreateTopic(n, c.partitions, c.replicas))
			t.seen(a, n)
		}
		t.ErrT("again", mc.CreateTopic("t-1-1", 1, 1))
		t.ErrT("again, of another size", mc.CreateTopic("t-1-1", 5, 2))
		t.seen(a, "t-1-1")
		t.seen(a, "made-by-asking")
		t.ErrT("made by asking", mc.CreateTopic("made-by-asking", 1, 1))
	})

	reg("mockcluster.no_partitions", func(t *T) {
		mc, boot := t.mocked(1)
		t.ErrT("create", mc.CreateTopic("t", 0, 1))
		t.seen(t.Admin("bootstrap.servers", boot), "t")
	})

	reg("mockcluster.brokers", func(t *T) {
		for _, n := range []int{1, 2, 5} {
			mc, err := kafka.NewMockCluster(n)
			t.Must("mock", err)
			addrs := strings.Split(mc.BootstrapServers(), ",")
			a, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": mc.BootstrapServers()})
			t.Must("admin", err)
			md, err := a.GetMetadata(nil, true, 10000)
			t.Must("metadata", err)
			sort.Slice(md.Brokers, func(i, j int) bool { return md.Brokers[i].ID < md.Brokers[j].ID })
			for i, b := range md.Brokers {
				t.P("%d: id %d host %s in the list %v", n, b.ID, b.Host, addrs[i] == fmt.Sprintf("%s:%d", b.Host, b.Port))
			}
			t.P("%d: topics %d", n, len(md.Topics))
			ctx, cancel := ctxSec(10)
			id, err := a.ClusterID(ctx)
			t.P("%d: cluster id %v %s", n, strings.HasPrefix(id, "mockCluster"), ef(err))
			cancel()
			a.Close()
			mc.Close()
		}
	})

	reg("mockcluster.round_trip_ids", func(t *T) {
		mc, _ := t.mocked(2)
		for _, id := range []int{-2, -1, 0, 1, 2, 3} {
			t.ErrT(fmt.Sprint("rtt ", id), mc.SetRoundtripDuration(id, 0))
			t.ErrT(fmt.Sprint("down ", id), mc.SetBrokerDown(id))
			t.ErrT(fmt.Sprint("down again ", id), mc.SetBrokerDown(id))
			t.ErrT(fmt.Sprint("up ", id), mc.SetBrokerUp(id))
			t.ErrT(fmt.Sprint("up again ", id), mc.SetBrokerUp(id))
		}
	})

	reg("mockcluster.round_trip", func(t *T) {
		mc, boot := t.mocked(1)
		p := t.Producer("bootstrap.servers", boot)
		t.report("before", p, message("t", 0, "k", "v"))
		t.Must("rtt", mc.SetRoundtripDuration(1, 700*time.Millisecond))
		begin := time.Now()
		t.report("slow", p, message("t", 0, "k", "v"))
		took := time.Since(begin)
		t.P("0.6 s to 3 s: %v", took >= 600*time.Millisecond && took < 3*time.Second)
		_, err := p.GetMetadata(nil, true, 100)
		t.ErrT("in 0.1 s", err)
		t.Must("rtt", mc.SetRoundtripDuration(-1, 0))
		time.Sleep(time.Second)
		begin = time.Now()
		t.report("fast", p, message("t", 0, "k", "v"))
		t.P("at once: %v", time.Since(begin) < 500*time.Millisecond)
	})

	reg("mockcluster.down_and_up", func(t *T) {
		mc, boot := t.mocked(1)
		t.Must("create", mc.CreateTopic("t", 1, 1))
		p := t.Producer("bootstrap.servers", boot, "message.timeout.ms", 1500, "reconnect.backoff.max.ms", 200, "log_level", 0)
		t.report("up", p, message("t", 0, "k", "0"))
		t.Must("down", mc.SetBrokerDown(1))
		t.report("down", p, message("t", 0, "k", "1"))
		seen := map[kafka.ErrorCode]bool{}
		waitFor(5*time.Second, func() bool {
			select {
			case ev := <-p.Events():
				if e, ok := ev.(kafka.Error); ok && !seen[e.Code()] {
					seen[e.Code()] = true
				}
			default:
			}
			return len(seen) >= 2
		})
		t.P("ErrTransport %v ErrAllBrokersDown %v", seen[kafka.ErrTransport], seen[kafka.ErrAllBrokersDown])
		t.Must("up", mc.SetBrokerUp(1))
		t.report("up again", p, message("t", 0, "k", "2"))
		c := t.Consumer("g", "bootstrap.servers", boot, "auto.offset.reset", "earliest")
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo("t", 0, 0)}))
		t.P("%s", values(Read(c, 2, 20*time.Second)))
	})

	reg("mockcluster.kept_over_an_outage", func(t *T) {
		mc, boot := t.mocked(1)
		t.Must("create", mc.CreateTopic("t", 1, 1))
		p := t.Producer("bootstrap.servers", boot, "reconnect.backoff.max.ms", 200, "log_level", 0)
		t.report("before", p, message("t", 0, "k", "0"))
		t.Must("down", mc.SetBrokerDown(-1))
		ch := make(chan kafka.Event, 10)
		for i := 1; i < 4; i++ {
			t.Must("produce", p.Produce(message("t", 0, "k", fmt.Sprint(i)), ch))
		}
		t.P("left after 0.5 s: %v", p.Flush(500) > 0)
		t.P("reports %d", len(Drain(ch, 3, 0)))
		t.Must("up", mc.SetBrokerUp(-1))
		for _, m := range Drain(ch, 3, 20*time.Second) {
			t.P("%s", mf(m))
		}
	})

	reg("mockcluster.one_of_three_down", func(t *T) {
		mc, boot := t.mocked(3)
		t.Must("create", mc.CreateTopic("t", 24, 1))
		p := t.Producer("bootstrap.servers", boot, "message.timeout.ms", 3000, "reconnect.backoff.max.ms", 200, "log_level", 0)
		md, err := p.GetMetadata(nil, true, 10000)
		t.Must("metadata", err)
		t.Must("down", mc.SetBrokerDown(2))
		ch := make(chan kafka.Event, 24)
		for _, pm := range md.Topics["t"].Partitions {
			t.Must("produce", p.Produce(message("t", pm.ID, "k", "v"), ch))
		}
		bad, wrong := 0, 0
		for _, m := range Drain(ch, 24, 20*time.Second) {
			leader := md.Topics["t"].Partitions[m.TopicPartition.Partition].Leader
			if m.TopicPartition.Error != nil {
				bad++
			}
			if (m.TopicPartition.Error != nil) != (leader == 2) {
				wrong++
			}
		}
		t.P("failed some %v, of other leaders %d", bad > 0 && bad < 24, wrong)
	})

	reg("mockcluster.messages", func(t *T) {
		_, boot := t.mocked(1)
		p := t.Producer("bootstrap.servers", boot)
		at := time.UnixMilli(1600000000123)
		for i, m := range []*kafka.Message{
			{TopicPartition: tp("t", 2), Key: []byte("k"), Value: []byte("v"), Timestamp: at, Headers: []kafka.Header{{Key: "h", Value: []byte("1")}, {Key: "h"}, {Key: "", Value: []byte{}}}},
			{TopicPartition: tp("t", 2)}, {TopicPartition: tp("t", 2), Key: []byte{}, Value: []byte{}}, {TopicPartition: tp("t", 2), Value: []byte("v")},
		} {
			t.report(fmt.Sprint(i), p, m)
		}
		c := t.Consumer("g", "bootstrap.servers", boot, "enable.partition.eof", true)
		t.Must("assign", c.Assign([]kafka.TopicPartition{tpo("t", 2, 0)}))
		for _, m := range t.ReadToEOF(c, 1, 20*time.Second) {
			t.P("%s the time given %v", mf(m), m.Timestamp.Equal(at))
		}
		lo, hi, err := c.QueryWatermarkOffsets("t", 2, 10000)
		t.P("%d %d %s", lo, hi, ef(err))
		lo, hi, err = c.QueryWatermarkOffsets("t", 0, 10000)
		t.P("%d %d %s", lo, hi, ef(err))
		lo, hi, err = c.QueryWatermarkOffsets("t", 9, 10000)
		t.P("%d %d %s", lo, hi, ef(err))
	})

	reg("mockcluster.compression", func(t *T) {
		_, boot := t.mocked(1)
		for i, codec := range []string{"none", "gzip", "snappy", "lz4", "zstd"} {
			p := t.Producer("bootstrap.servers", boot, "compression.type", codec, "linger.ms", 50)
			topic := "t-" + codec
			t.SendBy(p, message(topic, 0, "k", strings.Repeat("x", 200)), message(topic, 0, "k", strings.Repeat("y", 200)))
			c := t.Consumer(fmt.Sprint("g", i), "bootstrap.servers", boot)
			t.Must("assign", c.Assign([]kafka.TopicPartition{tpo(topic, 0, 0)}))
			n := 0
			for _, m := range Read(c, 2, 20*time.Second) {
				n += len(m.Value)
			}
			t.P("%s %d", codec, n)
		}
	})

	reg("mockcluster.group_commits", func(t *T) {
		mc, boot := t.mocked(3)
		t.Must("create", mc.CreateTopic("t", 1, 1))
		p := t.Producer("bootstrap.servers", boot)
		for i := range 4 {
			t.SendBy(p, message("t", 0, "k", fmt.Sprint(i)))
		}
		kv := []any{"bootstrap.servers", boot, "auto.offset.reset", "earliest", "enable.auto.commit", false}
		c := t.Consumer("g", kv...)
		at := func(label string) { // the peer's broker makes up an epoch
			cs, err := c.Committed([]kafka.TopicPartition{tp("t", 0)}, 10000)
			t.Must("committed", err)
			t.P("%s: %d", label, cs[0].Offset)
		}
		at("nothing yet")
		t.Must("subscribe", c.Subscribe("t", nil))
		t.P("%s", values(Read(c, 2, 40*time.Second)))
		as, err := c.Assignment()
		t.P("%s %s", parts(as), ef(err))
		cs, err := c.CommitOffsets([]kafka.TopicPartition{tpo("t", 0, 2)})
		t.P("%s %s", tpsf(cs), ef(err))
		at("two")
		t.Must("close", c.Close())
		e := t.Consumer("other", kv...)
		t.Must("subscribe", e.Subscribe("t", nil))
		t.P("%s", values(Read(e, 4, 40*time.Second)))
	})

	reg("mockcluster.regex_subscription", func(t *T) {
		mc, boot := t.mocked(1)
		for _, n := range []string{"ab", "ac", "b"} {
			t.Must("create", mc.CreateTopic(n, 1, 1))
		}
		c := t.Consumer("g", "bootstrap.servers", boot, "auto.offset.reset", "earliest")
		t.Must("subscribe", c.Subscribe("^a", nil))
		ok := waitFor(40*time.Second, func() bool { c.Poll(100); as, _ := c.Assignment(); return len(as) > 0 })
		as, _ := c.Assignment()
		t.P("%v %s", ok, parts(as))
	})

	reg("mockcluster.transactions", func(t *T) {
		mc, boot := t.mocked(1)
		t.Must("create", mc.CreateTopic("t", 1, 1))
		p := t.Producer("bootstrap.servers", boot, "transactional.id", "tx")
		ctx, cancel := ctxSec(40)
		defer cancel()
		t.ErrT("init", p.InitTransactions(ctx))
		t.ErrT("begin", p.BeginTransaction())
		t.report("message", p, message("t", 0, "k", "kept"))
		t.ErrT("commit", p.CommitTransaction(ctx))
		t.ErrT("begin", p.BeginTransaction())
		cg, err := kafka.NewTestConsumerGroupMetadata("g")
		t.Must("group", err)
		t.ErrT("offsets", p.SendOffsetsToTransaction(ctx, []kafka.TopicPartition{tpo("t", 0, 1)}, cg))
		t.ErrT("commit", p.CommitTransaction(ctx))
		t.ErrT("begin", p.BeginTransaction())
		t.ErrT("abort", p.AbortTransaction(ctx))
		t.ErrT("begin", p.BeginTransaction())
		t.ErrT("commit of nothing", p.CommitTransaction(ctx))
	})

	reg("mockcluster.idempotent", func(t *T) {
		mc, boot := t.mocked(2)
		t.Must("create", mc.CreateTopic("t", 2, 1))
		p := t.Producer("bootstrap.servers", boot, "enable.idempotence", true, "log_level", 0, "reconnect.backoff.max.ms", 200)
		t.report("0", p, message("t", 0, "k", "0"))
		t.Must("down", mc.SetBrokerDown(-1))
		ch := make(chan kafka.Event, 10)
		for i := 1; i < 5; i++ {
			t.Must("produce", p.Produce(message("t", 0, "k", fmt.Sprint(i)), ch))
		}
		time.Sleep(500 * time.Millisecond)
		t.Must("up", mc.SetBrokerUp(-1))
		for _, m := range Drain(ch, 4, 30*time.Second) {
			t.P("%s", mf(m))
		}
	})

	reg("mockcluster.admin_reads", func(t *T) {
		mc, boot := t.mocked(2)
		t.Must("create", mc.CreateTopic("t", 2, 2))
		a := t.Admin("bootstrap.servers", boot)
		ctx, cancel := ctxSec(20)
		defer cancel()
		d, err := a.DescribeTopics(ctx, topicsOf("t"))
		t.ErrT("topics", err)
		for _, d := range d.TopicDescriptions {
			t.P("%s %s partitions %d operations %s", d.Name, kef(d.Error), len(d.Partitions), ops(d.AuthorizedOperations))
			for _, p := range d.Partitions {
				t.P("  %d leader %s replicas %d in sync %d", p.Partition, node(p.Leader), len(p.Replicas), len(p.Isr))
			}
		}
		c, err := a.DescribeCluster(ctx)
		t.ErrT("cluster", err)
		t.P("nodes %d id %v operations %s", len(c.Nodes), c.ClusterID != nil, ops(c.AuthorizedOperations))
		o, err := a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{tp("t", 0): kafka.EarliestOffsetSpec, tp("t", 1): kafka.LatestOffsetSpec}, kafka.SetAdminRequestTimeout(5*time.Second))
		t.offsets("offsets", o, err)
	})

	reg("mockcluster.admin_changes", func(t *T) {
		_, boot := t.mocked(1)
		a := t.Admin("bootstrap.servers", boot)
		ctx, cancel := context.WithTimeout(context.Background(), 3*time.Second)
		defer cancel()
		rs, err := a.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: "made", NumPartitions: 1}}, kafka.SetAdminRequestTimeout(time.Second))
		t.results("create", rs, err)
		gs, err := a.ListConsumerGroups(ctx, kafka.SetAdminRequestTimeout(time.Second))
		t.ErrT("groups", err)
		for _, e := range gs.Errors {
			t.ErrT("groups", e)
		}
	})

	reg("mockcluster.closed_under_clients", func(t *T) {
		mc, err := kafka.NewMockCluster(1)
		t.Must("mock", err)
		boot := mc.BootstrapServers()
		p := t.Producer("bootstrap.servers", boot, "message.timeout.ms", 1500, "log_level", 0)
		t.report("open", p, message("t", 0, "k", "v"))
		mc.Close()
		t.report("closed", p, message("t", 0, "k", "v"))
		_, err = p.GetMetadata(nil, true, 500)
		t.P("an error %v", err != nil)
	})

	reg("mockcluster.two_clusters", func(t *T) {
		_, one := t.mocked(1)
		_, two := t.mocked(1)
		t.P("differ %v", one != two)
		p, q := t.Producer("bootstrap.servers", one), t.Producer("bootstrap.servers", two)
		t.report("one", p, message("t", 0, "k", "one"))
		t.report("one", p, message("t", 0, "k", "two"))
		t.report("two", q, message("t", 0, "k", "other"))
		for _, boot := range []string{one, two} {
			c := t.Consumer("g", "bootstrap.servers", boot, "enable.partition.eof", true)
			t.Must("assign", c.Assign([]kafka.TopicPartition{tpo("t", 0, 0)}))
			t.P("%s", values(t.ReadToEOF(c, 1, 20*time.Second)))
		}
	})

	reg("mockcluster.reset_and_seek", func(t *T) {
		mc, boot := t.mocked(1)
		t.Must("create", mc.CreateTopic("t", 1, 1))
		p := t.Producer("bootstrap.servers", boot)
		for i := range 5 {
			t.SendBy(p, message("t", 0, "k", fmt.Sprint(i)))
		}
		c := t.Consumer("g", "bootstrap.servers", boot, "enable.partition.eof", true, "auto.offset.reset", "earliest")
		for _, o := range []kafka.Offset{kafka.OffsetBeginning, kafka.OffsetEnd, kafka.OffsetStored, kafka.OffsetTail(2), 3, 99, kafka.OffsetInvalid} {
			t.Must("assign", c.Assign([]kafka.TopicPartition{tpo("t", 0, o)}))
			t.P("%s: %s", o, values(t.ReadToEOF(c, 1, 20*time.Second)))
		}
		t.ErrT("seek", c.Seek(tpo("t", 0, 1), 5000))
		t.P("%s", values(t.ReadToEOF(c, 1, 20*time.Second)))
		t.Must("pause", c.Pause([]kafka.TopicPartition{tp("t", 0)}))
		t.SendBy(p, message("t", 0, "k", "5"))
		t.P("paused: %v", c.Poll(500) == nil)
		t.Must("resume", c.Resume([]kafka.TopicPartition{tp("t", 0)}))
		t.P("%s", values(Read(c, 1, 10*time.Second)))
		t.position("at", c, tp("t", 0))
	})

	reg("mockcluster.test_setting_producer", func(t *T) {
		for _, kv := range [][]any{{"test.mock.num.brokers", 3}, {"test.mock.num.brokers", "1"}} {
			p := t.Producer(append([]any{"bootstrap.servers", nowhere, "log_level", 0}, kv...)...)
			md, err := p.GetMetadata(nil, true, 5000)
			t.ErrT("metadata", err)
			t.P("brokers %d", len(md.Brokers))
			t.report("message", p, message("t", 0, "k", "v"))
		}
		a := t.Admin("bootstrap.servers", nowhere, "log_level", 0, "test.mock.num.brokers", 2)
		md, err := a.GetMetadata(nil, true, 5000)
		t.ErrT("metadata", err)
		t.P("brokers %d", len(md.Brokers))
	})
}
