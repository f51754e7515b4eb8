package kafka

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"slices"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// serverMember is a member of a group of the consumer protocol (KIP-848, group.protocol=consumer): the broker
// balances, and members learn their part from the answers to their heartbeats.
type serverMember struct {
	c *Consumer
	g *group

	target   []topicPartition // what the broker wants the member to have
	ids      map[[16]byte]string
	topicIDs map[string][16]byte
	unknown  []kmsg.ConsumerGroupHeartbeatResponseAssignmentTopic // of which the names are not known yet
}

// Member epochs with a meaning.
const (
	epochJoin        = int32(0)
	epochLeave       = int32(-1)
	epochLeaveStatic = int32(-2)
)

// eagerBeat is when a member that got nothing by joining asks again; then it waits twice as long.
const eagerBeat = 100 * time.Millisecond

func (m *serverMember) participate(ctx context.Context, sub *subscription, seq int) error {
	topics, err := m.topics(ctx, sub, seq)
	if err != nil || topics == nil {
		return err
	}
	if m.c.notPolled() { // awaitTopics may have taken the sign
		return errNotPolled
	}
	m.g.matched = topics
	m.target = nil
	m.c.mu.Lock()
	if m.g.memberID == "" {
		m.g.memberID = newMemberID()
	}
	m.g.generation = epochJoin
	m.g.protocol = cooperativeProtocol
	m.c.mu.Unlock()

	refresh := time.NewTimer(m.g.refreshInterval(sub))
	defer refresh.Stop()
	next := time.NewTimer(0)
	defer next.Stop()
	var stepDone chan struct{} // a rebalance is with the application
	defer func() {
		if stepDone != nil {
			<-stepDone
		}
	}()
	full, owns := true, true // what the next heartbeat has to tell: all, and what the member owns
	answered := time.Now()
	eager := eagerBeat
	for {
		select {
		case <-next.C:
			interval, err := m.beat(ctx, sub, full, owns)
			switch {
			case err == nil:
				full, owns, answered, m.g.reported = false, false, time.Now(), 0
				// A topic that has just been made is known to the coordinator a moment later than to others. Who joins
				// gets nothing of it, and would only hear of it with the next heartbeat.
				if eager < interval && stepDone == nil && m.idle() {
					interval, eager = eager, 2*eager
				}
			case ctx.Err() != nil:
				return ctx.Err()
			case !brokerRefused(err):
				var own Error
				if errors.As(err, &own) {
					return m.fatal(own)
				}
				if time.Since(answered) > m.g.maxPoll {
					return errLost
				}
				full, interval = true, m.c.client.backoff(1) // the broker may not have seen the last one
			default:
				return m.failed(err)
			}
			next.Reset(interval)
		case <-stepDone:
			stepDone, owns = nil, true
			next.Reset(0)
		case <-m.g.kick:
			m.c.mu.Lock()
			exceeded := m.g.exceeded
			m.c.mu.Unlock()
			if exceeded {
				return errNotPolled
			}
			now, n := m.c.subscribed()
			if now == nil {
				return errLeave
			}
			if n != seq {
				if topics, err = m.topics(ctx, now, n); err != nil || topics == nil {
					return err
				}
				sub, seq, m.g.matched, full = now, n, topics, true
				next.Reset(0)
			}
		case <-m.g.closing.Done():
			return errLeave
		case <-ctx.Done():
			return ctx.Err()
		case <-refresh.C:
			if topics, err := m.c.matchTopics(ctx, sub); err == nil && m.g.changed(topics) {
				m.g.matched, full = topics, true
				next.Reset(0)
			}
			refresh.Reset(m.g.refreshInterval(sub))
		}
		if stepDone == nil {
			stepDone = m.reconcile(ctx)
		}
	}
}

// topics is matchTopics. A name may be joined with before its topic is there: the broker shares it out when it is. Of
// expressions something has to match first, because it is names that the broker is told. nil means that the
// subscription changed meanwhile.
func (m *serverMember) topics(ctx context.Context, sub *subscription, seq int) (map[string]int, error) {
	if len(sub.names) == 0 {
		return m.c.awaitTopics(ctx, sub, seq)
	}
	return m.c.matchTopics(ctx, sub)
}

// idle reports whether the member has nothing, and is to have nothing.
func (m *serverMember) idle() bool {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	return len(m.g.owned) == 0 && len(m.target) == 0 && len(m.unknown) == 0
}

// reconcile starts to move what the member owns towards the target: first gives up, then takes on. It returns a
// channel that is closed when the application has done its part, nil when there is nothing to do.
func (m *serverMember) reconcile(ctx context.Context) chan struct{} {
	if m.target == nil {
		return nil
	}
	m.c.mu.Lock()
	owned := slices.Clone(m.g.owned)
	m.c.mu.Unlock()
	target := m.target
	m.target = nil
	revoked, added := without(owned, target), without(target, owned)
	if len(revoked) == 0 && len(added) == 0 {
		return nil
	}
	done := make(chan struct{})
	m.c.client.tasks.run(func(context.Context) {
		defer close(done)
		if len(revoked) > 0 {
			m.c.revoke(ctx, revoked)
		}
		_ = m.c.assign(ctx, added)
	})
	return done
}

// beat sends a heartbeat and takes in the answer. It returns when the next one is due.
func (m *serverMember) beat(ctx context.Context, sub *subscription, full, owns bool) (time.Duration, error) {
	g := m.g
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group = m.c.groupID
	m.c.mu.Lock()
	req.MemberID, req.MemberEpoch = g.memberID, g.generation
	owned := byTopic(g.owned)
	m.c.mu.Unlock()
	if m.c.instanceID != "" {
		req.InstanceID = &m.c.instanceID
	}
	req.RebalanceTimeoutMillis = -1
	if full {
		req.RebalanceTimeoutMillis = int32(g.maxPoll.Milliseconds())
		if g.rack != "" {
			req.RackID = &g.rack
		}
		if g.assignorSet && g.assignor != "" {
			req.ServerAssignor = &g.assignor
		}
		req.SubscribedTopicNames = m.names(sub)
	}
	if full || owns {
		if err := m.learnIDs(ctx); err != nil {
			return 0, err
		}
		req.Topics = []kmsg.ConsumerGroupHeartbeatRequestTopic{}
		for topic, ids := range owned {
			if req.MemberEpoch == epochJoin {
				break // a joining member owns nothing
			}
			t := kmsg.NewConsumerGroupHeartbeatRequestTopic()
			t.TopicID, t.Partitions = m.topicIDs[topic], ids
			req.Topics = append(req.Topics, t)
		}
	}
	bounded, cancel := context.WithTimeout(ctx, m.c.client.requestTimeout())
	defer cancel()
	resp, err := req.RequestWith(bounded, m.c.client)
	if err != nil {
		return 0, m.requestError(err)
	}
	if err := kerr.ErrorForCode(resp.ErrorCode); err != nil {
		return 0, err
	}
	m.c.mu.Lock()
	if resp.MemberID != nil {
		g.memberID = *resp.MemberID
	}
	g.generation = resp.MemberEpoch
	m.c.mu.Unlock()
	if resp.Assignment != nil {
		m.unknown = resp.Assignment.Topics
		if err := m.takeTarget(ctx); err != nil {
			return 0, err
		}
	} else if m.unknown != nil {
		if err := m.takeTarget(ctx); err != nil {
			return 0, err
		}
	}
	return time.Duration(resp.HeartbeatIntervalMillis) * time.Millisecond, nil
}

// names returns what the member subscribes to: the given names, whether they exist or not, and what the expressions
// match now.
func (m *serverMember) names(sub *subscription) []string {
	names := slices.Clone(sub.names)
	for t := range m.g.matched {
		if !slices.Contains(names, t) {
			names = append(names, t)
		}
	}
	sort.Strings(names)
	return names
}

// takeTarget turns an assignment by topic id into one by name. With a name not known yet it is left for the next
// heartbeat.
func (m *serverMember) takeTarget(ctx context.Context) error {
	target := []topicPartition{}
	for _, t := range m.unknown {
		name, ok := m.ids[t.TopicID]
		if !ok {
			m.ids = nil
			if err := m.learnIDs(ctx); err != nil {
				return err
			}
			if name, ok = m.ids[t.TopicID]; !ok {
				return nil
			}
		}
		for _, id := range t.Partitions {
			target = append(target, topicPartition{name, id})
		}
	}
	sortKeys(target)
	m.target, m.unknown = target, nil
	return nil
}

// learnIDs asks for the ids of the topics that the member has to do with.
func (m *serverMember) learnIDs(ctx context.Context) error {
	known := m.ids != nil
	for t := range m.g.matched {
		if _, ok := m.topicIDs[t]; !ok {
			known = false
		}
	}
	if known {
		return nil
	}
	m.c.mu.Lock()
	var names []string
	for _, k := range m.g.owned {
		names = append(names, k.topic)
	}
	m.c.mu.Unlock()
	for t := range m.g.matched {
		names = append(names, t)
	}
	sort.Strings(names)
	topics, err := m.c.topicPartitionCounts(ctx, slices.Compact(names))
	if err != nil {
		return err
	}
	m.ids, m.topicIDs = map[[16]byte]string{}, map[string][16]byte{}
	for name, t := range topics {
		if t.err == nil {
			m.ids[t.id], m.topicIDs[name] = name, t.id
		}
	}
	return nil
}

// requestError tells a broker that can't do the protocol from one that can't be reached.
func (m *serverMember) requestError(err error) error {
	if errors.Is(err, kerr.UnsupportedVersion) || brokerTooOld(err) {
		return newErrorf(ErrUnsupportedFeature, "group.protocol=consumer needs brokers that support it (Apache Kafka 4.0): use group.protocol=classic with these").withCause(err)
	}
	return err
}

// failed says what the error of a heartbeat means for the membership.
func (m *serverMember) failed(err error) error {
	switch {
	case errors.Is(err, kerr.UnknownMemberID), errors.Is(err, kerr.FencedMemberEpoch):
		return errLost
	case errors.Is(err, kerr.GroupAuthorizationFailed), errors.Is(err, kerr.TopicAuthorizationFailed):
		e := toError(err)
		return newErrorf(e.code, "ConsumerGroupHeartbeat failed: %s", e.code).withCause(err)
	}
	e := toError(err)
	return m.fatal(newErrorf(e.code, "ConsumerGroupHeartbeat fatal error: %s", e.code).withCause(err))
}

func (m *serverMember) fatal(err Error) error {
	m.c.client.setFatal(err)
	return errGroupFatal
}

func (m *serverMember) leave(ctx context.Context) {
	req := kmsg.NewPtrConsumerGroupHeartbeatRequest()
	req.Group = m.c.groupID
	m.c.mu.Lock()
	req.MemberID = m.g.memberID
	m.c.mu.Unlock()
	req.MemberEpoch = epochLeave
	if m.c.instanceID != "" {
		req.InstanceID = &m.c.instanceID
		req.MemberEpoch = epochLeaveStatic
	}
	req.RebalanceTimeoutMillis = -1
	ctx, cancel := context.WithTimeout(ctx, min(closeTimeout/2, m.c.client.requestTimeout()))
	defer cancel()
	_, _ = req.RequestWith(ctx, m.c.client) // at worst the session times out
}

// newMemberID makes a random id, a UUID in the form that Kafka prints them.
func newMemberID() string {
	var b [16]byte
	_, _ = rand.Read(b[:])
	return base64.RawURLEncoding.EncodeToString(b[:])
}
