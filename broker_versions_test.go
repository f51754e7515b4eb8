package kafka_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
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
	{"0.10.1", kversion.V0_10_1(), false, false, false},
	{"0.10.2", kversion.V0_10_2(), false, false, false},
	{"0.11.0", kversion.V0_11_0(), true, true, false},
	{"1.0.0", kversion.V1_0_0(), true, true, false},
	{"1.1.0", kversion.V1_1_0(), true, true, false},
	{"2.0.0", kversion.V2_0_0(), true, true, false},
	{"2.1.0", kversion.V2_1_0(), true, true, false},
	{"2.3.0", kversion.V2_3_0(), true, true, false},
	{"2.4.0", kversion.V2_4_0(), true, true, false},
	{"2.5.0", kversion.V2_5_0(), true, true, false},
	{"2.6.0", kversion.V2_6_0(), true, true, false},
	{"2.7.0", kversion.V2_7_0(), true, true, false},
	{"2.8.0", kversion.V2_8_0(), true, true, false},
	{"3.0.0", kversion.V3_0_0(), true, true, false},
	{"3.5.0", kversion.V3_5_0(), true, true, false},
	{"3.9.0", kversion.V3_9_0(), true, true, true},
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
	if !txn {
		want := "Fatal error: Transactions not supported by any of the 1 connected broker(s): requires Apache Kafka broker version >= 0.11.0"
		if err == nil || err.Error() != want {
			t.Errorf("InitTransactions: %v, want %q", err, want)
		}
		return
	}
	// A transaction of each kind, one aborted and one committed.
	kept := "kept with " + t.Name()
	for _, value := range []string{"dropped", kept} {
		must(t, p.BeginTransaction())
		produceAll(t, p, "t", value)
		must(t, sendOffsets(t, p))
		if value == kept {
			must(t, p.CommitTransaction(ctx))
		} else {
			must(t, p.AbortTransaction(ctx))
		}
	}
	if got := committedValues(t, cl, "t"); slices.Contains(got, "dropped") || !slices.Contains(got, kept) {
		t.Errorf("committed: %q", got)
	}
}

// TestAdminBrokerVersions makes calls of the admin client at brokers of each version. Those that came with a later one
// fail with ErrUnsupportedFeature, in the words of the peer where it has them, and name the version that they need.
func TestAdminBrokerVersions(t *testing.T) {
	t.Parallel()
	at := []kafka.TopicPartition{{Topic: ptr("t"), Partition: 0}}
	group := []kafka.ConsumerGroupTopicPartitions{{Group: "g", Partitions: at}}
	conf := []kafka.ConfigResource{{Type: kafka.ResourceTopic, Name: "t",
		Config: []kafka.ConfigEntry{{Name: "retention.ms", Value: "100000", IncrementalOperation: kafka.AlterConfigOpTypeSet}}}}
	acl := kafka.ACLBinding{Type: kafka.ResourceTopic, Name: "t", ResourcePatternType: kafka.ResourcePatternTypeLiteral,
		Principal: "User:u", Host: "*", Operation: kafka.ACLOperationRead, PermissionType: kafka.ACLPermissionTypeAllow}
	first := func(errs ...kafka.Error) error {
		for _, e := range errs {
			if e.Code() != kafka.ErrNoError {
				return e
			}
		}
		return nil
	}
	for _, call := range []struct {
		name  string
		since string // the first of brokerVersions that has it
		text  string
		make  func(ctx context.Context, a *kafka.AdminClient) error
	}{
		{"CreateTopics", "0.10.1", "Topic Admin API (KIP-4) not supported by broker, requires broker version >= 0.10.2.0", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.CreateTopics(ctx, []kafka.TopicSpecification{{Topic: "n", NumPartitions: 1, ReplicationFactor: 1}})
			if err != nil {
				return err
			}
			return first(r[0].Error)
		}},
		{"DeleteTopics", "0.10.1", "Topic Admin API (KIP-4) not supported by broker, requires broker version >= 0.10.2.0", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.DeleteTopics(ctx, []string{"n"})
			if err != nil {
				return err
			}
			return first(r[0].Error)
		}},
		{"CreatePartitions", "1.0.0", "CreatePartitions (KIP-195) not supported by broker, requires broker version >= 1.0.0", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.CreatePartitions(ctx, []kafka.PartitionsSpecification{{Topic: "t", IncreaseTo: 3}})
			if err != nil {
				return err
			}
			return first(r[0].Error)
		}},
		{"DescribeConfigs", "0.11.0", "DescribeConfigs (KIP-133) not supported by broker, requires broker version >= 0.11.0", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.DescribeConfigs(ctx, conf)
			if err != nil {
				return err
			}
			return first(r[0].Error)
		}},
		{"IncrementalAlterConfigs", "2.3.0", "IncrementalAlterConfigs (KIP-339) not supported by broker, requires broker version >= 2.3.0", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.IncrementalAlterConfigs(ctx, conf)
			if err != nil {
				return err
			}
			return first(r[0].Error)
		}},
		{"DeleteRecords", "0.11.0", "Local: Required feature not supported by broker", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.DeleteRecords(ctx, at)
			if err != nil {
				return err
			}
			return r.DeleteRecordsResults[0].TopicPartition.Error
		}},
		{"CreateACLs", "0.11.0", "ACLs Admin API (KIP-140) not supported by broker, requires broker version >= 0.11.0.0", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.CreateACLs(ctx, kafka.ACLBindings{acl})
			if err != nil {
				return err
			}
			return first(r[0].Error)
		}},
		{"DeleteConsumerGroups", "1.1.0", "Local: Required feature not supported by broker", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.DeleteConsumerGroups(ctx, []string{"g"})
			if err != nil {
				return err
			}
			if code := r.ConsumerGroupResults[0].Error.Code(); code == kafka.ErrGroupIDNotFound || code == kafka.ErrNoError {
				return nil
			}
			return r.ConsumerGroupResults[0].Error
		}},
		{"ElectLeaders", "2.3.0", "ElectLeaders Admin API (KIP-460) not supported by broker, requires broker version >= 2.4.0", func(ctx context.Context, a *kafka.AdminClient) error {
			_, err := a.ElectLeaders(ctx, kafka.NewElectLeadersRequest(kafka.ElectionTypePreferred, at))
			return err
		}},
		{"DescribeUserScramCredentials", "2.7.0", "DescribeUserScramCredentials API (KIP-554) not supported by broker", func(ctx context.Context, a *kafka.AdminClient) error {
			_, err := a.DescribeUserScramCredentials(ctx, []string{"u"})
			return err
		}},
		{"AlterConsumerGroupOffsets", "0.10.0", "", func(ctx context.Context, a *kafka.AdminClient) error {
			_, err := a.AlterConsumerGroupOffsets(ctx, group)
			return err
		}},
		{"ListConsumerGroupOffsets", "0.10.0", "", func(ctx context.Context, a *kafka.AdminClient) error {
			if _, err := a.AlterConsumerGroupOffsets(ctx, group); err != nil {
				return err
			}
			r, err := a.ListConsumerGroupOffsets(ctx, group)
			if err == nil {
				err = r.ConsumerGroupsTopicPartitions[0].Partitions[0].Error
			}
			return err
		}},
		{"ListConsumerGroups", "0.10.0", "", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.ListConsumerGroups(ctx)
			return errors.Join(append(r.Errors, err)...)
		}},
		{"ListConsumerGroups by state", "2.6.0", "Broker 0 is too old to filter groups by state or type", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.ListConsumerGroups(ctx, kafka.SetAdminMatchConsumerGroupStates([]kafka.ConsumerGroupState{kafka.ConsumerGroupStateStable}))
			if err == nil && len(r.Errors) > 0 {
				err = r.Errors[0]
			}
			return err
		}},
		{"DescribeConsumerGroups", "0.10.0", "", func(ctx context.Context, a *kafka.AdminClient) error {
			_, err := a.DescribeConsumerGroups(ctx, []string{"g"})
			return err
		}},
		{"DescribeTopics", "0.10.0", "", func(ctx context.Context, a *kafka.AdminClient) error {
			r, err := a.DescribeTopics(ctx, kafka.NewTopicCollectionOfTopicNames([]string{"t"}))
			if err != nil {
				return err
			}
			return first(r.TopicDescriptions[0].Error)
		}},
		{"DescribeCluster", "0.10.0", "", func(ctx context.Context, a *kafka.AdminClient) error {
			_, err := a.DescribeCluster(ctx)
			return err
		}},
		{"ListOffsets", "0.10.0", "", func(ctx context.Context, a *kafka.AdminClient) error {
			_, err := a.ListOffsets(ctx, map[kafka.TopicPartition]kafka.OffsetSpec{at[0]: kafka.LatestOffsetSpec})
			return err
		}},
	} {
		t.Run(call.name, func(t *testing.T) {
			t.Parallel()
			has := false
			for _, v := range brokerVersions {
				has = has || v.name == call.since
				cl := testcluster.New(t, 1, testcluster.Topic("t", 1), testcluster.Topic("n", 1), kfake.MaxVersions(v.versions))
				a, err := kafka.NewAdminClient(&kafka.ConfigMap{"bootstrap.servers": cl.Bootstrap})
				must(t, err)
				ctx, cancel := context.WithTimeout(t.Context(), patience)
				err = call.make(ctx, a)
				cancel()
				a.Close()
				switch {
				case has && err != nil && code(err) != kafka.ErrTopicAlreadyExists:
					t.Errorf("%s: %v", v.name, err)
				case !has && (code(err) != kafka.ErrUnsupportedFeature || err.Error() != call.text):
					t.Errorf("%s: %v, want %q", v.name, err, call.text)
				}
			}
			if !has {
				t.Fatalf("no version is called %s", call.since)
			}
		})
	}
}
