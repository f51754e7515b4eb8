package kafka_test

import (
	"context"
	"errors"
	"net"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"

	"github.com/purego-kafka/kafka"
	"github.com/purego-kafka/kafka/internal/testcluster"
)

func TestNewConsumerErrors(t *testing.T) {
	t.Parallel()
	for name, conf := range map[string]*kafka.ConfigMap{
		"nil map":        nil,
		"empty map":      {},
		"no group.id":    {"bootstrap.servers": "127.0.0.1:1"},
		"empty group.id": {"bootstrap.servers": "127.0.0.1:1", "group.id": ""},
	} {
		c, err := kafka.NewConsumer(conf)
		wantCode(t, name, err, kafka.ErrInvalidArg)
		if c != nil {
			t.Errorf("%s: a consumer beside the error", name)
			closeSoon(t, c)
		}
	}
	c, err := kafka.NewConsumer(&kafka.ConfigMap{"group.id": 17, "log_level": 0})
	need(t, "an int as group.id", err)
	closeSoon(t, c)
}

func TestSubscribeArguments(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("a", 1))
	c := startConsumer(t, cl)
	for _, test := range []struct {
		name   string
		topics []string
		want   kafka.ErrorCode
	}{
		{"nil", nil, kafka.ErrInvalidArg},
		{"empty list", []string{}, kafka.ErrInvalidArg},
		{"empty name", []string{""}, kafka.ErrInvalidArg},
		{"an empty name among others", []string{"a", ""}, kafka.ErrInvalidArg},
		{"duplicate", []string{"a", "b", "a"}, kafka.ErrInvalidArg},
		{"bad expression", []string{"^a("}, kafka.ErrInvalidArg},
		{"good", []string{"b", "^c.*", "a"}, kafka.ErrNoError},
	} {
		wantCode(t, test.name, c.SubscribeTopics(test.topics, nil), test.want)
		got, err := c.Subscription()
		need(t, "Subscription", err)
		want := []string{}
		if test.want == kafka.ErrNoError {
			want = slices.Sorted(slices.Values(test.topics))
		}
		if got == nil || !slices.Equal(got, want) {
			t.Errorf("%s: Subscription() = %#v, want %#v", test.name, got, want)
		}
	}
	need(t, "Unsubscribe", c.Unsubscribe())
	need(t, "Unsubscribe again", c.Unsubscribe())
	if got, err := c.Subscription(); got == nil || len(got) != 0 || err != nil {
		t.Errorf("Subscription after Unsubscribe: %#v, %v", got, err)
	}
}

// closedCalls are all calls that a closed consumer refuses.
var closedCalls = map[string]func(c *kafka.Consumer) error{
	"Subscribe":       func(c *kafka.Consumer) error { return c.Subscribe("t", nil) },
	"SubscribeTopics": func(c *kafka.Consumer) error { return c.SubscribeTopics([]string{"t"}, nil) },
	"Unsubscribe":     func(c *kafka.Consumer) error { return c.Unsubscribe() },
	"Subscription":    func(c *kafka.Consumer) error { _, err := c.Subscription(); return err },
	"Assign":          func(c *kafka.Consumer) error { return c.Assign(tps(tp("t", 0, 0))) },
	"Unassign":        func(c *kafka.Consumer) error { return c.Unassign() },
	"IncrementalAssign": func(c *kafka.Consumer) error {
		return c.IncrementalAssign(tps(tp("t", 0, 0)))
	},
	"IncrementalUnassign": func(c *kafka.Consumer) error {
		return c.IncrementalUnassign(tps(tp("t", 0, 0)))
	},
	"Assignment": func(c *kafka.Consumer) error { _, err := c.Assignment(); return err },
	"Commit":     func(c *kafka.Consumer) error { _, err := c.Commit(); return err },
	"CommitMessage": func(c *kafka.Consumer) error {
		_, err := c.CommitMessage(&kafka.Message{TopicPartition: tp("t", 0, 0)})
		return err
	},
	"CommitOffsets": func(c *kafka.Consumer) error { _, err := c.CommitOffsets(tps(tp("t", 0, 1))); return err },
	"CommitContext": func(c *kafka.Consumer) error {
		_, err := c.CommitContext(context.Background(), tps(tp("t", 0, 1)))
		return err
	},
	"CommitAsync":  func(c *kafka.Consumer) error { return c.CommitAsync(tp("t", 0, 1)) },
	"StoreOffsets": func(c *kafka.Consumer) error { _, err := c.StoreOffsets(tps(tp("t", 0, 1))); return err },
	"StoreMessage": func(c *kafka.Consumer) error {
		_, err := c.StoreMessage(&kafka.Message{TopicPartition: tp("t", 0, 0)})
		return err
	},
	"Committed":      func(c *kafka.Consumer) error { _, err := c.Committed(tps(tp("t", 0, 0)), 1000); return err },
	"Position":       func(c *kafka.Consumer) error { _, err := c.Position(tps(tp("t", 0, 0))); return err },
	"Seek":           func(c *kafka.Consumer) error { return c.Seek(tp("t", 0, 0), 0) },
	"SeekPartitions": func(c *kafka.Consumer) error { _, err := c.SeekPartitions(tps(tp("t", 0, 0))); return err },
	"Pause":          func(c *kafka.Consumer) error { return c.Pause(tps(tp("t", 0, 0))) },
	"Resume":         func(c *kafka.Consumer) error { return c.Resume(tps(tp("t", 0, 0))) },
	"ReadMessage":    func(c *kafka.Consumer) error { _, err := c.ReadMessage(0); return err },
	"PollContext": func(c *kafka.Consumer) error {
		_, err := c.PollContext(context.Background())
		return err
	},
	"ReadMessageContext": func(c *kafka.Consumer) error {
		_, err := c.ReadMessageContext(context.Background())
		return err
	},
	"ReadBatch":   func(c *kafka.Consumer) error { _, err := c.ReadBatch(context.Background(), 1); return err },
	"GetMetadata": func(c *kafka.Consumer) error { _, err := c.GetMetadata(nil, true, 1000); return err },
	"OffsetsForTimes": func(c *kafka.Consumer) error {
		_, err := c.OffsetsForTimes(tps(tp("t", 0, 0)), 1000)
		return err
	},
	"QueryWatermarkOffsets": func(c *kafka.Consumer) error {
		low, high, err := c.QueryWatermarkOffsets("t", 0, 1000)
		if low != -1 || high != -1 {
			return errors.New("watermarks other than -1")
		}
		return err
	},
	"GetWatermarkOffsets": func(c *kafka.Consumer) error {
		low, high, err := c.GetWatermarkOffsets("t", 0)
		if low != -1 || high != -1 {
			return errors.New("watermarks other than -1")
		}
		return err
	},
	"GetConsumerGroupMetadata": func(c *kafka.Consumer) error { _, err := c.GetConsumerGroupMetadata(); return err },
	"SetOAuthBearerToken": func(c *kafka.Consumer) error {
		return c.SetOAuthBearerToken(kafka.OAuthBearerToken{TokenValue: "x", Expiration: time.Now().Add(time.Hour)})
	},
	"SetSaslCredentials":         func(c *kafka.Consumer) error { return c.SetSaslCredentials("u", "p") },
	"SetOAuthBearerTokenFailure": func(c *kafka.Consumer) error { return c.SetOAuthBearerTokenFailure("x") },
	"Close":                      func(c *kafka.Consumer) error { return c.Close() },
}

// TestClosedConsumer: every method either works on a closed consumer or returns the one error of closed clients.
func TestClosedConsumer(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl)
	need(t, "Close", c.Close())
	for name, call := range closedCalls {
		err := call(c)
		wantCode(t, name, err, kafka.ErrState)
		if err != nil && err.Error() != "Operation not allowed on closed client" {
			t.Errorf("%s: %q", name, err)
		}
	}
	if ev := c.Poll(-1); ev != nil {
		t.Errorf("Poll: %v", ev)
	}
	for range c.Messages(t.Context()) {
		t.Error("Messages gives something")
	}
	if !c.IsClosed() || c.GetRebalanceProtocol() != "" || c.AssignmentLost() || c.Events() != nil || c.Logs() != nil {
		t.Errorf("closed %v, protocol %q, lost %v, events %v, logs %v", c.IsClosed(), c.GetRebalanceProtocol(), c.AssignmentLost(), c.Events(), c.Logs())
	}
	if !strings.Contains(c.String(), "#consumer-") {
		t.Errorf("String() = %q", c.String())
	}
	// No method may be missing here.
	other := strings.Fields("Stats Poll Messages IsClosed GetRebalanceProtocol AssignmentLost Events Logs String")
	methods := reflect.TypeOf(c)
	for i := range methods.NumMethod() {
		if name := methods.Method(i).Name; closedCalls[name] == nil && !slices.Contains(other, name) {
			t.Errorf("%s is not tested on a closed consumer", name)
		}
	}
}

// TestConsumerArguments: nil, empty and odd arguments of all calls.
func TestConsumerArguments(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 2))
	c := startConsumer(t, cl, kafka.ConfigMap{"enable.auto.offset.store": false})
	need(t, "Assign", c.Assign(tps(tp("t", 0, 0))))
	topic := "t"
	_, err := c.GetMetadata(&topic, false, 5000) // from here on all its partitions are known
	need(t, "GetMetadata", err)
	noTopic := kafka.TopicPartition{Partition: 0, Offset: 1}
	for _, test := range []struct {
		name string
		call func() error
		want kafka.ErrorCode
	}{
		{"Seek unknown", func() error { return c.Seek(tp("none", 1, 0), -5) }, kafka.ErrUnknownPartition},
		{"Assign without a topic", func() error { return c.Assign(tps(noTopic)) }, kafka.ErrInvalidArg},
		{"IncrementalAssign assigned", func() error { return c.IncrementalAssign(tps(tp("t", 0, 0))) }, kafka.ErrConflict},
		{"IncrementalAssign twice the same", func() error { return c.IncrementalAssign(tps(tp("t", 1, 0), tp("t", 1, 0))) }, kafka.ErrInvalidArg},
		{"IncrementalAssign without a topic", func() error { return c.IncrementalAssign(tps(noTopic)) }, kafka.ErrInvalidArg},
		{"IncrementalAssign nil", func() error { return c.IncrementalAssign(nil) }, kafka.ErrNoError},
		{"IncrementalUnassign not assigned", func() error { return c.IncrementalUnassign(tps(tp("t", 1, 0))) }, kafka.ErrInvalidArg},
		{"IncrementalUnassign without a topic", func() error { return c.IncrementalUnassign(tps(noTopic)) }, kafka.ErrInvalidArg},
		{"IncrementalUnassign nil", func() error { return c.IncrementalUnassign(nil) }, kafka.ErrNoError},
		{"CommitMessage nil", func() error { _, err := c.CommitMessage(nil); return err }, kafka.ErrInvalidArg},
		{"CommitMessage with an error", func() error {
			m := &kafka.Message{TopicPartition: tp("t", 0, 1)}
			m.TopicPartition.Error = errors.New("x")
			_, err := c.CommitMessage(m)
			return err
		}, kafka.ErrInvalidArg},
		{"CommitMessage without a topic", func() error { _, err := c.CommitMessage(&kafka.Message{}); return err }, kafka.ErrInvalidArg},
		{"CommitOffsets nil", func() error { _, err := c.CommitOffsets(nil); return err }, kafka.ErrNoOffset},
		{"CommitOffsets empty", func() error { _, err := c.CommitOffsets(tps()); return err }, kafka.ErrNoOffset},
		{"CommitOffsets unset", func() error { _, err := c.CommitOffsets(tps(tp("t", 0, kafka.OffsetInvalid))); return err }, kafka.ErrNoOffset},
		{"CommitOffsets without a topic", func() error { _, err := c.CommitOffsets(tps(noTopic)); return err }, kafka.ErrInvalidArg},
		{"CommitAsync nothing stored", func() error { return c.CommitAsync() }, kafka.ErrNoOffset},
		{"CommitAsync unset", func() error { return c.CommitAsync(tp("t", 0, kafka.OffsetInvalid)) }, kafka.ErrNoOffset},
		{"CommitAsync without a topic", func() error { return c.CommitAsync(noTopic) }, kafka.ErrInvalidArg},
		{"StoreMessage nil", func() error { _, err := c.StoreMessage(nil); return err }, kafka.ErrInvalidArg},
		{"StoreMessage negative offset", func() error {
			_, err := c.StoreMessage(&kafka.Message{TopicPartition: tp("t", 0, -1)})
			return err
		}, kafka.ErrInvalidArg},
		{"StoreMessage negative epoch", func() error {
			e := int32(-1)
			m := &kafka.Message{TopicPartition: tp("t", 0, 1)}
			m.TopicPartition.LeaderEpoch = &e
			_, err := c.StoreMessage(m)
			return err
		}, kafka.ErrInvalidArg},
		{"StoreOffsets nil", func() error { _, err := c.StoreOffsets(nil); return err }, kafka.ErrNoError},
		{"Committed nil", func() error { _, err := c.Committed(nil, 1000); return err }, kafka.ErrNoError},
		{"Committed without a topic", func() error { _, err := c.Committed(tps(noTopic), 1000); return err }, kafka.ErrInvalidArg},
		{"Committed in no time", func() error { _, err := c.Committed(tps(tp("t", 0, 0)), 0); return err }, kafka.ErrTimedOut},
		{"Committed in negative time", func() error { _, err := c.Committed(tps(tp("t", 0, 0)), -1); return err }, kafka.ErrTimedOut},
		{"Position nil", func() error { _, err := c.Position(nil); return err }, kafka.ErrNoError},
		{"Position without a topic", func() error { _, err := c.Position(tps(noTopic)); return err }, kafka.ErrNoError},
		{"Seek without a topic", func() error { return c.Seek(noTopic, 0) }, kafka.ErrInvalidArg},
		{"Seek not assigned", func() error { return c.Seek(tp("t", 1, 0), -5) }, kafka.ErrState},
		{"SeekPartitions nil", func() error { _, err := c.SeekPartitions(nil); return err }, kafka.ErrInvalidArg},
		{"SeekPartitions empty", func() error { _, err := c.SeekPartitions(tps()); return err }, kafka.ErrInvalidArg},
		{"Pause nil", func() error { return c.Pause(nil) }, kafka.ErrNoError},
		{"Pause without a topic", func() error { return c.Pause(tps(noTopic)) }, kafka.ErrNoError},
		{"Pause unknown", func() error { return c.Pause(tps(tp("none", 9, 0))) }, kafka.ErrNoError},
		{"Resume nil", func() error { return c.Resume(nil) }, kafka.ErrNoError},
		{"OffsetsForTimes nil", func() error { _, err := c.OffsetsForTimes(nil, 1000); return err }, kafka.ErrInvalidArg},
	} {
		wantCode(t, test.name, test.call(), test.want)
	}
	if list, err := c.Assignment(); err != nil || show(list) != "t[0]@0" {
		t.Errorf("a refused call changed the assignment: %v, %v", list, err)
	}
	result, err := c.SeekPartitions(tps(tp("t", 0, 0), tp("t", 1, 0)))
	if err != nil || len(result) != 2 || result[0].Error != nil {
		t.Fatalf("SeekPartitions = %v, %v", result, err)
	}
	wantCode(t, "SeekPartitions of one that is not assigned", result[1].Error, kafka.ErrState)
}

func TestCloseTwice(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	c := startConsumer(t, cl)
	need(t, "Subscribe", c.Subscribe("t", nil))
	pollUntil(t, c, "an assignment", func(kafka.Event) bool { a, _ := c.Assignment(); return len(a) == 1 })
	var wg sync.WaitGroup
	var mu sync.Mutex
	closed := 0
	for range 8 {
		wg.Go(func() {
			err := c.Close()
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				closed++
				return
			}
			wantCode(t, "concurrent Close", err, kafka.ErrState)
		})
	}
	within(t, "concurrent Close", wg.Wait)
	if closed != 1 {
		t.Errorf("%d of 8 calls of Close succeeded, want 1", closed)
	}
	wantCode(t, "Close of a closed consumer", c.Close(), kafka.ErrState)
}

// TestCloseWakesReaders: who waits in a reading call comes back when another goroutine closes the consumer.
func TestCloseWakesReaders(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	for name, read := range map[string]func(c *kafka.Consumer){
		"Poll": func(c *kafka.Consumer) {
			for !c.IsClosed() {
				if ev := c.Poll(-1); ev != nil {
					t.Errorf("Poll: %v", ev)
				}
			}
		},
		"ReadMessage": func(c *kafka.Consumer) {
			_, err := c.ReadMessage(-1)
			wantCode(t, "ReadMessage", err, kafka.ErrState)
		},
		"PollContext": func(c *kafka.Consumer) {
			for {
				if _, err := c.PollContext(context.Background()); err != nil {
					wantCode(t, "PollContext", err, kafka.ErrState)
					return
				}
			}
		},
		"ReadMessageContext": func(c *kafka.Consumer) {
			_, err := c.ReadMessageContext(context.Background())
			wantCode(t, "ReadMessageContext", err, kafka.ErrState)
		},
		"ReadBatch": func(c *kafka.Consumer) {
			_, err := c.ReadBatch(context.Background(), 3)
			wantCode(t, "ReadBatch", err, kafka.ErrState)
		},
		"Messages": func(c *kafka.Consumer) {
			for m, err := range c.Messages(context.Background()) {
				t.Errorf("Messages: %v %v", m, err)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			assigned := make(chan struct{})
			c := startConsumer(t, cl)
			need(t, "Subscribe", c.Subscribe("t", func(_ *kafka.Consumer, ev kafka.Event) error {
				if _, ok := ev.(kafka.AssignedPartitions); ok {
					close(assigned)
				}
				return nil
			}))
			done := make(chan struct{})
			go func() { defer close(done); read(c) }()
			<-assigned
			closeSoon(t, c)
			select {
			case <-done:
			case <-time.After(patience):
				t.Fatalf("still waiting\n%s", stacks())
			}
		})
	}
}

// TestCloseUnreadEvents: a full Events channel does not hold up Close, and the channel is closed.
func TestCloseUnreadEvents(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	fill(t, cl, "t", 0, 0, 100)
	c := startConsumer(t, cl, kafka.ConfigMap{"go.events.channel.enable": true, "go.events.channel.size": 1})
	need(t, "Subscribe", c.Subscribe("t", nil))
	eventually(t, nil, "the channel is full", func() bool { return len(c.Events()) == 1 })
	start := time.Now()
	closeSoon(t, c)
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("Close took %v", took)
	}
	for range c.Events() { // ends because it is closed
	}
}

// TestCloseLogs: Close ends the channel of the logs, once.
func TestCloseLogs(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1)
	c := startConsumer(t, cl, kafka.ConfigMap{"go.logs.channel.enable": true})
	if c.Logs() == nil {
		t.Fatal("no log channel")
	}
	need(t, "Close", c.Close())
	within(t, "reading the logs to their end", func() {
		for range c.Logs() {
		}
	})
}

// silentListener accepts connections and never answers.
func silentListener(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	need(t, "listen", err)
	var mu sync.Mutex
	var held []net.Conn
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			mu.Lock()
			held = append(held, conn)
			mu.Unlock()
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-done
		for _, conn := range held {
			_ = conn.Close()
		}
	})
	return l.Addr().String()
}

// TestCloseWithoutBrokers: Close is bounded when no broker is there, or answers.
func TestCloseWithoutBrokers(t *testing.T) {
	t.Parallel()
	for name, addr := range map[string]string{"nobody listens": "127.0.0.1:1", "never answers": silentListener(t)} {
		for how, start := range map[string]func(c *kafka.Consumer) error{
			"idle":       func(*kafka.Consumer) error { return nil },
			"subscribed": func(c *kafka.Consumer) error { return c.Subscribe("t", nil) },
			"assigned":   func(c *kafka.Consumer) error { return c.Assign(tps(tp("t", 0, kafka.OffsetStored))) },
			"committing": func(c *kafka.Consumer) error { return c.CommitAsync(tp("t", 0, 5)) },
		} {
			t.Run(name+"/"+how, func(t *testing.T) {
				t.Parallel()
				c, err := kafka.NewConsumer(&kafka.ConfigMap{"bootstrap.servers": addr, "group.id": "g", "log_level": 0})
				need(t, "NewConsumer", err)
				need(t, how, start(c))
				c.Poll(50)
				began := time.Now()
				closeSoon(t, c)
				if took := time.Since(began); took > 12*time.Second {
					t.Errorf("Close took %v", took)
				}
			})
		}
	}
}

// TestCloseBrokerStopsAnswering: the cluster falls silent while the consumer is a member with something to commit.
func TestCloseBrokerStopsAnswering(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			fill(t, cl, "t", 0, 0, 3)
			c := startConsumer(t, cl, kafka.ConfigMap{"group.protocol": protocol})
			need(t, "Subscribe", c.Subscribe("t", nil))
			readN(t, c, 3)
			cl.ControlKey(-1, func(kmsg.Request) (kmsg.Response, error, bool) {
				cl.KeepControl()
				return nil, nil, true
			})
			began := time.Now()
			closeSoon(t, c)
			if took := time.Since(began); took > 12*time.Second {
				t.Errorf("Close took %v", took)
			}
		})
	}
}

// TestCloseLeavesGroup: a dynamic member leaves in Close, so that the group is empty at once.
func TestCloseLeavesGroup(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"classic", "consumer"} {
		t.Run(protocol, func(t *testing.T) {
			t.Parallel()
			cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
			fill(t, cl, "t", 0, 0, 3)
			group := newGroup()
			c := startConsumer(t, cl, kafka.ConfigMap{"group.id": group, "group.protocol": protocol})
			need(t, "Subscribe", c.Subscribe("t", nil))
			wantValues(t, "messages", readN(t, c, 3), values(0, 3))
			need(t, "Close", c.Close())
			if info := cl.GroupInfo(group); info == nil || len(info.Members) != 0 {
				t.Errorf("the group after Close: %+v", info)
			}
			if got := committedIn(cl, group, "t", 0); got != 3 {
				t.Errorf("committed at Close: %d, want 3", got)
			}
		})
	}
}

// TestCloseCommitFails: a refused final commit does not hold up Close.
func TestCloseCommitFails(t *testing.T) {
	t.Parallel()
	cl := testcluster.New(t, 1, testcluster.Topic("t", 1))
	fill(t, cl, "t", 0, 0, 3)
	c := startConsumer(t, cl)
	need(t, "Subscribe", c.Subscribe("t", nil))
	readN(t, c, 3)
	failCommits(cl, kerr.CoordinatorLoadInProgress)
	began := time.Now()
	closeSoon(t, c)
	if took := time.Since(began); took > 12*time.Second {
		t.Errorf("Close took %v", took)
	}
}
