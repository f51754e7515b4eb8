package kafka_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

// TestAtLeastOnce: every message is handled, committed behind, and after an error handled again.
func TestAtLeastOnce(t *testing.T) {
	t.Parallel()
	for name, policy := range map[string]kafka.CommitPolicy{
		"each":     {},
		"by three": {Messages: 3},
		"by time":  {Interval: 20 * time.Millisecond},
		"by both":  {Messages: 1000, Interval: 20 * time.Millisecond},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			fill(t, cl, "t", 0, 0, 20)
			group := newGroup()
			conf := kafka.ConfigMap{"group.id": group, "enable.auto.offset.store": false}
			boom := errors.New("boom")
			var got []string
			// First the handler fails at v7.
			c := startConsumer(t, cl, conf)
			need(t, "Subscribe", c.Subscribe("t", nil))
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			err := kafka.ConsumeAtLeastOnce(ctx, c, policy, func(m *kafka.Message) error {
				if string(m.Value) == "v7" {
					return boom
				}
				got = append(got, string(m.Value))
				return nil
			})
			if !errors.Is(err, boom) {
				t.Fatalf("ConsumeAtLeastOnce = %v, want the handler's error", err)
			}
			wantValues(t, "handled", got, values(0, 7))
			if at := committedIn(cl, group, "t", 0); at != 7 {
				t.Errorf("committed %d, want 7: the message that failed is not handled", at)
			}
			closeSoon(t, c)
			if at := committedIn(cl, group, "t", 0); at != 7 {
				t.Errorf("committed %d after Close, want 7", at)
			}
			// Then another one goes on from there.
			c = startConsumer(t, cl, conf)
			need(t, "Subscribe", c.Subscribe("t", nil))
			ctx, cancel = context.WithTimeout(t.Context(), patience)
			defer cancel()
			got = nil
			err = kafka.ConsumeAtLeastOnce(ctx, c, policy, func(m *kafka.Message) error {
				if got = append(got, string(m.Value)); len(got) == 13 {
					cancel()
				}
				return nil
			})
			need(t, "ConsumeAtLeastOnce that is cancelled", err)
			wantValues(t, "handled", got, values(7, 20))
			if at := committedIn(cl, group, "t", 0); at != 20 {
				t.Errorf("committed %d, want 20", at)
			}
		})
	}
}

// TestAtLeastOnceInterval: the interval counts from the first message that is not committed, also while none comes.
func TestAtLeastOnceInterval(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	fill(t, cl, "t", 0, 0, 2)
	group := newGroup()
	c := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "enable.auto.offset.store": false, "enable.auto.commit": false})
	need(t, "Subscribe", c.Subscribe("t", nil))
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- kafka.ConsumeAtLeastOnce(ctx, c, kafka.CommitPolicy{Interval: 30 * time.Millisecond}, func(*kafka.Message) error { return nil })
	}()
	eventually(t, nil, "a commit without another message", func() bool { return committedIn(cl, group, "t", 0) == 2 })
	cancel()
	need(t, "ConsumeAtLeastOnce", <-done)
}

func TestAtLeastOnceCommitFails(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	fill(t, cl, "t", 0, 0, 5)
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.auto.offset.store": false, "enable.auto.commit": false})
	need(t, "Subscribe", c.Subscribe("t", nil))
	failCommits(cl, kerr.GroupAuthorizationFailed)
	handled := 0
	err := kafka.ConsumeAtLeastOnce(t.Context(), c, kafka.CommitPolicy{Messages: 2}, func(*kafka.Message) error { handled++; return nil })
	if !errors.Is(err, kafka.ErrGroupAuthorizationFailed) || handled != 2 {
		t.Errorf("ConsumeAtLeastOnce = %v after %d messages, want the commit's error after 2", err, handled)
	}
}

// TestAtMostOnce: a batch is handed out after its commit, and not at all when that fails.
func TestAtMostOnce(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	fill(t, cl, "t", 0, 0, 10)
	fill(t, cl, "t", 1, 0, 10)
	group := newGroup()
	conf := kafka.ConfigMap{"group.id": group, "enable.auto.offset.store": false}
	c := startConsumer(t, cl, conf)
	need(t, "Subscribe", c.Subscribe("t", nil))
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	next, boom := map[int32]int64{}, errors.New("boom")
	count := func(list []*kafka.Message) {
		if len(list) == 0 || len(list) > 4 {
			t.Errorf("a batch of %d", len(list))
		}
		for _, m := range list {
			p := m.TopicPartition.Partition
			if at := int64(m.TopicPartition.Offset); at != next[p] {
				t.Errorf("partition %d: %d, want %d", p, at, next[p])
			} else if committedIn(cl, group, "t", p) <= at {
				t.Errorf("partition %d: %d is handed out before it is committed", p, at)
			}
			next[p]++
		}
	}
	err := kafka.ConsumeAtMostOnce(ctx, c, 4, func(list []*kafka.Message) error {
		if count(list); next[0]+next[1] >= 8 {
			return boom
		}
		return nil
	})
	if err != boom {
		t.Fatalf("ConsumeAtMostOnce = %v", err)
	}
	// A failed commit: nothing is handed out, and the next consumer gets those messages.
	fault := failCommits(cl, kerr.TopicAuthorizationFailed)
	err = kafka.ConsumeAtMostOnce(ctx, c, 4, func(list []*kafka.Message) error {
		t.Errorf("handed out although the commit failed: %v", list)
		return nil
	})
	if !errors.Is(err, kafka.ErrTopicAuthorizationFailed) {
		t.Errorf("ConsumeAtMostOnce with a failing commit = %v", err)
	}
	fault.Remove()
	closeSoon(t, c)
	c = startConsumer(t, cl, conf)
	need(t, "Subscribe", c.Subscribe("t", nil))
	err = kafka.ConsumeAtMostOnce(ctx, c, 4, func(list []*kafka.Message) error {
		if count(list); next[0]+next[1] == 20 {
			cancel()
		}
		return nil
	})
	need(t, "ConsumeAtMostOnce that is cancelled", err)
	if next[0] != 10 || next[1] != 10 {
		t.Errorf("handed out %v, want 10 of each", next)
	}
}

// TestPatternsOverRebalances: with members that come and go, none lost at least once, none twice at most once.
func TestPatternsOverRebalances(t *testing.T) {
	t.Parallel()
	for name, conf := range strategies {
		for _, pattern := range []string{"at least once", "at most once"} {
			t.Run(name+"/"+pattern, func(t *testing.T) {
				t.Parallel()
				const partitions, perPartition = 4, 2500
				cl := testcluster.New(t, 1, testcluster.Topic("t", partitions))
				for p := range int32(partitions) {
					fill(t, cl, "t", p, 0, perPartition)
				}
				group := newGroup()
				var mu sync.Mutex
				type place struct {
					partition int32
					offset    kafka.Offset
				}
				handled := map[place]int{}
				all, done := make(chan struct{}), false
				note := func(m *kafka.Message) {
					mu.Lock()
					defer mu.Unlock()
					handled[place{m.TopicPartition.Partition, m.TopicPartition.Offset}]++
					if len(handled) == partitions*perPartition && !done {
						close(all)
						done = true
					}
				}
				run := func(ctx context.Context, c *kafka.Consumer) error {
					if pattern == "at least once" {
						return kafka.ConsumeAtLeastOnce(ctx, c, kafka.CommitPolicy{Messages: 7}, func(m *kafka.Message) error { note(m); return nil })
					}
					return kafka.ConsumeAtMostOnce(ctx, c, 5, func(list []*kafka.Message) error {
						for _, m := range list {
							note(m)
						}
						return nil
					})
				}
				var members sync.WaitGroup
				start := func() context.CancelFunc {
					ctx, cancel := context.WithCancel(context.Background())
					c := startConsumer(t, cl, conf, kafka.ConfigMap{"group.id": group, "enable.auto.offset.store": false})
					need(t, "Subscribe", c.Subscribe("t", nil))
					members.Go(func() {
						defer closeSoon(t, c)
						if err := run(ctx, c); err != nil {
							t.Errorf("%s over a rebalance: %v", pattern, err)
						}
					})
					return cancel
				}
				stopA := start()
				defer stopA()
				count := func() int { mu.Lock(); defer mu.Unlock(); return len(handled) }
				eventually(t, nil, "the first messages", func() bool { return count() > 50 })
				stopB := start()
				defer stopB()
				eventually(t, nil, "two members", func() bool { return len(cl.GroupInfo(group).Members) == 2 })
				stopC := start()
				// The in-memory broker miscounts when a member leaves between join and sync, and then waits for ever.
				eventually(t, nil, "three members", func() bool {
					info := cl.GroupInfo(group)
					return len(info.Members) == 3 && (info.State == "Stable" || name == "consumer") || count() == partitions*perPartition
				})
				stopC()
				if pattern == "at least once" {
					select {
					case <-all:
					case <-time.After(patience):
						t.Errorf("%d of %d messages were handled; %+v", count(), partitions*perPartition, cl.GroupInfo(group))
					}
				} else {
					defer func() {
						if t.Failed() {
							t.Logf("group: %+v", cl.GroupInfo(group))
						}
					}()
					eventually(t, nil, "all is committed", func() bool {
						for p := range int32(partitions) {
							if committedIn(cl, group, "t", p) < perPartition {
								return false
							}
						}
						return true
					})
				}
				stopA()
				stopB()
				within(t, "the end of the members", members.Wait)
				twice := 0
				for _, n := range handled {
					if n > 1 {
						twice++
					}
				}
				t.Logf("%d handled, %d of them more than once", len(handled), twice)
				if pattern == "at most once" && twice > 0 {
					t.Errorf("%d messages were handled twice", twice)
				}
			})
		}
	}
}

// TestDeliveryPatternArguments: both need offsets that are stored by them alone.
func TestDeliveryPatternArguments(t *testing.T) {
	t.Parallel()
	c := startConsumer(t, testcluster.New(t, 1))
	wantCode(t, "ConsumeAtLeastOnce", kafka.ConsumeAtLeastOnce(t.Context(), c, kafka.CommitPolicy{}, func(*kafka.Message) error { return nil }), kafka.ErrInvalidArg)
	wantCode(t, "ConsumeAtMostOnce", kafka.ConsumeAtMostOnce(t.Context(), c, 1, func([]*kafka.Message) error { return nil }), kafka.ErrInvalidArg)
}
