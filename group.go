package kafka

import (
	"context"
	"errors"
	"regexp"
	"slices"
	"sort"
	"strings"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
)

// group is the consumer's membership in its group. One goroutine, runGroup, owns it from the first subscription on:
// it joins, hands rebalances to the application, and leaves. The engine itself only fetches partitions that it is
// told; DESIGN.md says why its own group support is not used.
//
// Consumer.mu guards the first block; the second is set by configure and not changed; the third is the goroutine's.
type group struct {
	sub        *subscription
	subSeq     int           // moves with every subscription
	left       bool          // Unsubscribe was called: leave, also when there is a new subscription by now
	last       *subscription // the one before Unsubscribe: its callback serves the last revocation
	running    bool
	member     membership // of runGroup
	protocol   string     // of the rebalances: NONE until it has joined, then EAGER or COOPERATIVE
	memberID   string
	generation int32 // of the classic protocol, member epoch of the consumer protocol; -1 outside the group
	former     formerMember
	owned      []topicPartition
	lost       bool          // the membership was lost; until the application has served the revocation
	exceeded   bool          // it was lost because the application did not poll: rejoin at the next Poll
	ended      chan struct{} // closed when runGroup has ended
	since      time.Time     // it is a member, or not
	rebalances int64         // assignments so far
	rebalanced time.Time     // the last one
	reason     string        // of the last rebalance

	closing                              context.Context // ended by Close
	close                                context.CancelFunc
	kick                                 chan struct{} // capacity 1: the subscription or what else runGroup looks at has changed
	server                               bool          // group.protocol=consumer (KIP-848)
	balancers                            []kgo.GroupBalancer
	session, heartbeat, maxPoll, refresh time.Duration
	protocolType, assignor               string
	assignorSet                          bool
	rack                                 string
	exclude                              *topicFilter

	reported ErrorCode       // the last error that was reported, so that it is not repeated at every try
	missing  map[string]bool // subscribed topics that were reported as not there
	matched  map[string]int  // the topics joined with, and their partition counts
}

// formerMember is what a consumer was before it left its group. As in the peer it commits under that name until it joins
// again, which brokers refuse, and its rebalance protocol stays.
type formerMember struct {
	id         string
	generation int32
}

// configure reads the settings of the group.
func (g *group) configure(s *settings) error {
	g.protocol, g.generation, g.since = noProtocol, -1, time.Now()
	g.closing, g.close = context.WithCancel(context.Background())
	g.session, g.heartbeat, g.maxPoll = s.ms("session.timeout.ms"), s.ms("heartbeat.interval.ms"), s.ms("max.poll.interval.ms")
	g.refresh = s.ms("topic.metadata.refresh.interval.ms")
	g.protocolType = s.str("group.protocol.type")
	g.server = strings.EqualFold(s.str("group.protocol"), "consumer")
	g.assignor, g.assignorSet = s.str("group.remote.assignor"), s.isSet("group.remote.assignor")
	g.rack = s.str("client.rack")
	g.missing = map[string]bool{}
	for _, name := range strings.Split(s.str("partition.assignment.strategy"), ",") {
		switch strings.TrimSpace(name) {
		case "range":
			g.balancers = append(g.balancers, kgo.RangeBalancer())
		case "roundrobin":
			g.balancers = append(g.balancers, kgo.RoundRobinBalancer())
		case "cooperative-sticky":
			g.balancers = append(g.balancers, kgo.CooperativeStickyBalancer())
		}
	}
	var err error
	g.exclude, err = newTopicFilter(s.str("topic.blacklist"))
	return err
}

// rebalanceProtocolLocked returns NONE, EAGER or COOPERATIVE.
func (g *group) rebalanceProtocolLocked() string { return g.protocol }

// callbackLocked returns the callback that serves a rebalance now.
func (g *group) callbackLocked() RebalanceCb {
	switch {
	case g.sub != nil:
		return g.sub.cb
	case g.last != nil:
		return g.last.cb
	}
	return nil
}

func (g *group) kickLocked() {
	select {
	case g.kick <- struct{}{}:
	default:
	}
}

// subscribeLocked replaces the subscription; nil leaves the group.
func (c *Consumer) subscribeLocked(sub *subscription) {
	g := &c.group
	if sub == nil {
		g.last, g.left = g.sub, true
	}
	g.sub = sub
	g.subSeq++
	if !g.running {
		g.running = true
		g.ended = make(chan struct{})
		c.client.tasks.run(func(ctx context.Context) {
			defer close(g.ended)
			c.runGroup(ctx)
		})
	}
	g.kickLocked()
}

// subscribed returns the subscription, nil where the member has none or has to leave first, and its number.
func (c *Consumer) subscribed() (*subscription, int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.closing || c.group.left {
		return nil, c.group.subSeq
	}
	return c.group.sub, c.group.subSeq
}

// Why a membership ended.
var (
	errRejoin     = errors.New("rejoin the group as the same member")
	errLost       = errors.New("the membership is lost")
	errNotPolled  = errors.New("the application did not poll for max.poll.interval.ms")
	errGroupFatal = errors.New("the consumer can't be a member any longer")
	errLeave      = errors.New("the consumer closes or has no subscription any longer")
)

// runGroup keeps the consumer a member of its group while it is subscribed. It ends when the consumer closes, after
// it has left.
func (c *Consumer) runGroup(ctx context.Context) {
	g := &c.group
	c.client.log.debugf("cgrp", "CGRPJOINSTATE", "Group %q: begins", c.groupID)
	m := membership(&classicMember{c: c, g: g})
	if g.server {
		m = &serverMember{c: c, g: g}
	}
	c.mu.Lock()
	g.member = m
	c.mu.Unlock()
	for try := 0; ; {
		sub, seq := c.subscribed()
		if sub == nil {
			c.giveUp(ctx, false)
			c.mu.Lock()
			wasMember := g.generation >= 0 || g.memberID != "" // with a name but no generation it was joining
			c.mu.Unlock()
			if wasMember {
				m.leave(ctx)
			}
			c.notMember()
			if g.closing.Err() != nil {
				return
			}
			c.mu.Lock()
			again := g.left && g.sub != nil
			g.left = false
			c.mu.Unlock()
			if again {
				continue
			}
			select {
			case <-g.kick:
				continue
			case <-g.closing.Done():
				return
			case <-ctx.Done():
				return
			}
		}
		err := m.participate(ctx, sub, seq)
		if (err == nil || errors.Is(err, errRejoin)) && c.notPolled() {
			err = errNotPolled
		}
		c.endedBecause(err)
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errGroupFatal):
			c.giveUp(ctx, true)
			c.notMember()
			select {
			case <-g.closing.Done():
				return
			case <-ctx.Done():
				return
			}
		case errors.Is(err, errNotPolled):
			m.leave(ctx)
			c.giveUp(ctx, true)
			c.awaitPoll(ctx)
			c.notMember()
		case errors.Is(err, errLost):
			c.giveUp(ctx, true)
			c.notMember()
		case err == nil, errors.Is(err, errRejoin), errors.Is(err, errLeave):
			try = 0
		default:
			c.reportGroupError(err)
			try++
			select {
			case <-g.kick:
			case <-g.closing.Done():
			case <-ctx.Done():
				return
			case <-time.After(c.client.backoff(try)):
			}
		}
	}
}

// endedBecause notes why a generation ended, for statistics.
func (c *Consumer) endedBecause(err error) {
	c.mu.Lock()
	c.group.reason = "subscription changed"
	if err != nil {
		c.group.reason = err.Error()
	}
	reason := c.group.reason
	c.mu.Unlock()
	c.client.log.debugf("cgrp", "REBALANCE", "Group %q: generation ended: %s", c.groupID, reason)
}

// notPolled reports whether the application has been silent for too long.
func (c *Consumer) notPolled() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.group.exceeded
}

// awaitPoll waits until the application polls again.
func (c *Consumer) awaitPoll(ctx context.Context) {
	polled := make(chan struct{})
	c.mu.Lock()
	c.queue.pushLocked(func(*Consumer) Event { close(polled); return nil })
	c.mu.Unlock()
	select {
	case <-polled:
	case <-c.group.closing.Done():
	case <-ctx.Done():
	}
}

// membership is one of the two protocols of groups.
type membership interface {
	// participate joins the group and stays a member. It returns errRejoin, errLost, errNotPolled, errGroupFatal, or
	// what hindered it from joining; nil when the subscription changed.
	participate(ctx context.Context, sub *subscription, seq int) error
	// leave tells the group that the member is gone, unless it is a static one.
	leave(ctx context.Context)
}

// notMember forgets the membership.
func (c *Consumer) notMember() {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := &c.group
	if g.generation >= 0 && g.memberID != "" {
		g.former = formerMember{g.memberID, g.generation}
	}
	g.memberID, g.generation, g.owned = "", -1, nil
	g.lost, g.exceeded = false, false
	g.matched = nil
	g.since = time.Now()
}

// giveUp revokes all that the consumer owns and commits it unless it is lost.
func (c *Consumer) giveUp(ctx context.Context, lost bool) {
	c.mu.Lock()
	owned := c.group.owned
	if lost && len(owned) > 0 {
		c.group.lost = true
	}
	c.mu.Unlock()
	if len(owned) > 0 {
		c.revoke(ctx, owned)
	}
	c.mu.Lock()
	c.group.lost = false
	c.mu.Unlock()
}

// revoke has the application give up partitions, and commits what they have stored, unless they are lost.
func (c *Consumer) revoke(ctx context.Context, keys []topicPartition) {
	c.client.log.debugf("cgrp", "REVOKE", "Group %q: %d partition(s) to be revoked", c.groupID, len(keys))
	c.mu.Lock()
	var held []topicPartition // what the application has given up by itself was committed then
	for _, p := range c.assignment {
		// Under an eager protocol everything goes, also what the application has assigned beside the group.
		if k := p.key(); c.closing || c.group.rebalanceProtocolLocked() == eagerProtocol || slices.Contains(keys, k) {
			held = append(held, k)
		}
	}
	c.mu.Unlock()
	step := &rebalance{keys: keys}
	_ = c.rebalanceStep(ctx, step)
	c.mu.Lock()
	g := &c.group
	lost := g.lost
	g.owned = without(g.owned, keys)
	var req *commitRequest
	if !lost && c.autoCommit {
		req = c.storedLocked(held, true)
	}
	c.mu.Unlock()
	if req != nil {
		req.event = true
		c.commitAndWait(ctx, req)
	}
}

// ownedOutside returns the partitions that the member owns of other topics.
func (c *Consumer) ownedOutside(topics map[string]int) (keys []topicPartition) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, k := range c.group.owned {
		if _, ok := topics[k.topic]; !ok {
			keys = append(keys, k)
		}
	}
	return keys
}

// assign has the application take on partitions.
func (c *Consumer) assign(ctx context.Context, keys []topicPartition) error {
	c.mu.Lock()
	c.group.owned = append(slices.Clone(c.group.owned), keys...)
	sortKeys(c.group.owned)
	if c.group.rebalances++; c.group.rebalances == 1 {
		c.group.since = time.Now()
	}
	c.group.rebalanced = time.Now()
	member, generation := c.group.memberID, c.group.generation
	c.mu.Unlock()
	c.client.log.debugf("cgrp", "ASSIGN", "Group %q: %d partition(s) to be assigned, member %q in generation %d", c.groupID, len(keys), member, generation)
	return c.rebalanceStep(ctx, &rebalance{assign: true, keys: keys})
}

// without returns list less what is in out.
func without(list, out []topicPartition) (left []topicPartition) {
	for _, k := range list {
		if !slices.Contains(out, k) {
			left = append(left, k)
		}
	}
	return left
}

func sortKeys(keys []topicPartition) {
	sort.Slice(keys, func(i, j int) bool {
		if keys[i].topic != keys[j].topic {
			return keys[i].topic < keys[j].topic
		}
		return keys[i].id < keys[j].id
	})
}

// reportGroupError tells the application why joining failed, once for each error.
func (c *Consumer) reportGroupError(err error) {
	e := toError(err)
	if errors.Is(err, context.Canceled) || e.code == ErrDestroy || e.code == ErrTransport || e.code == ErrTimedOut {
		return // lost brokers are reported by themselves
	}
	if kerr.IsRetriable(err) || c.group.reported == e.code {
		return
	}
	c.group.reported = e.code
	c.post(e)
}

// matchTopics returns the topics of the cluster that the subscription means, with their partition counts. Subscribed
// topics that are not there are reported, once each; members of the consumer protocol may wait for one that never was there.
func (c *Consumer) matchTopics(ctx context.Context, sub *subscription) (map[string]int, error) {
	g := &c.group
	var ask []string
	if len(sub.patterns) == 0 {
		ask = sub.names
	}
	topics, err := c.topicPartitionCounts(ctx, ask)
	if err != nil {
		return nil, err
	}
	matched := map[string]int{}
	for name, t := range topics {
		if t.err != nil || t.partitions == 0 || g.exclude.matches(name) {
			continue
		}
		if slices.Contains(sub.names, name) || slices.ContainsFunc(sub.patterns, func(re *regexp.Regexp) bool { return re.MatchString(name) }) {
			matched[name] = t.partitions
		}
	}
	for _, name := range sub.names {
		t, asked := topics[name]
		if _, ok := matched[name]; ok {
			delete(g.missing, name)
			continue
		}
		err := kerr.UnknownTopicOrPartition
		if asked && t.err != nil {
			errors.As(t.err, &err)
		}
		if errors.Is(err, kerr.LeaderNotAvailable) || g.missing[name] {
			continue
		}
		g.missing[name] = true
		had := c.topicGone(name, err)
		if g.server && !had && errors.Is(err, kerr.UnknownTopicOrPartition) { // it may be joined with
			continue
		}
		e := codeError(err.Code)
		c.post(newErrorf(e.code, "Subscribed topic not available: %s: %s", name, e.code).withCause(err))
	}
	return matched, nil
}

// topicGone reports the assigned partitions of a topic that was deleted as unknown, before the topic itself is. It
// returns whether there are any.
func (c *Consumer) topicGone(topic string, why error) (had bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetcher.forget = append(c.fetcher.forget, topic)
	c.fetcher.interruptLocked()
	for _, p := range c.assignment {
		if *p.topic == topic && p.failure == nil {
			e := newError(ErrUnknownPartition).withCause(why)
			p.failure = e
			c.queue.pushLocked(e)
			had = true
		}
	}
	return had
}

// changed reports whether the topics or their partition counts differ from those that the member joined with.
func (g *group) changed(matched map[string]int) bool {
	if len(matched) != len(g.matched) {
		return true
	}
	for t, n := range matched {
		if g.matched[t] != n {
			return true
		}
	}
	return false
}

// Bounds of how often the topics of the cluster are looked at: while no subscribed topic is there, while one is
// missing, and at all.
const (
	noTopicRefresh       = time.Second
	missingTopicsRefresh = 5 * time.Second
	leastRefresh         = 10 * time.Millisecond
)

// refreshInterval is how long to wait before the topics are looked at again.
func (g *group) refreshInterval(sub *subscription) time.Duration {
	d := g.refresh
	if d <= 0 {
		d = time.Hour
	}
	if len(g.missing) > 0 && len(sub.names) > 0 {
		d = min(d, missingTopicsRefresh)
	}
	return max(d, leastRefresh)
}

// awaitTopics waits until the subscription matches some topic. It returns nil when the subscription changed meanwhile.
func (c *Consumer) awaitTopics(ctx context.Context, sub *subscription, seq int) (map[string]int, error) {
	for {
		matched, err := c.matchTopics(ctx, sub)
		if err != nil {
			return nil, err
		}
		if len(matched) > 0 {
			return matched, nil
		}
		select {
		case <-c.group.kick:
		case <-c.group.closing.Done():
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(min(noTopicRefresh, c.group.refreshInterval(sub))):
		}
		if _, now := c.subscribed(); now != seq || c.isClosing() {
			return nil, nil
		}
	}
}

func (c *Consumer) isClosing() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.closing
}

// pollWatch looks twice a second whether the application still polls. It counts calls rather than noting the time of
// each, which would cost Poll more than all else that it does.
func (c *Consumer) pollWatch(ctx context.Context) {
	ticker := time.NewTicker(min(500*time.Millisecond, max(c.group.maxPoll/4, time.Millisecond)))
	defer ticker.Stop()
	last, polls := time.Now(), -1
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		c.mu.Lock()
		g := &c.group
		if c.blocked > 0 || c.polls != polls || g.generation < 0 || c.events != nil && len(g.owned) == 0 {
			last, polls = time.Now(), c.polls
		} else if silent := time.Since(last); silent > g.maxPoll && !g.exceeded && !c.closing {
			g.exceeded, g.lost = true, true
			c.queue.pushLocked(newErrorf(ErrMaxPollExceeded, "Application maximum poll interval (%dms) exceeded by %dms",
				g.maxPoll.Milliseconds(), (silent - g.maxPoll).Milliseconds()))
			g.kickLocked()
			for _, k := range g.owned { // another member will get these: nothing of them may still come out
				if p := c.partitions[k]; p != nil && p.assigned {
					c.renewLocked(p)
				}
			}
			// At once, because runGroup may be waiting for the application too.
			c.client.tasks.run(g.member.leave)
		}
		c.mu.Unlock()
	}
}

// leave ends the membership for Close: the application's goroutine, which is in Close, serves the revocation.
func (c *Consumer) leave(inCallback bool) {
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	c.mu.Lock()
	// Who is not in the group yet has nothing to leave, and may be waiting for a broker that does not answer.
	g := &c.group
	member, ended := g.running && (g.generation >= 0 || g.memberID != "" || len(g.owned) > 0), g.ended
	if inCallback && c.serving != nil {
		// Close is called from the callback, or while another goroutine is in it: waiting for the callback could be
		// waiting for ourselves.
		step := c.serving
		step.applyLocked(c)
		step.finishLocked(c)
	}
	g.kickLocked()
	c.mu.Unlock()
	if member {
		c.serveUntil(ctx, ended)
	}
	c.finalCommit(ctx, member)
}

// closeTimeout bounds what Close waits for brokers and, in all, for a group to be left.
const closeTimeout = 10 * time.Second

// serveUntil serves rebalances, and drops all other events, until done is closed.
func (c *Consumer) serveUntil(ctx context.Context, done <-chan struct{}) {
	for {
		c.mu.Lock()
		var step func(*Consumer) Event
		for len(c.queue.front) > 0 && step == nil {
			_, step = c.queue.takeFrontLocked(c)
		}
		wake := c.queue.waiterLocked()
		c.mu.Unlock()
		if step != nil {
			step(c)
			continue
		}
		select {
		case <-wake:
		case <-done:
			return
		case <-ctx.Done():
			return
		}
	}
}
