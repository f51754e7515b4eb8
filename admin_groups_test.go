package kafka

import (
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka/internal/testcluster"
)

// joined is a consumer of the group that has been assigned something.
func joined(t *testing.T, a *AdminClient, group, topic string) *Consumer {
	t.Helper()
	c, err := NewConsumer(&ConfigMap{"bootstrap.servers": a.client.conf.str("metadata.broker.list"), "group.id": group, "client.id": "me"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	if err := c.Subscribe(topic, nil); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(20 * time.Second); ; {
		c.Poll(50)
		if as, _ := c.Assignment(); len(as) > 0 {
			return c
		}
		if time.Now().After(end) {
			t.Fatal("no assignment")
		}
	}
}

// fill writes n messages to partition 0 with timestamps of 1000, 2000, ... ms.
func fill(t *testing.T, a *AdminClient, topic string, n int) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(a.client.conf.str("metadata.broker.list")), kgo.RecordPartitioner(kgo.ManualPartitioner()))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	for i := range n {
		r := &kgo.Record{Topic: topic, Timestamp: time.UnixMilli(int64(1000 * (i + 1)))}
		if err := cl.ProduceSync(t.Context(), r).FirstErr(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestConsumerGroups(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 2)
	makeTopic(t, a, "t", 2)
	c := joined(t, a, "g", "t")
	d, err := a.DescribeConsumerGroups(t.Context(), []string{"none", "g"})
	if err != nil || len(d.ConsumerGroupDescriptions) != 2 {
		t.Fatalf("DescribeConsumerGroups = %+v, %v", d, err)
	}
	if g := d.ConsumerGroupDescriptions[0]; g.GroupID != "none" || g.Error.Code() != ErrNoError || g.State != ConsumerGroupStateDead || !g.IsSimpleConsumerGroup {
		t.Errorf("unknown group described as %+v", g)
	}
	g := d.ConsumerGroupDescriptions[1]
	if g.State != ConsumerGroupStateStable || g.Type != ConsumerGroupTypeClassic || g.PartitionAssignor != "range" || g.IsSimpleConsumerGroup || g.AuthorizedOperations != nil {
		t.Errorf("group described as %+v", g)
	}
	if len(g.Members) != 1 || g.Members[0].ClientID != "me" || g.Members[0].TargetAssignment != nil || len(g.Members[0].Assignment.TopicPartitions) != 2 {
		t.Fatalf("members described as %+v", g.Members)
	}
	if p := g.Members[0].Assignment.TopicPartitions[1]; p.String() != "t[1]@unset" {
		t.Errorf("second partition is %s", p)
	}
	one := func(o Offset) []ConsumerGroupTopicPartitions {
		topic := "t"
		return []ConsumerGroupTopicPartitions{{Group: "g", Partitions: []TopicPartition{{Topic: &topic, Offset: o}}}}
	}
	altered, err := a.AlterConsumerGroupOffsets(t.Context(), one(1))
	if err != nil || !errors.Is(altered.ConsumerGroupsTopicPartitions[0].Partitions[0].Error, ErrUnknownMemberID) {
		t.Errorf("altering a group in use = %+v, %v", altered, err)
	}
	deleted, err := a.DeleteConsumerGroups(t.Context(), []string{"g", "none"})
	if err != nil || len(deleted.ConsumerGroupResults) != 2 || deleted.ConsumerGroupResults[0].Error.Code() != ErrNonEmptyGroup || deleted.ConsumerGroupResults[1].Error.Code() != ErrGroupIDNotFound {
		t.Errorf("deleting groups = %+v, %v", deleted, err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	altered, err = a.AlterConsumerGroupOffsets(t.Context(), one(7))
	if err != nil || altered.ConsumerGroupsTopicPartitions[0].String() != "g[ t[0]@7 ]" {
		t.Errorf("altering = %+v, %v", altered, err)
	}
	for _, ask := range [][]ConsumerGroupTopicPartitions{one(0), {{Group: "g"}}} {
		listed, err := a.ListConsumerGroupOffsets(t.Context(), ask, SetAdminRequireStableOffsets(true))
		if err != nil || listed.ConsumerGroupsTopicPartitions[0].String() != "g[ t[0]@7 ]" {
			t.Errorf("listing %v = %+v, %v", ask, listed, err)
		}
	}
	listed, err := a.ListConsumerGroups(t.Context(), SetAdminMatchConsumerGroupStates([]ConsumerGroupState{ConsumerGroupStateEmpty}))
	if err != nil || len(listed.Errors) != 0 || len(listed.Valid) != 1 || listed.Valid[0] != (ConsumerGroupListing{"g", false, ConsumerGroupStateEmpty, ConsumerGroupTypeClassic}) {
		t.Errorf("ListConsumerGroups = %+v, %v", listed, err)
	}
	if deleted, err = a.DeleteConsumerGroups(t.Context(), []string{"g"}); err != nil || deleted.ConsumerGroupResults[0].String() != "g" {
		t.Errorf("deleting the empty group = %+v, %v", deleted, err)
	}
}

func TestConsumerGroupsWithoutBroker(t *testing.T) {
	t.Parallel()
	a := adminOn(t, ConfigMap{"bootstrap.servers": "127.0.0.1:1", "log_level": 0})
	short := SetAdminRequestTimeout(20 * time.Millisecond)
	if l, err := a.ListConsumerGroups(t.Context(), short); err != nil || len(l.Errors) != 1 || !errors.Is(l.Errors[0], ErrTimedOut) {
		t.Errorf("ListConsumerGroups = %+v, %v", l, err)
	}
	if d, err := a.DescribeConsumerGroups(t.Context(), []string{"g"}, short); err != nil || d.ConsumerGroupDescriptions[0].Error.Code() != ErrTimedOut || d.ConsumerGroupDescriptions[0].Coordinator.ID != -1 {
		t.Errorf("DescribeConsumerGroups = %+v, %v", d, err)
	}
	if d, err := a.DeleteConsumerGroups(t.Context(), []string{"g"}, short); err != nil || d.ConsumerGroupResults[0].String() != "g (Local: Timed out)" {
		t.Errorf("DeleteConsumerGroups = %+v, %v", d, err)
	}
	topic := "t"
	if _, err := a.ListOffsets(t.Context(), map[TopicPartition]OffsetSpec{{Topic: &topic}: LatestOffsetSpec}, short); err == nil || err.Error() != "Failed to query partition leaders: Local: Timed out" {
		t.Errorf("ListOffsets: %v", err)
	}
	if _, err := a.ListConsumerGroupOffsets(t.Context(), []ConsumerGroupTopicPartitions{{Group: "g"}}, short); err == nil || err.Error() != "Failed while waiting for response from broker: Local: Timed out" {
		t.Errorf("ListConsumerGroupOffsets: %v", err)
	}
}

func TestWatermarksTimesAndRecords(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 2)
	makeTopic(t, a, "t", 2)
	fill(t, a, "t", 5)
	topic, none := "t", "none"
	part := func(p int32, o Offset) TopicPartition { return TopicPartition{Topic: &topic, Partition: p, Offset: o} }

	if low, high, err := a.client.queryWatermarks("t", 0, 10000); low != 0 || high != 5 || err != nil {
		t.Errorf("watermarks = %d, %d, %v", low, high, err)
	}
	for _, unknown := range []TopicPartition{part(9, 0), {Topic: &none}} {
		if low, high, err := a.client.queryWatermarks(*unknown.Topic, unknown.Partition, 10000); low != 0 || high != 0 || !errors.Is(err, ErrUnknownPartition) {
			t.Errorf("watermarks of %v = %d, %d, %v", unknown, low, high, err)
		}
	}

	got, err := a.client.offsetsForTimes([]TopicPartition{part(0, 2500), part(0, 1), part(0, 5001), part(1, 1), part(9, 7)}, 10000)
	if err != nil || len(got) != 5 {
		t.Fatalf("offsetsForTimes = %v, %v", got, err)
	}
	for i, want := range []Offset{2, 0, OffsetEnd, OffsetEnd, 7} {
		if failed := i == 4; got[i].Offset != want || (got[i].Error != nil) != failed {
			t.Errorf("time %d gives %v, want %v", i, got[i], want)
		}
	}
	if _, err := a.client.offsetsForTimes([]TopicPartition{part(9, 7)}, 10000); !errors.Is(err, ErrUnknownPartition) {
		t.Errorf("offsetsForTimes of an unknown partition: %v", err)
	}

	deleted, err := a.DeleteRecords(t.Context(), []TopicPartition{part(9, 1), part(0, 3)})
	if err != nil || len(deleted.DeleteRecordsResults) != 2 {
		t.Fatalf("DeleteRecords = %+v, %v", deleted, err)
	}
	if r := deleted.DeleteRecordsResults[0]; r.TopicPartition.Partition != 0 || r.DeletedRecords == nil || r.DeletedRecords.LowWatermark != 3 {
		t.Errorf("deleted %+v", r)
	}
	if r := deleted.DeleteRecordsResults[1]; r.DeletedRecords != nil || !errors.Is(r.TopicPartition.Error, ErrUnknownPartition) {
		t.Errorf("deleted of an unknown partition %+v", r)
	}
	if _, err := a.DeleteRecords(t.Context(), []TopicPartition{{Topic: &none}}); err == nil || err.Error() != "Failed to query partition leaders: No leaders found" {
		t.Errorf("DeleteRecords of an unknown topic: %v", err)
	}

	listed, err := a.ListOffsets(t.Context(), map[TopicPartition]OffsetSpec{part(0, 0): EarliestOffsetSpec, part(1, 0): LatestOffsetSpec, {Topic: &none}: LatestOffsetSpec, part(9, 0): LatestOffsetSpec})
	if err != nil || len(listed.ResultInfos) != 4 {
		t.Fatalf("ListOffsets = %+v, %v", listed, err)
	}
	for p, i := range listed.ResultInfos {
		want := map[string]ListOffsetsResultInfo{
			"t[0]@0":    {Offset: 3},
			"t[1]@0":    {Offset: 0},
			"none[0]@0": {Offset: OffsetInvalid, Error: newError(ErrUnknownTopicOrPart)},
			"t[9]@0":    {Offset: OffsetInvalid, Error: newError(ErrUnknownPartition)},
		}[p.String()]
		if i.Offset != want.Offset || i.Error.Code() != want.Error.Code() || i.Timestamp != -1 {
			t.Errorf("%s: %+v", p, i)
		}
	}
}

func TestClosedClientQueries(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1)
	a.Close()
	if low, high, err := a.client.queryWatermarks("t", 0, 100); low != -1 || high != -1 || err != errClosed() {
		t.Errorf("watermarks = %d, %d, %v", low, high, err)
	}
	if ps, err := a.client.offsetsForTimes(nil, 100); ps != nil || err != errClosed() {
		t.Errorf("offsetsForTimes = %v, %v", ps, err)
	}
	if id, err := a.ControllerID(t.Context()); id != -1 || err != errClosed() {
		t.Errorf("ControllerID = %d, %v", id, err)
	}
}

// TestQueriesCreateNoTopic: clients that may create topics by producing to them do not so by asking for offsets.
func TestQueriesCreateNoTopic(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1, kfake.AllowAutoTopicCreation())
	none := "none"
	tp := TopicPartition{Topic: &none}
	ask := map[string]func(){
		"watermarks":  func() { _, _, _ = a.client.queryWatermarks(none, 0, 5000) },
		"times":       func() { _, _ = a.client.offsetsForTimes([]TopicPartition{tp}, 5000) },
		"ListOffsets": func() { _, _ = a.ListOffsets(t.Context(), map[TopicPartition]OffsetSpec{tp: LatestOffsetSpec}) },
		"records":     func() { _, _ = a.DeleteRecords(t.Context(), []TopicPartition{tp}) },
		"producers":   func() { _, _ = a.DescribeProducers(t.Context(), []TopicPartition{tp}) },
		"describe":    func() { _, _ = a.DescribeTopics(t.Context(), NewTopicCollectionOfTopicNames([]string{none})) },
		"list offsets": func() {
			_, _ = a.ListConsumerGroupOffsets(t.Context(), []ConsumerGroupTopicPartitions{{"g", []TopicPartition{tp}}})
		},
		"alter offsets": func() {
			_, _ = a.AlterConsumerGroupOffsets(t.Context(), []ConsumerGroupTopicPartitions{{"g", []TopicPartition{tp}}})
		},
	}
	for name, f := range ask {
		f()
		md, err := a.GetMetadata(nil, true, 10000)
		if err != nil || len(md.Topics) != 0 {
			t.Fatalf("after %s: topics %v, %v", name, md, err)
		}
	}
	if md, err := a.GetMetadata(&none, false, 10000); err != nil || md.Topics[none].Topic != none {
		t.Fatalf("GetMetadata = %+v, %v", md, err)
	}
	if md, err := a.GetMetadata(nil, true, 10000); err != nil || len(md.Topics) != 1 {
		t.Errorf("GetMetadata of a topic should have made it: %+v, %v", md, err)
	}
}

// TestGroupCoordinatorLater: in a new cluster the coordinator of a group takes a while to be chosen.
func TestGroupCoordinatorLater(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	var asked atomic.Int32
	cl.ControlKey(int16(kmsg.FindCoordinator), func(req kmsg.Request) (kmsg.Response, error, bool) {
		if asked.Add(1) > 2 {
			return nil, nil, false
		}
		cl.KeepControl()
		r := req.(*kmsg.FindCoordinatorRequest)
		resp := r.ResponseKind().(*kmsg.FindCoordinatorResponse)
		resp.ErrorCode = kerr.CoordinatorNotAvailable.Code
		for _, key := range r.CoordinatorKeys {
			c := kmsg.NewFindCoordinatorResponseCoordinator()
			c.Key, c.ErrorCode = key, kerr.CoordinatorNotAvailable.Code
			resp.Coordinators = append(resp.Coordinators, c)
		}
		return resp, nil, true
	})
	a, err := NewAdminClient(&ConfigMap{"bootstrap.servers": cl.Bootstrap})
	if err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	_, err = a.ListConsumerGroupOffsets(t.Context(), []ConsumerGroupTopicPartitions{{Group: "g"}})
	if !errors.Is(err, ErrGroupIDNotFound) { // what the coordinator says of a group that is not there
		t.Errorf("error %v", err)
	}
	if n := asked.Load(); n < 3 {
		t.Errorf("asked %d times for the coordinator", n)
	}
}
