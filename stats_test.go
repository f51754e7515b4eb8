package kafka_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"sort"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// statsOf waits for statistics that satisfy done and returns them as the application parses them.
func statsOf(t *testing.T, events func() kafka.Event, done func(doc map[string]any) bool) map[string]any {
	t.Helper()
	deadline := time.Now().Add(patience)
	var last string
	for time.Now().Before(deadline) {
		s, ok := events().(*kafka.Stats)
		if !ok {
			continue
		}
		var doc map[string]any
		if err := json.Unmarshal([]byte(s.String()), &doc); err != nil {
			t.Fatalf("%v in %s", err, s)
		}
		if last = s.String(); done(doc) {
			return doc
		}
	}
	t.Fatalf("no such statistics in time; the last were %s", last)
	return nil
}

// dig follows keys into a document. A key of * is the only one that there is, or any.
func dig(doc any, path ...string) any {
	for _, key := range path {
		m, _ := doc.(map[string]any)
		if key == "*" {
			for k := range m {
				key = k
			}
		}
		doc = m[key]
	}
	return doc
}

func number(doc any, path ...string) float64 {
	n, _ := dig(doc, path...).(float64)
	return n
}

// TestProducerStatistics compares the figures with what the producer did.
func TestProducerStatistics(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	p := newProducer(t, cl.Bootstrap, "statistics.interval.ms", 20, "enable.idempotence", true)
	const n = 10
	const sent = n * float64(len("kvalue 0"))
	reports := make(chan kafka.Event, n)
	for i := range n {
		must(t, p.Produce(message("t", 0, "k", fmt.Sprint("value ", i)), reports))
	}
	for range n {
		must(t, nextReport(t, reports).TopicPartition.Error)
	}
	doc := statsOf(t, func() kafka.Event { return <-p.Events() }, func(doc map[string]any) bool {
		return number(doc, "txmsgs") == n && number(doc, "msg_cnt") == 0 && dig(doc, "eos", "idemp_state") == "Assigned"
	})
	for _, c := range []struct {
		path []string
		want any
	}{
		{[]string{"name"}, p.String()},
		{[]string{"type"}, "producer"},
		{[]string{"client_id"}, "rdkafka"},
		{[]string{"msg_cnt"}, 0.0},
		{[]string{"msg_max"}, 100000.0},
		{[]string{"msg_size_max"}, float64(1048576 * 1024)},
		{[]string{"topics", "t", "partitions", "0", "txmsgs"}, float64(n)},
		{[]string{"topics", "t", "partitions", "0", "leader"}, 0.0},
		{[]string{"topics", "t", "partitions", "0", "next_offset"}, 0.0},
		{[]string{"topics", "t", "partitions", "-1", "partition"}, -1.0},
		{[]string{"eos", "txn_state"}, "Init"},
		{[]string{"eos", "txn_may_enq"}, false},
	} {
		if got := dig(doc, c.path...); got != c.want {
			t.Errorf("%s is %v, want %v", strings.Join(c.path, "."), got, c.want)
		}
	}
	learned := "127.0.0.1:" + cl.Bootstrap[strings.LastIndex(cl.Bootstrap, ":")+1:] + "/0"
	broker, ok := dig(doc, "brokers", learned).(map[string]any)
	if !ok {
		t.Fatalf("no broker %s in %v", learned, dig(doc, "brokers"))
	}
	if number(broker, "req", "Produce") < 1 || number(broker, "tx") < 1 || number(broker, "rx") < 1 || number(broker, "txbytes") < 10*n {
		t.Errorf("the broker's figures: %v", broker)
	}
	if n := len(doc["brokers"].(map[string]any)); n != 1 { // the seed turned out to be the broker
		t.Errorf("%d brokers: %v", n, dig(doc, "brokers"))
	}
	if number(doc, "txmsg_bytes") != number(doc, "topics", "t", "partitions", "0", "txbytes") || number(doc, "txmsg_bytes") < sent {
		t.Errorf("txmsg_bytes %v, want %v and more", doc["txmsg_bytes"], sent)
	}
	if got, ok := dig(broker, "req", "EndTxn").(float64); !ok || got != 0 || dig(broker, "req", "Fetch") != nil {
		t.Errorf("requests %v: want a 0 for what a producer might make", broker["req"])
	}
	if broker["state"] != "UP" || number(broker, "connects") < 1 {
		t.Errorf("state %v, connects %v", broker["state"], broker["connects"])
	}
	if number(doc, "ts") <= 0 || time.Since(time.Unix(int64(number(doc, "time")), 0)).Abs() > time.Minute || number(doc, "age") <= 0 {
		t.Errorf("times %v %v %v", doc["ts"], doc["time"], doc["age"])
	}
	if s := p.Stats(); s.TxMsgs != n || s.Name != p.String() || s.Topics["t"].Partitions["0"].TxMsgs != n {
		t.Errorf("the snapshot differs: %+v", s)
	}
}

// TestConsumerStatistics compares the figures with what the consumer did.
func TestConsumerStatistics(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	p := newProducer(t, cl.Bootstrap)
	for i := range 5 {
		_, err := p.ProduceSync(t.Context(), message("t", 0, "k", fmt.Sprint(i)))
		must(t, err)
	}
	c := startConsumer(t, cl, kafka.ConfigMap{"statistics.interval.ms": 20, "enable.auto.commit": false})
	must(t, c.Subscribe("t", nil))
	for range 3 {
		_, err := c.ReadMessage(patience)
		must(t, err)
	}
	_, err := c.Commit()
	must(t, err)
	must(t, c.Pause([]kafka.TopicPartition{{Topic: ptr("t")}}))
	doc := statsOf(t, func() kafka.Event { return c.Poll(100) }, func(doc map[string]any) bool {
		return number(doc, "topics", "t", "partitions", "0", "committed_offset") == 3
	})
	for _, w := range []struct {
		path []string
		want any
	}{
		{[]string{"type"}, "consumer"},
		{[]string{"rxmsgs"}, 5.0},
		{[]string{"rxmsg_bytes"}, 10.0}, // keys and values
		{[]string{"topics", "t", "partitions", "0", "eof_offset"}, 5.0},
		{[]string{"topics", "t", "partitions", "0", "query_offset"}, -2.0},
		{[]string{"topics", "t", "partitions", "0", "desired"}, true},
		{[]string{"topics", "t", "partitions", "0", "fetch_state"}, "active"},
		{[]string{"topics", "t", "partitions", "0", "app_offset"}, 3.0},
		{[]string{"topics", "t", "partitions", "0", "stored_offset"}, 3.0},
		{[]string{"topics", "t", "partitions", "0", "commited_offset"}, 3.0},
		{[]string{"topics", "t", "partitions", "0", "lo_offset"}, 0.0},
		{[]string{"topics", "t", "partitions", "0", "hi_offset"}, 5.0},
		{[]string{"topics", "t", "partitions", "0", "ls_offset"}, 5.0},
		{[]string{"topics", "t", "partitions", "0", "consumer_lag"}, 2.0},
		{[]string{"topics", "t", "partitions", "0", "consumer_lag_stored"}, 2.0},
		{[]string{"cgrp", "state"}, "up"},
		{[]string{"cgrp", "join_state"}, "steady"},
		{[]string{"cgrp", "rebalance_cnt"}, 1.0},
		{[]string{"cgrp", "assignment_size"}, 1.0},
	} {
		if got := dig(doc, w.path...); got != w.want {
			t.Errorf("%s is %v, want %v", strings.Join(w.path, "."), got, w.want)
		}
	}
}

// TestStatisticsOfAssign looks at a consumer without a subscription, before and after it gives its partition back.
func TestStatisticsOfAssign(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.auto.commit": false, "enable.auto.offset.store": false})
	part := func() *kafka.PartitionStats { return c.Stats().Topics["t"].Partitions["0"] }
	must(t, c.Assign([]kafka.TopicPartition{{Topic: ptr("t"), Offset: 0}}))
	_, err := c.StoreOffsets([]kafka.TopicPartition{{Topic: ptr("t"), Offset: 2}})
	must(t, err)
	soon(t, "the state up", func() bool { return c.Stats().Group.State == "up" })
	if g := c.Stats().Group; g.AssignmentSize != 0 || g.JoinState != "init" {
		t.Errorf("assigned: %+v", g)
	}
	if p := part(); p.StoredOffset != 2 || !p.Desired {
		t.Errorf("assigned: %+v", p)
	}
	must(t, c.Unassign())
	if p := part(); p.StoredOffset != int64(kafka.OffsetInvalid) || p.Desired || p.FetchState != "stopped" {
		t.Errorf("unassigned: %+v", p)
	}
}

// TestStatisticsUnreachable counts attempts to connect.
func TestStatisticsUnreachable(t *testing.T) {
	t.Parallel()
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": "127.0.0.1:1", "group.id": "g", "log_level": 0})
	must(t, err)
	t.Cleanup(func() { _ = c.Close() })
	soon(t, "an attempt to connect", func() bool {
		b := c.Stats().Brokers["127.0.0.1:1/bootstrap"]
		return b != nil && b.Connects > 0 && b.State == "DOWN"
	})
	if g := c.Stats().Group; g.State != "query-coord" {
		t.Errorf("%+v", g)
	}
}

// TestStatisticsUnknownTopic: a topic that messages wait for is counted before any broker has told of it.
func TestStatisticsUnknownTopic(t *testing.T) {
	t.Parallel()
	p := newProducer(t, nowhere)
	must(t, p.Produce(message("orders", 0, "", "v"), nil))
	s := p.Stats()
	if s.MsgCount != 1 || s.MetadataCacheCnt != 1 || s.Topics["orders"] == nil {
		t.Errorf("%d messages, %d topics known, topics %v", s.MsgCount, s.MetadataCacheCnt, s.Topics)
	}
}

// TestStatisticsKeys keeps the names of all fields in a golden file: they are what dashboards look for. Those of the
// peer that are not there are in DIVERGENCES.md.
func TestStatisticsKeys(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	p := newProducer(t, cl.Bootstrap, "transactional.id", "tx")
	must(t, p.InitTransactions(t.Context()))
	must(t, p.BeginTransaction())
	_, err := p.ProduceSync(t.Context(), message("t", 0, "k", "v"))
	must(t, err)
	must(t, p.CommitTransaction(t.Context()))
	c := startConsumer(t, cl)
	must(t, c.Subscribe("t", nil))
	_, err = c.ReadMessage(patience)
	must(t, err)
	var got bytes.Buffer
	for _, s := range []*kafka.Statistics{p.Stats(), c.Stats()} {
		text, err := json.Marshal(s)
		must(t, err)
		var doc any
		must(t, json.Unmarshal(text, &doc))
		keys := map[string]bool{}
		collectKeys(keys, "", doc)
		sorted := make([]string, 0, len(keys))
		for k := range keys {
			sorted = append(sorted, k)
		}
		sort.Strings(sorted)
		fmt.Fprintf(&got, "%s\n\t%s\n", s.Type, strings.Join(sorted, "\n\t"))
	}
	const golden = "testdata/stats.golden"
	if flag.Lookup("update").Value.String() == "true" {
		must(t, os.WriteFile(golden, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(golden)
	must(t, err)
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the fields differ from %s (-update writes it):\n%s", golden, &got)
	}
}

// collectKeys notes the paths of a document; names of brokers, topics, partitions and requests are *.
func collectKeys(keys map[string]bool, path string, doc any) {
	m, ok := doc.(map[string]any)
	if !ok {
		keys[path] = true
		return
	}
	for k, v := range m {
		if slices.Contains([]string{"brokers", "topics", "partitions", "toppars", "req"}, path[strings.LastIndex(path, ".")+1:]) {
			k = "*"
		}
		collectKeys(keys, strings.TrimPrefix(path+"."+k, "."), v)
	}
}

// TestStatisticsCallback hands statistics to stats_cb instead.
func TestStatisticsCallback(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1)
	got := make(chan string, 100)
	c := startConsumer(t, cl, kafka.ConfigMap{"statistics.interval.ms": 20, "stats_cb": func(s string) { got <- s }})
	soon(t, "a call of stats_cb", func() bool {
		if ev := c.Poll(20); ev != nil {
			t.Errorf("Poll returned %T beside the callback", ev)
		}
		select {
		case s := <-got:
			return json.Valid([]byte(s)) && strings.Contains(s, strconv.Quote(c.String()))
		default:
			return false
		}
	})
}
