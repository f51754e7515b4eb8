package kafka

import (
	"errors"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kversion"
)

func TestPartitionReassignments(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 2)
	makeTopic(t, a, "t", 1)
	topic := "t"
	move := func(p int32, replicas []int32) PartitionReassignment {
		return PartitionReassignment{TopicPartition{Topic: &topic, Partition: p}, replicas}
	}
	got, err := a.AlterPartitionReassignments(t.Context(), []PartitionReassignment{move(9, []int32{0}), move(0, nil)}, SetAdminOperationTimeout(time.Second))
	if err != nil || len(got.TopicPartitions) != 2 {
		t.Fatalf("AlterPartitionReassignments = %v, %v", got, err)
	}
	for i, want := range []ErrorCode{ErrUnknownTopicOrPart, ErrNoReassignmentInProgress} {
		if !errors.Is(got.TopicPartitions[i].Error, want) {
			t.Errorf("result %d: %v, want code %d", i, got.TopicPartitions[i], want)
		}
	}
	listed, err := a.ListPartitionReassignments(t.Context(), nil)
	if err != nil || listed.Reassignments == nil || len(listed.Reassignments) != 0 {
		t.Errorf("ListPartitionReassignments = %v, %v", listed, err)
	}
	for _, bad := range [][]PartitionReassignment{nil, {move(0, []int32{})}, {move(0, nil), move(0, nil)}, {{}}} {
		if _, err := a.AlterPartitionReassignments(t.Context(), bad); !errors.Is(err, ErrInvalidArg) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestDescribeLogDirs(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 2)
	makeTopic(t, a, "t", 2)
	fill(t, a, "t", 3)
	topic := "t"
	got, err := a.DescribeLogDirs(t.Context(), nil, []TopicPartition{{Topic: &topic}})
	if err != nil || len(got.LogDirs) == 0 {
		t.Fatalf("DescribeLogDirs = %+v, %v", got, err)
	}
	var replicas []LogDirReplica
	for _, d := range got.LogDirs {
		if d.Error.Code() != ErrNoError || d.Dir == "" {
			t.Errorf("directory %+v", d)
		}
		replicas = append(replicas, d.Replicas...)
	}
	if len(replicas) != 1 || *replicas[0].TopicPartition.Topic != "t" || replicas[0].Size <= 0 {
		t.Errorf("replicas %+v", replicas)
	}
	if got, err = a.DescribeLogDirs(t.Context(), []int32{1}, nil); err != nil || len(got.LogDirs) == 0 {
		t.Fatalf("of one broker: %+v, %v", got, err)
	}
	for _, d := range got.LogDirs {
		if d.Broker != 1 {
			t.Errorf("of another broker: %+v", d)
		}
	}
}

func TestClientQuotas(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1)
	name := "u"
	user, def := ClientQuotaEntity{"user", &name}, ClientQuotaEntity{"user", nil}
	got, err := a.AlterClientQuotas(t.Context(), []ClientQuotaAlteration{
		{Entity: []ClientQuotaEntity{user}, Set: map[string]float64{"producer_byte_rate": 1024, "consumer_byte_rate": 2048}},
		{Entity: []ClientQuotaEntity{def}, Set: map[string]float64{"request_percentage": 50}},
	})
	if err != nil || len(got) != 2 || got[0].Error.Code() != ErrNoError || got[1].Error.Code() != ErrNoError || *got[0].Entity[0].Name != "u" {
		t.Fatalf("AlterClientQuotas = %+v, %v", got, err)
	}
	exact := ClientQuotaFilter{Components: []ClientQuotaFilterComponent{{EntityType: "user", Match: ClientQuotaMatchExact, Name: "u"}}}
	described, err := a.DescribeClientQuotas(t.Context(), exact)
	if err != nil || len(described.Quotas) != 1 || described.Quotas[0].Values["producer_byte_rate"] != 1024 || *described.Quotas[0].Entity[0].Name != "u" {
		t.Errorf("DescribeClientQuotas = %+v, %v", described, err)
	}
	ofDefault := ClientQuotaFilter{Components: []ClientQuotaFilterComponent{{EntityType: "user", Match: ClientQuotaMatchDefault}}, Strict: true}
	if described, err = a.DescribeClientQuotas(t.Context(), ofDefault); err != nil || len(described.Quotas) != 1 || described.Quotas[0].Entity[0].Name != nil || described.Quotas[0].Values["request_percentage"] != 50 {
		t.Errorf("of the default: %+v, %v", described, err)
	}
	remove := []ClientQuotaAlteration{{Entity: []ClientQuotaEntity{user}, Remove: []string{"producer_byte_rate"}}}
	for _, dry := range []bool{true, false} {
		if got, err = a.AlterClientQuotas(t.Context(), remove, SetAdminValidateOnly(dry)); err != nil || got[0].Error.Code() != ErrNoError {
			t.Fatalf("removing = %+v, %v", got, err)
		}
		described, err = a.DescribeClientQuotas(t.Context(), exact)
		if _, there := described.Quotas[0].Values["producer_byte_rate"]; err != nil || there != dry {
			t.Errorf("removed, validate only %v: %+v, %v", dry, described, err)
		}
	}
	if _, err := a.AlterClientQuotas(t.Context(), nil); !errors.Is(err, ErrInvalidArg) {
		t.Errorf("nothing to alter: %v", err)
	}
}

func TestEntityKey(t *testing.T) {
	t.Parallel()
	empty, word := "", "default"
	seen := map[string]int{}
	for i, e := range [][]ClientQuotaEntity{
		{{"user", nil}}, {{"user", &empty}}, {{"user", &word}}, {{"user", nil}, {"client-id", nil}}, {{"ip", &word}},
	} {
		if j, ok := seen[entityKey(e)]; ok {
			t.Errorf("entities %d and %d have the same key %q", j, i, entityKey(e))
		}
		seen[entityKey(e)] = i
	}
	if a, b := entityKey([]ClientQuotaEntity{{"user", nil}, {"client-id", &word}}), entityKey([]ClientQuotaEntity{{"client-id", &word}, {"user", nil}}); a != b {
		t.Errorf("the order of parts counts: %q, %q", a, b)
	}
}

func TestTransactionQueries(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1)
	makeTopic(t, a, "t", 1)
	topic := "t"
	cl, err := kgo.NewClient(kgo.SeedBrokers(a.client.conf.str("metadata.broker.list")), kgo.TransactionalID("tx"))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	if err := cl.BeginTransaction(); err != nil {
		t.Fatal(err)
	}
	if err := cl.ProduceSync(t.Context(), &kgo.Record{Topic: "t", Value: []byte("v")}).FirstErr(); err != nil {
		t.Fatal(err)
	}
	listed, err := a.ListTransactions(t.Context(), TransactionFilter{States: []string{"Ongoing"}})
	if err != nil || listed.Errors != nil || len(listed.Transactions) != 1 || listed.Transactions[0].TransactionalID != "tx" || listed.Transactions[0].State != "Ongoing" {
		t.Fatalf("ListTransactions = %+v, %v", listed, err)
	}
	pid := listed.Transactions[0].ProducerID
	if listed, err = a.ListTransactions(t.Context(), TransactionFilter{ProducerIDs: []int64{pid + 1}}); err != nil || len(listed.Transactions) != 0 {
		t.Errorf("of another producer: %+v, %v", listed, err)
	}
	described, err := a.DescribeTransactions(t.Context(), []string{"none", "tx"})
	if err != nil || len(described.Transactions) != 2 || described.Transactions[0].Error.Code() != ErrorCode(105) {
		t.Fatalf("DescribeTransactions = %+v, %v", described, err)
	}
	if d := described.Transactions[1]; d.Error.Code() != ErrNoError || d.State != "Ongoing" || d.ProducerID != pid || d.Timeout <= 0 || len(d.TopicPartitions) != 1 || d.Start.IsZero() {
		t.Errorf("described %+v", d)
	}
	producers, err := a.DescribeProducers(t.Context(), []TopicPartition{{Topic: &topic, Partition: 9}, {Topic: &topic}})
	if err != nil || len(producers.Partitions) != 2 || !errors.Is(producers.Partitions[0].TopicPartition.Error, ErrUnknownPartition) {
		t.Fatalf("DescribeProducers = %+v, %v", producers, err)
	}
	if ps := producers.Partitions[1]; ps.TopicPartition.Error != nil || len(ps.Producers) != 1 || ps.Producers[0].ProducerID != pid || ps.Producers[0].CurrentTxnStartOffset != 0 {
		t.Errorf("producers %+v", ps)
	}
	if err := cl.EndTransaction(t.Context(), kgo.TryAbort); err != nil {
		t.Fatal(err)
	}
}

// TestOldBrokers: what a broker of an older version does not know is ErrUnsupportedFeature, and what it does know
// works.
func TestOldBrokers(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1.0", "2.0", "2.3", "2.8"} {
		t.Run(version, func(t *testing.T) {
			t.Parallel()
			a := fakeAdmin(t, 1, kfake.MaxVersions(kversion.FromString(version)))
			makeTopic(t, a, "t", 1)
			fill(t, a, "t", 2)
			if _, high, err := a.client.queryWatermarks("t", 0, 10000); high != 2 || err != nil {
				t.Errorf("watermark %d, %v", high, err)
			}
			if d, err := a.DescribeConsumerGroups(t.Context(), []string{"none"}); err != nil || d.ConsumerGroupDescriptions[0].State != ConsumerGroupStateDead {
				t.Errorf("DescribeConsumerGroups = %+v, %v", d, err)
			}
			topic := "t"
			commit := []ConsumerGroupTopicPartitions{{Group: "g", Partitions: []TopicPartition{{Topic: &topic, Offset: 1}}}}
			if r, err := a.AlterConsumerGroupOffsets(t.Context(), commit); err != nil || r.ConsumerGroupsTopicPartitions[0].Partitions[0].Error != nil {
				t.Errorf("AlterConsumerGroupOffsets = %+v, %v", r, err)
			}
			for _, ask := range [][]ConsumerGroupTopicPartitions{commit, {{Group: "g"}}} {
				if r, err := a.ListConsumerGroupOffsets(t.Context(), ask); err != nil || r.ConsumerGroupsTopicPartitions[0].String() != "g[ t[0]@1 ]" {
					t.Errorf("ListConsumerGroupOffsets(%v) = %+v, %v", ask, r, err)
				}
			}
			_, err := a.IncrementalAlterConfigs(t.Context(), []ConfigResource{{Type: ResourceTopic, Name: "t"}})
			if old := version < "2.3"; errors.Is(err, ErrUnsupportedFeature) != old || !old && err != nil {
				t.Errorf("IncrementalAlterConfigs: %v", err)
			}
			l, err := a.ListConsumerGroups(t.Context(), SetAdminMatchConsumerGroupTypes([]ConsumerGroupType{ConsumerGroupTypeClassic}))
			if err != nil || len(l.Errors) != 1 || !errors.Is(l.Errors[0], ErrUnsupportedFeature) {
				t.Errorf("ListConsumerGroups by type: %+v, %v", l, err)
			}
			if _, err := a.DescribeUserScramCredentials(t.Context(), nil); errors.Is(err, ErrUnsupportedFeature) != (version < "2.7") {
				t.Errorf("DescribeUserScramCredentials: %v", err)
			}
		})
	}
}
