package kafka_test

import (
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

var protocols = map[string]kafka.ConfigMap{
	"classic":  {"group.protocol": "classic"},
	"consumer": {"group.protocol": "consumer"},
}

// TestRegex: a topic that is created later and matches is consumed too; one that does not match, or is excluded, not.
func TestRegex(t *testing.T) {
	t.Parallel()
	for name, conf := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("logs-a", 1), testcluster.Topic("other", 1), testcluster.Topic("logs-secret", 1))
			for _, topic := range []string{"logs-a", "other", "logs-secret"} {
				produceValues(t, cl, topic, topic)
			}
			c := startConsumer(t, cl, conf, kafka.ConfigMap{"topic.metadata.refresh.interval.ms": 50, "topic.blacklist": "logs-secret"})
			need(t, "Subscribe", c.SubscribeTopics([]string{"^logs-.*"}, nil))
			wantValues(t, "the topic that is there", readN(t, c, 1), []string{"logs-a"})
			need(t, "CreateTopic", cl.CreateTopic("logs-b", 1, nil))
			need(t, "CreateTopic", cl.CreateTopic("more-logs-b", 1, nil))
			produceValues(t, cl, "more-logs-b", "more-logs-b")
			produceValues(t, cl, "logs-b", "logs-b")
			wantValues(t, "the topic that came later", readN(t, c, 1), []string{"logs-b"})
			a, err := c.Assignment()
			if err != nil || len(a) != 2 || *a[0].Topic != "logs-a" || *a[1].Topic != "logs-b" {
				t.Errorf("Assignment = %s, %v", show(a), err)
			}
			quietMessages(t, c, "topics that do not match")
		})
	}
}

// TestMorePartitions: partitions that a topic gets later are consumed too.
func TestMorePartitions(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl, kafka.ConfigMap{"topic.metadata.refresh.interval.ms": 50})
	need(t, "Subscribe", c.Subscribe("t", nil))
	produceValues(t, cl, "t", "v0")
	readN(t, c, 1)
	req := kmsg.NewPtrCreatePartitionsRequest()
	rt := kmsg.NewCreatePartitionsRequestTopic()
	rt.Topic, rt.Count = "t", 3
	req.Topics, req.TimeoutMillis = append(req.Topics, rt), 5000
	_, err := req.RequestWith(t.Context(), engineOn(t, cl))
	need(t, "CreatePartitions", err)
	eventually(t, c, "three partitions", func() bool { a, _ := c.Assignment(); return len(a) == 3 })
}

// TestSubscribeUnknownTopic: a subscribed topic that is not there is reported once, and consumed when it comes.
func TestSubscribeUnknownTopic(t *testing.T) {
	t.Parallel()
	for name, conf := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			produceValues(t, cl, "t", "v0")
			c := startConsumer(t, cl, conf, kafka.ConfigMap{"topic.metadata.refresh.interval.ms": 50})
			need(t, "Subscribe", c.SubscribeTopics([]string{"t", "later"}, nil))
			reported, want := 0, 1
			if name == "consumer" { // it waits for the topic as the broker does
				want = 0
			}
			check := func(ev kafka.Event) {
				if e, ok := ev.(kafka.Error); ok {
					reported++
					wantCode(t, "event", e, kafka.ErrUnknownTopicOrPart)
					if want := "Subscribed topic not available: later: Broker: Unknown topic or partition"; e.Error() != want {
						t.Errorf("text %q, want %q", e.Error(), want)
					}
				}
			}
			message := false
			pollUntil(t, c, "the error and the message of the other topic", func(ev kafka.Event) bool {
				check(ev)
				if _, ok := ev.(*kafka.Message); ok {
					message = true
				}
				return reported >= want && message
			})
			for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
				check(c.Poll(20))
			}
			if reported != want {
				t.Errorf("reported %d times, want %d", reported, want)
			}
			need(t, "CreateTopic", cl.CreateTopic("later", 1, nil))
			produceValues(t, cl, "later", "w0")
			wantValues(t, "the topic that came later", readN(t, c, 1), []string{"w0"})
		})
	}
}

// TestMaxPoll: who does not poll loses its partitions, learns of it, and comes back with the next Poll.
func TestMaxPoll(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			produceValues(t, cl, "t", "v0", "v1")
			group := newGroup()
			slow := kafka.ConfigMap{"group.id": group, "max.poll.interval.ms": 1000, "enable.auto.commit": false}
			if name != "consumer" {
				slow["session.timeout.ms"] = 1000
			}
			// Only the silence of the application may end the membership, not a machine too busy for heartbeats.
			cl.ControlKey(int16(kmsg.JoinGroup), func(req kmsg.Request) (kmsg.Response, error, bool) {
				cl.KeepControl()
				req.(*kmsg.JoinGroupRequest).SessionTimeoutMillis = 60000
				return nil, nil, false
			})
			a := startConsumer(t, cl, conf, slow)
			var log []string
			need(t, "Subscribe", a.Subscribe("t", func(c *kafka.Consumer, ev kafka.Event) error {
				switch e := ev.(type) {
				case kafka.AssignedPartitions:
					if len(e.Partitions) > 0 {
						log = append(log, "assigned")
					}
					if c.AssignmentLost() {
						t.Error("lost while assigning")
					}
				case kafka.RevokedPartitions:
					if len(log) == 3 { // Close
						return nil
					}
					if !c.AssignmentLost() {
						t.Error("AssignmentLost is not set in the revocation")
					}
					_, err := c.Commit()
					wantCode(t, "Commit of a lost assignment", err, kafka.ErrAssignmentLost)
					log = append(log, "lost")
				}
				return nil
			}))
			wantValues(t, "messages", readN(t, a, 1), values(0, 1))
			// Nobody polls: the group takes the partition and gives it to another member.
			b := startMember(t, cl, "b", group, merged(conf, kafka.ConfigMap{"enable.auto.commit": false}), nil)
			eventually(t, nil, "the other member has the partition", func() bool { return shared(1, b) })
			eventually(t, nil, "AssignmentLost", a.AssignmentLost)
			b.leave()
			e := nextOf[kafka.Error](t, a)
			wantCode(t, "event", e, kafka.ErrMaxPollExceeded)
			if !strings.HasPrefix(e.Error(), "Application maximum poll interval (1000ms) exceeded by ") || !strings.HasSuffix(e.Error(), "ms") {
				t.Errorf("text %q", e.Error())
			}
			wantValues(t, "messages after coming back", readN(t, a, 1), values(0, 1)) // nothing was committed
			if want := []string{"assigned", "lost", "assigned"}; !slices.Equal(log, want) {
				t.Errorf("callbacks %v, want %v", log, want)
			}
		})
	}
}

// TestMaxPollBeforeAssigned: who subscribes and never polls does not keep partitions from others.
func TestMaxPollBeforeAssigned(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
			group := newGroup()
			slow := kafka.ConfigMap{"group.id": group, "max.poll.interval.ms": 300}
			if name != "consumer" {
				slow["session.timeout.ms"] = 300
			}
			idle := startConsumer(t, cl, conf, slow)
			need(t, "Subscribe", idle.Subscribe("t", nil))
			eventually(t, nil, "the idle member is in the group", func() bool {
				info := cl.GroupInfo(group)
				return info != nil && len(info.Members) == 1 && info.NumAssigned() == 2
			})
			b := startMember(t, cl, "b", group, conf, nil)
			awaitShared(t, 2, b)
		})
	}
}

// TestMaxPollWhileJoining: an application is silent for too long while its consumer is still joining, which so leaves
// under one name and joins under the next. It must not stay a member.
func TestMaxPollWhileJoining(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	group := newGroup()
	left := make(chan struct{})
	leaves := sync.OnceFunc(func() { close(left) })
	cl.ControlKey(int16(kmsg.SyncGroup), func(kmsg.Request) (kmsg.Response, error, bool) {
		cl.SleepControl(func() { <-left })
		return nil, nil, false
	})
	cl.ControlKey(int16(kmsg.LeaveGroup), func(kmsg.Request) (kmsg.Response, error, bool) {
		leaves()
		return nil, nil, false
	})
	idle := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "max.poll.interval.ms": 300, "session.timeout.ms": 300, "heartbeat.interval.ms": 50})
	need(t, "Subscribe", idle.Subscribe("t", nil))
	select {
	case <-left:
	case <-time.After(patience):
		t.Fatal("the idle member does not leave")
	}
	eventually(t, nil, "the group is empty", func() bool {
		info := cl.GroupInfo(group)
		return info != nil && len(info.Members) == 0
	})
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); runtime.Gosched() {
		if info := cl.GroupInfo(group); info != nil && info.NumAssigned() > 0 {
			t.Fatal("the idle member has joined again")
		}
	}
	awaitShared(t, 2, startMember(t, cl, "b", group, strategies["range"], nil))
}

// TestStaticMember: Close does not leave the group, and the same instance gets its partitions back without a rebalance.
func TestStaticMember(t *testing.T) {
	t.Parallel()
	for name, conf := range protocols {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			produceValues(t, cl, "t", "v0", "v1")
			group := newGroup()
			static := kafka.ConfigMap{"group.id": group, "group.instance.id": "one"}
			leaves := cl.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.LeaveGroup}, Observe: true, Count: -1})
			for i := range 2 {
				c := startConsumer(t, cl, conf, static)
				need(t, "Subscribe", c.Subscribe("t", nil))
				if i == 0 {
					wantValues(t, "messages", readN(t, c, 2), values(0, 2))
				} else {
					produceValues(t, cl, "t", "v2")
					wantValues(t, "messages", readN(t, c, 1), values(2, 3))
				}
				need(t, "Close", c.Close())
				if info := cl.GroupInfo(group); info == nil || len(info.Members) != 1 || info.Members[0].InstanceID == nil || *info.Members[0].InstanceID != "one" {
					t.Errorf("members after Close: %+v", info)
				}
			}
			if leaves.Hits() != 0 {
				t.Errorf("%d requests to leave the group", leaves.Hits())
			}
		})
	}
}

// TestFenced: another client with the same group.instance.id takes over; the first one has a fatal error.
func TestFenced(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	group := newGroup()
	static := kafka.ConfigMap{"group.id": group, "group.instance.id": "one"}
	first := startConsumer(t, cl, static)
	need(t, "Subscribe", first.Subscribe("t", nil))
	eventually(t, first, "assigned", func() bool { a, _ := first.Assignment(); return len(a) == 1 })
	second := startConsumer(t, cl, static)
	need(t, "Subscribe", second.Subscribe("t", nil))
	e := nextOf[kafka.Error](t, first)
	wantCode(t, "event", e, kafka.ErrFencedInstanceID)
	if !e.IsFatal() {
		t.Errorf("%v is not fatal", e)
	}
	wantCode(t, "Subscribe after a fatal error", first.Subscribe("t", nil), kafka.ErrFatal)
	_, err := first.CommitOffsets(tps(tp("t", 0, 1)))
	wantCode(t, "CommitOffsets after a fatal error", err, kafka.ErrFatal)
	eventually(t, second, "the second is assigned", func() bool { a, _ := second.Assignment(); return len(a) == 1 })
	eventually(t, first, "the first has nothing", func() bool { a, _ := first.Assignment(); return len(a) == 0 })
	closeSoon(t, first)
	produceValues(t, cl, "t", "v0")
	wantValues(t, "the second reads", readN(t, second, 1), values(0, 1))
}

// TestLostMembership: the group forgets the member; it comes back by itself, and says that what it had is lost.
func TestLostMembership(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			produceValues(t, cl, "t", "v0")
			group := newGroup()
			c := startConsumer(t, cl, conf, kafka.ConfigMap{"group.id": group})
			var log []string
			need(t, "Subscribe", c.Subscribe("t", func(c *kafka.Consumer, ev kafka.Event) error {
				if _, ok := ev.(kafka.RevokedPartitions); ok {
					if log = append(log, "revoked"); len(log) < 4 && !c.AssignmentLost() { // the one after is Close's
						t.Error("AssignmentLost is not set")
					}
				} else if len(ev.(kafka.AssignedPartitions).Partitions) > 0 {
					log = append(log, "assigned")
				}
				return nil
			}))
			readN(t, c, 1)
			kick(t, cl, group)
			eventually(t, c, "the partition comes back", func() bool { return len(log) >= 3 })
			if want := []string{"assigned", "revoked", "assigned"}; !slices.Equal(log, want) {
				t.Errorf("callbacks %v, want %v", log, want)
			}
			if c.AssignmentLost() {
				t.Error("AssignmentLost is still set")
			}
		})
	}
}

// kick removes the only member from a group, in its place.
func kick(t *testing.T, cl *testcluster.Cluster, group string) {
	t.Helper()
	member := cl.GroupInfo(group).Members[0].MemberID
	engine := engineOn(t, cl)
	classic := kmsg.NewPtrLeaveGroupRequest()
	classic.Group, classic.MemberID = group, member
	rm := kmsg.NewLeaveGroupRequestMember()
	rm.MemberID = member
	classic.Members = append(classic.Members, rm)
	_, err := classic.RequestWith(t.Context(), engine)
	need(t, "LeaveGroup", err)
	server := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	server.Group, server.MemberID, server.MemberEpoch = group, member, -1
	_, err = server.RequestWith(t.Context(), engine)
	need(t, "ConsumerGroupHeartbeat", err)
	if info := cl.GroupInfo(group); info != nil && slices.ContainsFunc(info.Members, func(m kfake.GroupMember) bool { return m.MemberID == member }) {
		t.Fatalf("the member is still in the group: %+v", info)
	}
}

// TestJoinErrors: what keeps a member out of its group is reported once.
func TestJoinErrors(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	produceValues(t, cl, "t", "v0")
	fault := cl.Fault(kfake.Fault{Keys: []kmsg.Key{kmsg.JoinGroup}, TopLevel: true, Err: kerr.GroupAuthorizationFailed, Count: -1})
	c := startConsumer(t, cl)
	need(t, "Subscribe", c.Subscribe("t", nil))
	wantCode(t, "event", nextOf[kafka.Error](t, c), kafka.ErrGroupAuthorizationFailed)
	need(t, "more tries", fault.Wait(t.Context(), fault.Hits()+2))
	quiet(t, c, "the same error again")
	fault.Remove()
	wantValues(t, "messages once it may", readN(t, c, 1), values(0, 1))
}

// TestGroupMetadata: GetConsumerGroupMetadata works before, in and after a membership.
func TestGroupMetadata(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl, kafka.ConfigMap{"group.id": "g"})
	before, err := c.GetConsumerGroupMetadata()
	need(t, "GetConsumerGroupMetadata", err)
	outside, err := kafka.NewTestConsumerGroupMetadata("g")
	need(t, "NewTestConsumerGroupMetadata", err)
	if !reflect.DeepEqual(before, outside) {
		t.Errorf("before joining: %q, want %q", before, outside)
	}
	need(t, "Subscribe", c.Subscribe("t", nil))
	eventually(t, c, "assigned", func() bool { a, _ := c.Assignment(); return len(a) == 1 })
	in, err := c.GetConsumerGroupMetadata()
	need(t, "GetConsumerGroupMetadata of a member", err)
	if members := cl.GroupInfo("g").Members; !strings.Contains(fmt.Sprintf("%s", in), members[0].MemberID) {
		t.Errorf("metadata of a member %q without its id %q", in, members[0].MemberID)
	}
}

// TestCloseWhileJoining: a member that closes before it got its first partitions is not waited for by the group.
func TestCloseWhileJoining(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	group := newGroup()
	a := startConsumer(t, cl, kafka.ConfigMap{"group.id": group})
	need(t, "Subscribe", a.Subscribe("t", nil))
	eventually(t, a, "assigned", func() bool { l, _ := a.Assignment(); return len(l) == 2 })
	b := startConsumer(t, cl, kafka.ConfigMap{"group.id": group})
	need(t, "Subscribe", b.Subscribe("t", nil))
	// a does not poll, so it does not give up what it has, and b's join is not answered.
	eventually(t, nil, "two members", func() bool { return len(cl.GroupInfo(group).Members) == 2 })
	closeSoon(t, b)
	if n := len(cl.GroupInfo(group).Members); n != 1 {
		t.Errorf("%d members after Close, want 1", n)
	}
	eventually(t, a, "a has all again", func() bool {
		l, _ := a.Assignment()
		return len(l) == 2 && cl.GroupInfo(group).State == "Stable"
	})
}

// TestEventsRebalance: with go.application.rebalance.enable the application gets rebalances on its channel and answers.
func TestEventsRebalance(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"range", "cooperative-sticky"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			produceValues(t, cl, "t", "v0", "v1", "v2")
			c := startConsumer(t, cl, strategies[protocol], kafka.ConfigMap{"go.events.channel.enable": true, "go.application.rebalance.enable": true})
			need(t, "Subscribe", c.Subscribe("t", nil))
			var log []string
			end := time.After(patience)
			for len(log) < 4 {
				select {
				case ev := <-c.Events():
					switch e := ev.(type) {
					case kafka.AssignedPartitions:
						if a, err := c.Assignment(); err != nil || len(a) != 0 {
							t.Errorf("Assignment before the answer: %v, %v", a, err)
						}
						log = append(log, "assigned "+show(e.Partitions))
						e.Partitions[0].Offset = 1
						if protocol == "range" {
							need(t, "Assign", c.Assign(e.Partitions))
						} else {
							need(t, "IncrementalAssign", c.IncrementalAssign(e.Partitions))
						}
					case kafka.RevokedPartitions:
						log = append(log, "revoked "+show(e.Partitions))
						if protocol == "range" {
							need(t, "Unassign", c.Unassign())
						} else {
							need(t, "IncrementalUnassign", c.IncrementalUnassign(e.Partitions))
						}
					case *kafka.Message:
						if log = append(log, string(e.Value)); string(e.Value) == "v2" {
							need(t, "Unsubscribe", c.Unsubscribe())
						}
					}
				case <-end:
					t.Fatalf("events %v", log)
				}
			}
			wantValues(t, "events", log, []string{"assigned t[0]@unset", "v1", "v2", "revoked t[0]@unset"})
		})
	}
}

// TestCloseEventsRebalance: Close does not wait for an answer to a rebalance that nobody reads from the channel.
func TestCloseEventsRebalance(t *testing.T) {
	t.Parallel()
	for _, answer := range []bool{true, false} {
		t.Run(fmt.Sprint("answered ", answer), func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			group := newGroup()
			c := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "go.events.channel.enable": true, "go.application.rebalance.enable": true})
			need(t, "Subscribe", c.Subscribe("t", nil))
			select {
			case ev := <-c.Events():
				if answer {
					need(t, "Assign", c.Assign(ev.(kafka.AssignedPartitions).Partitions))
				}
			case <-time.After(patience):
				t.Fatal("no event")
			}
			began := time.Now()
			closeSoon(t, c)
			if took := time.Since(began); took > 3*time.Second {
				t.Errorf("Close took %v", took)
			}
			if n := len(cl.GroupInfo(group).Members); n != 0 {
				t.Errorf("%d members after Close", n)
			}
		})
	}
}
