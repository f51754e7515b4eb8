package kafka

import (
	"errors"
	"testing"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TestListOffsetsChecks asks for what is refused before a broker hears of it: the first mistake of a partition counts.
func TestListOffsetsChecks(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1)
	makeTopic(t, a, "t", 1)
	topic, empty, none := "t", "", "none"
	for _, c := range []struct {
		p    TopicPartition
		spec OffsetSpec
		code ErrorCode
		text string
	}{
		{TopicPartition{Topic: &empty, Partition: -1}, -4, ErrInvalidArg, "Partition topic name at index 0 must be non-empty"},
		{TopicPartition{Topic: &topic, Partition: -1}, -4, ErrInvalidArg, "Partition at index 0 cannot be negative"},
		{TopicPartition{Topic: &topic, Partition: 5}, -4, ErrInvalidArg, "Partition 0 has an invalid offset -4"},
		{TopicPartition{Topic: &none}, LatestOffsetSpec, ErrNoent, "Failed to query partition leaders: No leaders found"},
	} {
		got, err := a.ListOffsets(t.Context(), map[TopicPartition]OffsetSpec{c.p: c.spec})
		if !errors.Is(err, c.code) || err.Error() != c.text || got.ResultInfos != nil {
			t.Errorf("%v %d: %v, %v; want %q", c.p, c.spec, got, err, c.text)
		}
	}
}

// TestOneBrokerPerCall names the same broker twice, which is told of before the repetition is.
func TestOneBrokerPerCall(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1)
	b := ConfigResource{Type: ResourceBroker, Name: "0"}
	if _, err := a.DescribeConfigs(t.Context(), []ConfigResource{b, b}); !errors.Is(err, ErrConflict) {
		t.Errorf("DescribeConfigs: %v", err)
	}
	x := ConfigResource{Type: ResourceTopic, Name: "x"}
	if _, err := a.DescribeConfigs(t.Context(), []ConfigResource{x, b, x}); !errors.Is(err, ErrInvalidArg) {
		t.Errorf("DescribeConfigs with a topic twice: %v", err)
	}
}

// TestGetMetadataOfOneAndAll names a topic and asks for all: all it is.
func TestGetMetadataOfOneAndAll(t *testing.T) {
	t.Parallel()
	a := fakeAdmin(t, 1)
	makeTopic(t, a, "a", 1)
	makeTopic(t, a, "b", 1)
	name := "a"
	md, err := a.GetMetadata(&name, true, 5000)
	if err != nil || len(md.Topics) != 2 {
		t.Errorf("%v, %v", md, err)
	}
	if md, err = a.GetMetadata(nil, false, 5000); err != nil || len(md.Topics) != 1 {
		t.Errorf("the topics asked for so far: %v, %v", md, err)
	}
}

// TestGroupOffsetsWithoutRights asks for a group whose coordinator the brokers don't tell this client.
func TestGroupOffsetsWithoutRights(t *testing.T) {
	t.Parallel()
	cl, err := kfake.NewCluster(kfake.NumBrokers(1))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(cl.Close)
	a := adminOn(t, ConfigMap{"bootstrap.servers": cl.ListenAddrs()[0]})
	makeTopic(t, a, "t", 1)
	cl.ControlKey(kmsg.FindCoordinator.Int16(), func(req kmsg.Request) (kmsg.Response, error, bool) { // kfake's signature
		cl.KeepControl()
		resp := req.ResponseKind().(*kmsg.FindCoordinatorResponse)
		resp.ErrorCode = kerr.GroupAuthorizationFailed.Code
		for _, key := range req.(*kmsg.FindCoordinatorRequest).CoordinatorKeys {
			c := kmsg.NewFindCoordinatorResponseCoordinator()
			c.Key, c.NodeID, c.ErrorCode = key, -1, kerr.GroupAuthorizationFailed.Code
			resp.Coordinators = append(resp.Coordinators, c)
		}
		return resp, nil, true
	})
	topic := "t"
	g := []ConsumerGroupTopicPartitions{{Group: "g", Partitions: []TopicPartition{{Topic: &topic, Offset: 1}}}}
	const text = " worker coordinator request failed: Broker: Group authorization failed"
	if _, err := a.ListConsumerGroupOffsets(t.Context(), g); !errors.Is(err, ErrGroupAuthorizationFailed) || err.Error() != "LISTCONSUMERGROUPOFFSETS"+text {
		t.Errorf("ListConsumerGroupOffsets: %v", err)
	}
	if _, err := a.AlterConsumerGroupOffsets(t.Context(), g); !errors.Is(err, ErrGroupAuthorizationFailed) || err.Error() != "ALTERCONSUMERGROUPOFFSETS"+text {
		t.Errorf("AlterConsumerGroupOffsets: %v", err)
	}
}
