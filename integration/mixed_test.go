package integration_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/integration/cluster"
)

// other is a member that the engine runs, which shares a group with the library's.
type other struct {
	mu    sync.Mutex // guards the rest
	owned map[string]bool
	seen  map[string]int
	stop  func()
}

func joinOther(t *testing.T, c *cluster.Cluster, group, topic string, balancer kgo.GroupBalancer) *other {
	t.Helper()
	o := &other{owned: map[string]bool{}, seen: map[string]int{}}
	change := func(owns bool) func(context.Context, *kgo.Client, map[string][]int32) {
		return func(_ context.Context, _ *kgo.Client, ps map[string][]int32) {
			o.mu.Lock()
			defer o.mu.Unlock()
			for topic, ids := range ps {
				for _, id := range ids {
					if at := fmt.Sprintf("%s/%d", topic, id); owns {
						o.owned[at] = true
					} else {
						delete(o.owned, at)
					}
				}
			}
		}
	}
	client, err := kgo.NewClient(kgo.SeedBrokers(strings.Split(c.Bootstrap(cluster.Plain), ",")...), kgo.ConsumerGroup(group),
		kgo.ConsumeTopics(topic), kgo.Balancers(balancer), kgo.HeartbeatInterval(300*time.Millisecond), kgo.SessionTimeout(6*time.Second),
		kgo.ConsumeResetOffset(kgo.NewOffset().AtStart()), kgo.FetchMaxWait(100*time.Millisecond),
		kgo.OnPartitionsAssigned(change(true)), kgo.OnPartitionsRevoked(change(false)), kgo.OnPartitionsLost(change(false)))
	must(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		for ctx.Err() == nil {
			client.PollFetches(ctx).EachRecord(func(r *kgo.Record) {
				o.mu.Lock()
				defer o.mu.Unlock()
				o.seen[fmt.Sprintf("%s/%d@%d", r.Topic, r.Partition, r.Offset)]++
			})
		}
	}()
	o.stop = sync.OnceFunc(func() { cancel(); <-done; client.Close() })
	t.Cleanup(o.stop)
	return o
}

func (o *other) holds() (all []string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for at := range o.owned {
		all = append(all, at)
	}
	return all
}

// Our members share a group with the engine's own; the one that joins first leads.
func TestMixedGroup(t *testing.T) {
	t.Parallel()
	c := broker(t)
	balancers := map[string]kgo.GroupBalancer{"range": kgo.RangeBalancer(), "roundrobin": kgo.RoundRobinBalancer(), "cooperative-sticky": kgo.CooperativeStickyBalancer()}
	for _, row := range protocols[:3] {
		for _, ours := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, we lead %t", row.name, ours), func(t *testing.T) {
				t.Parallel()
				topic, group := newTopic(t, c, 4), unique(t, "group")
				conf := with(c, row.conf, kafka.ConfigMap{"group.id": group, "auto.offset.reset": "earliest", "heartbeat.interval.ms": 300})
				var m *member
				var o *other
				if ours {
					m = join(t, conf, topic)
					await(t, patience, "we hold all", func() bool { return len(m.holds()) == 4 })
					o = joinOther(t, c, group, topic, balancers[row.name])
				} else {
					o = joinOther(t, c, group, topic, balancers[row.name])
					await(t, patience, "the other holds all", func() bool { return len(o.holds()) == 4 })
					m = join(t, conf, topic)
				}
				await(t, patience, "both hold two, none the same", func() bool {
					a, b := m.holds(), o.holds()
					return len(a) == 2 && len(b) == 2 && !slices.ContainsFunc(a, func(p string) bool { return slices.Contains(b, p) })
				})
				for p := range int32(4) {
					put(t, c, topic, p, numbers(0, 10)...)
				}
				read := func() map[string]int {
					all := m.saw()
					o.mu.Lock()
					defer o.mu.Unlock()
					for at, n := range o.seen {
						all[at] += n
					}
					return all
				}
				await(t, patience, "all is read", func() bool { return len(read()) == 40 })
				if m.read() != 20 {
					t.Errorf("we read %d messages, want 20", m.read())
				}
				for at, n := range read() {
					if n != 1 {
						t.Errorf("%s was read %d times", at, n)
					}
				}
				if ours { // the leader leaves
					m.leave()
					await(t, patience, "the other holds all", func() bool { return len(o.holds()) == 4 })
				} else {
					o.stop()
					await(t, patience, "we hold all", func() bool { return len(m.holds()) == 4 })
				}
				for p := range int32(4) {
					put(t, c, topic, p, "last")
				}
				await(t, patience, "the last are read", func() bool { return len(read()) == 44 })
			})
		}
	}
}
