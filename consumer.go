package kafka

import (
	"cmp"
	"context"
	"regexp"
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/twmb/franz-go/pkg/kgo"
)

// RebalanceCb is called by Poll, ReadMessage and Close, on their goroutine, with AssignedPartitions or
// RevokedPartitions. It may call any method of the consumer. If it calls none of Assign, Unassign, IncrementalAssign
// and IncrementalUnassign, the consumer does what the event says when it returns. Its error is only logged.
type RebalanceCb func(*Consumer, Event) error

// Consumer reads messages, as a member of a group (Subscribe) or from partitions of its own choice (Assign).
//
// All methods may be called from any goroutine and from a rebalance callback. An application must call Poll (or one
// of the reading methods) at least every max.poll.interval.ms while it is subscribed.
type Consumer struct {
	client *client

	groupID       string
	instanceID    string
	autoCommit    bool
	autoStore     bool
	eofEvents     bool
	readCommitted bool
	reset         resetPolicy
	appRebalance  bool // go.application.rebalance.enable
	onCommit      func(error, []TopicPartition)
	maxRecords    int   // queued.min.messages
	maxBytes      int64 // queued.max.messages.kbytes

	events chan Event // of Events, nil without go.events.channel.enable

	fetchSize fetchSize

	mu         sync.Mutex // guards all below; no callback and no request runs under it
	queue      queue
	partitions map[topicPartition]*partition
	used       map[string]bool // topics, see useTopicLocked
	assignment []*partition    // sorted
	manual     bool            // the assignment is the application's, not the group's
	serving    *rebalance      // the rebalance that the application is handling
	polls      int             // calls of Poll so far
	blocked    int             // callers that wait in Poll
	closing    bool            // Close was called; the group leaves
	fetcher    fetcher
	group      group
	commits    commitQueue
	closeDone  chan struct{} // closed when Close has ended
}

// topicPartition is a partition as a map's key.
type topicPartition struct {
	topic string
	id    int32
}

func (k topicPartition) compare(other topicPartition) int {
	return cmp.Or(cmp.Compare(k.topic, other.topic), cmp.Compare(k.id, other.id))
}

// NewConsumer makes a consumer; group.id is required. It connects in the background and returns at once: bad
// addresses and credentials are Error events. Errors are of code ErrInvalidArg and name the property.
func NewConsumer(conf *ConfigMap) (*Consumer, error) {
	if conf == nil {
		return nil, newErrorf(ErrInvalidArg, "NewConsumer needs a ConfigMap, not nil")
	}
	s, err := resolve(conf, consumerClient)
	if err != nil {
		return nil, err
	}
	c := &Consumer{
		groupID:       s.str("group.id"),
		instanceID:    s.str("group.instance.id"),
		autoCommit:    s.flag("enable.auto.commit"),
		autoStore:     s.flag("enable.auto.offset.store"),
		eofEvents:     s.flag("enable.partition.eof"),
		readCommitted: s.str("isolation.level") == "read_committed",
		reset:         resetPolicyOf(s.str("auto.offset.reset")),
		appRebalance:  s.flag("go.application.rebalance.enable"),
		maxRecords:    s.num("queued.min.messages"),
		maxBytes:      int64(s.num("queued.max.messages.kbytes")) * 1024,
		partitions:    map[topicPartition]*partition{},
		used:          map[string]bool{},
		closeDone:     make(chan struct{}),
	}
	if !s.isSet("group.id") || c.groupID == "" {
		return nil, newErrorf(ErrInvalidArg, "Required property group.id not set")
	}
	c.onCommit, _ = s.value("on_commit").(func(error, []TopicPartition))
	onThrottle, _ := s.value("throttle_cb").(func(string, int32, time.Duration))
	c.fetcher.room = make(chan struct{}, 1)
	c.fetchSize.configure(c, s)
	c.group.kick = make(chan struct{}, 1)
	c.commits.kick = make(chan struct{}, 1)
	if c.client, err = newClient(s, c.post, kgo.ConsumeResetOffset(kgo.NoResetOffset()), kgo.WithHooks(throttles{onThrottle, c.postCall}, &c.fetchSize), kgo.WithPools(new(recordPool))); err != nil {
		return nil, err
	}
	if err := c.group.configure(s); err != nil {
		c.client.stop()
		return nil, err
	}
	c.client.tasks.run(c.fetchLoop)
	c.client.tasks.run(c.commitLoop)
	c.client.tasks.run(c.pollWatch)
	if s.flag("go.events.channel.enable") {
		c.events = make(chan Event, s.num("go.events.channel.size"))
		c.client.tasks.run(c.feedEvents)
	}
	c.client.log.debugf("cgrp", "CGRPSTATE", "Group %q: not a member, no subscription", c.groupID)
	c.client.start()
	c.client.startStats(c.fillStats)
	return c, nil
}

// post hands an event of the client to the application: to the callback that the configuration has for it, run by Poll,
// else as what Poll returns.
func (c *Consumer) post(ev Event) {
	c.mu.Lock()
	defer c.mu.Unlock()
	onError, _ := c.client.conf.value("error_cb").(func(Error))
	onStats, _ := c.client.conf.value("stats_cb").(func(string))
	switch e := ev.(type) {
	case Error:
		if onError != nil {
			c.queue.pushLocked(func(*Consumer) Event { onError(e); return nil })
			return
		}
	case *Stats:
		if onStats != nil {
			c.queue.pushLocked(func(*Consumer) Event { onStats(e.String()); return nil })
			return
		}
	}
	c.queue.pushLocked(ev)
}

// postCall has Poll run a callback.
func (c *Consumer) postCall(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.pushLocked(func(*Consumer) Event { f(); return nil })
}

// String returns the name of the consumer in logs: "<client.id>#consumer-<n>".
func (c *Consumer) String() string { return c.client.name }

func (c *Consumer) handle() *client { return c.client }

// IsClosed reports whether Close was called.
func (c *Consumer) IsClosed() bool { return c.client.closed.Load() }

// Logs returns the log channel of go.logs.channel.enable, nil without it.
func (c *Consumer) Logs() chan LogEvent { return c.client.log.logs }

// Events returns the channel of go.events.channel.enable, which carries all that Poll would return; nil without it.
// The offset of a message is stored when it is put on the channel. Close closes it.
func (c *Consumer) Events() chan Event { return c.events }

// Subscribe subscribes to one topic, see [Consumer.SubscribeTopics].
func (c *Consumer) Subscribe(topic string, rebalanceCb RebalanceCb) error {
	return c.SubscribeTopics([]string{topic}, rebalanceCb)
}

// SubscribeTopics joins the group with these topics, in place of those of an earlier call. A name that begins with ^
// is a regular expression over the topics of the cluster, looked at again every topic.metadata.refresh.interval.ms.
// It returns at once; joining goes on in the background and its rebalances are served by Poll.
//
// ErrInvalidArg: no topics, an empty or repeated name, a bad expression. ErrState: the consumer is closed. ErrFatal:
// it met a fatal error, which was an event.
func (c *Consumer) SubscribeTopics(topics []string, rebalanceCb RebalanceCb) error {
	if err := c.client.verify(); err != nil {
		return err
	}
	if c.client.fatalError() != nil {
		return newError(ErrFatal)
	}
	sub, err := newSubscription(topics, rebalanceCb)
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing {
		return errClosed()
	}
	c.manual = false // it is consumed on until the group assigns
	c.subscribeLocked(sub)
	return nil
}

// Unsubscribe leaves the group. The partitions are revoked at the next Poll, through the rebalance callback. A
// manual assignment stays. Without a subscription it does nothing.
func (c *Consumer) Unsubscribe() error {
	if err := c.client.verify(); err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.group.sub != nil {
		c.subscribeLocked(nil)
	}
	return nil
}

// Subscription returns the topics and expressions of the last SubscribeTopics, sorted.
func (c *Consumer) Subscription() (topics []string, err error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.group.sub == nil || c.closing {
		return []string{}, nil
	}
	return append([]string{}, c.group.sub.given...), nil
}

// subscription is what the application subscribed to.
type subscription struct {
	given    []string // sorted
	names    []string
	patterns []*regexp.Regexp
	cb       RebalanceCb
}

func newSubscription(topics []string, cb RebalanceCb) (*subscription, error) {
	if len(topics) == 0 {
		return nil, newError(ErrInvalidArg)
	}
	s := &subscription{given: append([]string(nil), topics...), cb: cb}
	sort.Strings(s.given)
	for i, t := range s.given {
		switch {
		case t == "", i > 0 && t == s.given[i-1]:
			return nil, newError(ErrInvalidArg)
		case strings.HasPrefix(t, "^"):
			re, err := regexp.Compile(t)
			if err != nil {
				return nil, newError(ErrInvalidArg).withCause(err)
			}
			s.patterns = append(s.patterns, re)
		default:
			s.names = append(s.names, t)
		}
	}
	return s, nil
}

// Poll returns the next event: a *Message, an Error, a PartitionEOF, OffsetsCommitted, *Stats or
// OAuthBearerTokenRefresh. It waits up to timeoutMs milliseconds, with -1 for ever, with 0 not at all, and returns nil
// when there is none in that time. It runs the rebalance callback when one is due, and returns nil after it.
//
// A message's offset is stored when Poll returns it, unless enable.auto.offset.store is off.
func (c *Consumer) Poll(timeoutMs int) (event Event) {
	timeout := time.Duration(timeoutMs) * time.Millisecond
	if timeoutMs < 0 {
		timeout = -1
	}
	//lint:ignore SA1012 nil is a context that never ends
	ev, _ := c.poll(nil, timeout)
	return ev
}

// poll takes the next event, or serves one callback. wait < 0 means without limit. It returns the error of ctx when
// that ended the wait; a nil event without an error means that time is over, that a callback ran or that the consumer
// was closed.
func (c *Consumer) poll(ctx context.Context, wait time.Duration) (Event, error) {
	for {
		var wake <-chan struct{}
		c.mu.Lock()
		c.polls++
		ev, todo := c.queue.takeLocked(c)
		if ev == nil && todo == nil && wait != 0 && !c.closing {
			wake = c.queue.waiterLocked()
			c.blocked++
		}
		c.mu.Unlock()
		switch {
		case ev != nil:
			return ev, nil
		case todo != nil:
			return todo(c), nil
		case wake == nil:
			return nil, nil
		}
		var err error
		if wait, err = c.await(ctx, wake, wait); err != nil {
			return nil, err
		}
	}
}

// await waits until there is something in the queue, and returns what is left of the wait: nothing when the consumer ends. It
// is an error that ctx ends first. It is apart from poll for its defer, which would cost every Poll more than taking the
// message does.
func (c *Consumer) await(ctx context.Context, wake <-chan struct{}, wait time.Duration) (left time.Duration, err error) {
	began := time.Now()
	var expired <-chan time.Time
	if wait > 0 {
		timer := time.NewTimer(wait)
		defer timer.Stop()
		expired = timer.C
	}
	var canceled <-chan struct{}
	if ctx != nil {
		canceled = ctx.Done()
	}
	select {
	case <-wake:
		left = wait
		if wait > 0 {
			left = max(wait-time.Since(began), 0)
		}
	case <-expired:
	case <-canceled:
		err = ctx.Err()
	case <-c.client.tasks.ctx.Done():
	}
	c.mu.Lock()
	c.blocked--
	c.polls++
	c.mu.Unlock()
	return left, err
}

// ReadMessage waits up to timeout for a message; -1 waits for ever. Error events are returned as the error, a timeout
// as ErrTimedOut; other events are dropped and rebalance callbacks served.
func (c *Consumer) ReadMessage(timeout time.Duration) (*Message, error) {
	deadline := time.Now().Add(timeout)
	for wait := timeout; ; {
		//lint:ignore SA1012 nil is a context that never ends
		ev, _ := c.poll(nil, max(wait, -1))
		switch e := ev.(type) {
		case *Message:
			return e, e.TopicPartition.Error
		case Error:
			return nil, e
		}
		if c.IsClosed() {
			return nil, errClosed()
		}
		if timeout >= 0 {
			if wait = time.Until(deadline); wait <= 0 {
				return nil, newError(ErrTimedOut)
			}
		}
	}
}

// feedEvents moves what Poll would return to the Events channel. An unread channel holds up the consumer, as the peer
// does, but not Close.
func (c *Consumer) feedEvents(ctx context.Context) {
	defer close(c.events)
	for ctx.Err() == nil {
		ev, err := c.poll(ctx, -1)
		if err != nil || ev == nil {
			c.mu.Lock()
			closing := c.closing
			c.mu.Unlock()
			if closing {
				return
			}
			continue
		}
		select {
		case c.events <- ev:
		case <-ctx.Done():
		case <-c.group.closing.Done():
			return
		}
	}
}

// GetMetadata asks the cluster about one topic, about all (allTopics), or about those that this consumer uses. It
// waits up to timeoutMs; a topic that does not exist has its error in TopicMetadata.
func (c *Consumer) GetMetadata(topic *string, allTopics bool, timeoutMs int) (*Metadata, error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	if topic != nil {
		c.mu.Lock()
		c.used[*topic] = true // its partitions are known by the answer
		c.mu.Unlock()
	}
	return c.client.getMetadata(topic, allTopics, timeoutMs)
}

// QueryWatermarkOffsets asks the broker for the oldest offset of a partition and the one after its newest. On a
// closed client both are -1, on other failures 0.
func (c *Consumer) QueryWatermarkOffsets(topic string, partition int32, timeoutMs int) (low, high int64, err error) {
	if err := c.client.verify(); err != nil {
		return -1, -1, err
	}
	return c.client.queryWatermarks(topic, partition, timeoutMs)
}

// GetWatermarkOffsets returns the watermarks that the last fetch of the partition brought, without asking the broker:
// OffsetInvalid where none did.
func (c *Consumer) GetWatermarkOffsets(topic string, partition int32) (low, high int64, err error) {
	if err := c.client.verify(); err != nil {
		return -1, -1, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if p := c.askedLocked(topic, partition); p != nil {
		return int64(p.low), int64(p.high), nil
	}
	return int64(OffsetInvalid), int64(OffsetInvalid), nil
}

// OffsetsForTimes finds for each partition the first message at or after a time: give the time, in milliseconds since
// 1970, as Offset. The result holds the offset, or OffsetEnd where no message is that late, and each partition's error.
func (c *Consumer) OffsetsForTimes(times []TopicPartition, timeoutMs int) (offsets []TopicPartition, err error) {
	if err := c.client.verify(); err != nil {
		return nil, err
	}
	return c.client.offsetsForTimes(times, timeoutMs)
}

// Close leaves the group, commits stored offsets when enable.auto.commit is on, and ends the consumer with all its
// goroutines. The rebalance callback runs inside it. A static member (group.instance.id) stays in the group until its
// session times out.
//
// It is bounded: an unreachable broker or an unread Events channel does not hold it. A second call returns ErrState.
// It may be called from a callback; the consumer then ends when that returned.
func (c *Consumer) Close() error {
	if c.client.closed.Load() {
		return errClosed()
	}
	c.mu.Lock()
	if c.closing {
		c.mu.Unlock()
		return newErrorf(ErrState, "Consumer is already closing")
	}
	c.closing = true
	inCallback := c.serving != nil
	c.group.close()
	c.queue.wakeLocked()
	c.mu.Unlock()

	c.leave(inCallback)
	c.client.closed.Store(true)
	c.mu.Lock()
	c.unassignLocked(c.assignment)
	c.queue = queue{}
	c.mu.Unlock()
	c.client.stop()
	close(c.closeDone)
	return nil
}
