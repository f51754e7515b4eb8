package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kversion"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// brokerVersions are the releases that the core of the client is run against, by what their brokers could do.
var brokerVersions = []struct {
	name     string
	versions *kversion.Versions
	records  bool // the message format of 0.11; the embedded broker has no older one, so there it can store none
	txn      bool
	server   bool // groups of the consumer protocol
}{
	{"0.10.0", kversion.V0_10_0(), false, false, false},
	{"0.10.2", kversion.V0_10_2(), false, false, false},
	{"0.11.0", kversion.V0_11_0(), true, true, false},
	{"1.0.0", kversion.V1_0_0(), true, true, false},
	{"1.1.0", kversion.V1_1_0(), true, true, false},
	{"2.0.0", kversion.V2_0_0(), true, true, false},
	{"2.1.0", kversion.V2_1_0(), true, true, false},
	{"2.3.0", kversion.V2_3_0(), true, true, false},
	{"2.5.0", kversion.V2_5_0(), true, true, false},
	{"2.8.0", kversion.V2_8_0(), true, true, false},
	{"3.0.0", kversion.V3_0_0(), true, true, false},
	{"3.5.0", kversion.V3_5_0(), true, true, false},
	{"4.0.0", kversion.V4_0_0(), true, true, true},
}

// TestBrokerVersions produces, consumes in a group and commits against brokers of each version, and sees that what a
// version can't do fails with ErrUnsupportedFeature.
func TestBrokerVersions(t *testing.T) {
	t.Parallel()
	for _, v := range brokerVersions {
		t.Run(v.name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 2), kfake.MaxVersions(v.versions))
			p := newProducer(t, cl.Bootstrap)
			const n = 20
			reports := make(chan kafka.Event, n)
			for i := range n {
				m := message("t", int32(i%2), "k", fmt.Sprint(i))
				m.Headers = []kafka.Header{{Key: "h", Value: []byte("v")}}
				must(t, p.Produce(m, reports))
			}
			for range n {
				err := nextReport(t, reports).TopicPartition.Error
				if v.records != (err == nil) || err != nil && !errors.Is(err, kafka.ErrUnsupportedFeature) {
					t.Fatal(err)
				}
			}
			if !v.records {
				tryNewFeatures(t, cl, v.txn, v.server)
				return
			}
			if low, high, err := p.QueryWatermarkOffsets("t", 0, 10_000); err != nil || low != 0 || high != n/2 {
				t.Errorf("watermarks %d %d %v", low, high, err)
			}
			group := newGroup()
			c := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "enable.auto.commit": false})
			must(t, c.Subscribe("t", nil))
			for i := range n {
				m, err := c.ReadMessage(patience)
				if err != nil {
					t.Fatalf("message %d: %v", i, err)
				}
				if len(m.Headers) != 1 {
					t.Errorf("headers %v", m.Headers)
				}
			}
			if _, err := c.Commit(); err != nil {
				t.Fatal(err)
			}
			committed, err := c.Committed([]kafka.TopicPartition{{Topic: ptr("t")}, {Topic: ptr("t"), Partition: 1}}, 10_000)
			must(t, err)
			for _, tp := range committed {
				if tp.Offset != n/2 || tp.Error != nil {
					t.Errorf("committed %v", tp)
				}
			}
			must(t, c.Close())
			tryNewFeatures(t, cl, v.txn, v.server)
		})
	}
}

// tryNewFeatures uses what only newer brokers have.
func tryNewFeatures(t *testing.T, cl *testcluster.Cluster, txn, server bool) {
	t.Helper()
	if !server {
		c := startConsumer(t, cl, kafka.ConfigMap{"group.protocol": "consumer"})
		must(t, c.Subscribe("t", nil))
		_, err := c.ReadMessage(patience)
		var e kafka.Error
		if !errors.As(err, &e) || e.Code() != kafka.ErrUnsupportedFeature || !e.IsFatal() {
			t.Errorf("group.protocol=consumer: %v", err)
		}
	}
	p := newProducer(t, cl.Bootstrap, "transactional.id", "tx")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	err := p.InitTransactions(ctx)
	if !txn {
		idempotent := newProducer(t, cl.Bootstrap, "enable.idempotence", true)
		soon(t, "a fatal error of the idempotent producer", func() bool { return errors.Is(idempotent.GetFatalError(), kafka.ErrUnsupportedFeature) })
	}
	if txn != (err == nil) || err != nil && !errors.Is(err, kafka.ErrUnsupportedFeature) {
		t.Errorf("InitTransactions: %v", err)
	}
}
