package kafka

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// classicMember is a member of a group of the classic protocol: members join, one of them balances with the engine's
// balancers, and all learn their part.
type classicMember struct {
	c *Consumer
	g *group

	balanced map[string]int32 // the topics that this member, as the leader, balanced; nil for others
}

func (m *classicMember) participate(ctx context.Context, sub *subscription, seq int) error {
	topics, err := m.c.awaitTopics(ctx, sub, seq)
	if err != nil || topics == nil {
		return err
	}
	m.g.matched, m.balanced = topics, nil
	assigned, balancer, err := m.join(ctx)
	if err != nil {
		return err
	}
	m.g.reported = 0

	// From here on heartbeats go out, also while the application serves the rebalance.
	stay, cancel := context.WithCancel(ctx)
	defer cancel()
	beats := make(chan error, 1)
	stopped := make(chan struct{})
	m.c.client.tasks.run(func(context.Context) {
		defer close(stopped)
		m.heartbeats(stay, beats)
	})
	defer func() { cancel(); <-stopped }()

	m.c.mu.Lock()
	owned := slices.Clone(m.g.owned)
	m.c.mu.Unlock()
	added := without(assigned, owned)
	revoked := without(owned, assigned)
	if balancer.IsCooperative() && len(revoked) > 0 {
		m.c.revoke(ctx, revoked)
		if err := m.c.assign(ctx, added); err != nil { // also when it is empty: applications wait for it
			return err
		}
		return errRejoin // so that others get what was revoked
	}
	if err := m.c.assign(ctx, added); err != nil {
		return err
	}
	err = m.stay(ctx, sub, seq, balancer.IsCooperative(), beats)
	if err == nil || errors.Is(err, errRejoin) {
		if !balancer.IsCooperative() {
			m.c.giveUp(ctx, false)
		}
	}
	return err
}

// stay waits for a reason to end the membership or to join anew. A new subscription that means the same topics is none
// for a cooperative member.
func (m *classicMember) stay(ctx context.Context, sub *subscription, seq int, cooperative bool, beats <-chan error) error {
	refresh := time.NewTimer(m.refreshInterval(sub))
	defer refresh.Stop()
	for {
		select {
		case err := <-beats:
			return m.heartbeatFailed(err)
		case <-m.g.kick:
			m.c.mu.Lock()
			exceeded := m.g.exceeded
			m.c.mu.Unlock()
			if exceeded {
				return errNotPolled
			}
			if now, n := m.c.subscribed(); now == nil {
				return errLeave
			} else if n != seq {
				topics, err := m.c.matchTopics(ctx, now)
				if !cooperative || err != nil {
					return errRejoin
				}
				if gone := m.c.ownedOutside(topics); len(gone) > 0 {
					m.c.revoke(ctx, gone)
				}
				if m.g.changed(topics) {
					return errRejoin
				}
				sub, seq = now, n
			}
		case <-m.g.closing.Done():
			return errLeave
		case <-ctx.Done():
			return ctx.Err()
		case <-refresh.C:
			if topics, err := m.c.matchTopics(ctx, sub); err == nil && (m.g.changed(topics) || m.balanceIsStale(ctx)) {
				if gone := m.c.ownedOutside(topics); cooperative && len(gone) > 0 {
					m.lose(ctx, gone)
				}
				return errRejoin
			}
			refresh.Reset(m.refreshInterval(sub))
		}
	}
}

// lose gives up partitions that are there no longer: there is nothing to commit for them.
func (m *classicMember) lose(ctx context.Context, gone []topicPartition) {
	lost := func(is bool) {
		m.c.mu.Lock()
		m.g.lost = is
		m.c.mu.Unlock()
	}
	lost(true)
	m.c.revoke(ctx, gone)
	lost(false)
}

// heartbeatFailed says what the error of a heartbeat means for the membership.
func (m *classicMember) heartbeatFailed(err error) error {
	switch {
	case errors.Is(err, kerr.RebalanceInProgress):
		return errRejoin
	case errors.Is(err, kerr.FencedInstanceID):
		m.c.client.setFatal(newErrorf(ErrFencedInstanceID, "Fatal consumer error: %s", ErrFencedInstanceID).withCause(err))
		return errGroupFatal
	}
	return errLost // unknown member, illegal generation, or no coordinator for a session timeout
}

// join joins and syncs, and returns what the member is assigned.
func (m *classicMember) join(ctx context.Context) ([]topicPartition, kgo.GroupBalancer, error) {
	for {
		// A Close must not wait for the other members to join.
		joining, cancel := context.WithCancel(ctx)
		stop := context.AfterFunc(m.g.closing, cancel)
		assigned, b, err := m.joinOnce(joining)
		stop()
		cancel()
		if m.c.notPolled() { // it has left, perhaps under the name of before this try
			return nil, nil, errNotPolled
		}
		if !errors.Is(err, errRejoin) || m.c.isClosing() {
			return assigned, b, err
		}
	}
}

func (m *classicMember) joinOnce(ctx context.Context) ([]topicPartition, kgo.GroupBalancer, error) {
	g := m.g
	m.c.mu.Lock()
	memberID, generation, owned := g.memberID, g.generation, byTopic(g.owned)
	m.c.mu.Unlock()

	topics := make([]string, 0, len(g.matched))
	for t := range g.matched {
		topics = append(topics, t)
	}
	sort.Strings(topics)
	req := kmsg.NewPtrJoinGroupRequest()
	req.Group = m.c.groupID
	req.SessionTimeoutMillis = int32(g.session.Milliseconds())
	req.RebalanceTimeoutMillis = int32(g.maxPoll.Milliseconds())
	req.MemberID = memberID
	req.InstanceID = m.instanceID()
	req.ProtocolType = g.protocolType
	for _, b := range g.balancers {
		p := kmsg.NewJoinGroupRequestProtocol()
		p.Name = b.ProtocolName()
		var current map[string][]int32
		if b.IsCooperative() {
			current = copyByTopic(owned)
		}
		p.Metadata = b.JoinGroupMetadata(slices.Clone(topics), current, generation)
		req.Protocols = append(req.Protocols, p)
	}
	resp, err := req.RequestWith(ctx, m.c.client)
	if err != nil {
		return nil, nil, err
	}
	if err := m.joinFailed("JoinGroup", resp.ErrorCode, resp.MemberID); err != nil {
		return nil, nil, err
	}
	if resp.Protocol == nil {
		return nil, nil, newErrorf(ErrInconsistentGroupProtocol, "the group chose no partition assignor")
	}
	var balancer kgo.GroupBalancer
	for _, b := range g.balancers {
		if b.ProtocolName() == *resp.Protocol {
			balancer = b
		}
	}
	if balancer == nil {
		return nil, nil, newErrorf(ErrInconsistentGroupProtocol, "the group chose the partition assignor %q, which partition.assignment.strategy does not have", *resp.Protocol)
	}
	m.c.mu.Lock()
	g.memberID, g.generation = resp.MemberID, resp.Generation
	g.protocol = eagerProtocol
	if balancer.IsCooperative() {
		g.protocol = cooperativeProtocol
	}
	m.c.mu.Unlock()

	sync := kmsg.NewPtrSyncGroupRequest()
	sync.Group = m.c.groupID
	sync.Generation = resp.Generation
	sync.MemberID = resp.MemberID
	sync.InstanceID = m.instanceID()
	sync.ProtocolType = &g.protocolType
	sync.Protocol = resp.Protocol
	if resp.LeaderID == resp.MemberID && !resp.SkipAssignment {
		if sync.GroupAssignment, err = m.balance(ctx, balancer, resp.Members); err != nil {
			return nil, nil, err
		}
	}
	synced, err := sync.RequestWith(ctx, m.c.client)
	if err != nil {
		return nil, nil, err
	}
	if err := m.joinFailed("SyncGroup", synced.ErrorCode, resp.MemberID); err != nil {
		return nil, nil, err
	}
	parsed, err := balancer.ParseSyncAssignment(synced.MemberAssignment)
	if err != nil {
		return nil, nil, newErrorf(ErrBadMsg, "the assignment that the group's leader made can't be read: %v", err).withCause(err)
	}
	var assigned []topicPartition
	for t, ids := range parsed {
		for _, id := range ids {
			assigned = append(assigned, topicPartition{t, id})
		}
	}
	sortKeys(assigned)
	return assigned, balancer, nil
}

// joinFailed says what the answer to a join or sync means. errRejoin: try again at once.
func (m *classicMember) joinFailed(what string, code int16, memberID string) error {
	err := kerr.ErrorForCode(code)
	if err == nil {
		return nil
	}
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	switch {
	case errors.Is(err, kerr.MemberIDRequired):
		m.g.memberID = memberID
		return errRejoin
	case errors.Is(err, kerr.UnknownMemberID), errors.Is(err, kerr.IllegalGeneration):
		m.g.memberID, m.g.generation = "", -1
		if len(m.g.owned) > 0 {
			return errLost
		}
		return errRejoin
	case errors.Is(err, kerr.RebalanceInProgress):
		return errRejoin
	}
	e := codeError(code)
	if errors.Is(err, kerr.FencedInstanceID) {
		m.c.client.tasks.run(func(context.Context) { // not under the lock
			m.c.client.setFatal(newErrorf(ErrFencedInstanceID, "Fatal consumer error: %s", ErrFencedInstanceID).withCause(err))
		})
		return errGroupFatal
	}
	return newErrorf(e.code, "%s failed: %s", what, e.code).withCause(err)
}

// balance is the leader's work: the partitions for every member, by the chosen balancer.
func (m *classicMember) balance(ctx context.Context, b kgo.GroupBalancer, members []kmsg.JoinGroupResponseMember) ([]kmsg.SyncGroupRequestGroupAssignment, error) {
	sort.Slice(members, func(i, j int) bool { // the order that balancers expect: by instance, then by member
		a, b := members[i], members[j]
		switch {
		case a.InstanceID != nil && b.InstanceID != nil && *a.InstanceID != *b.InstanceID:
			return *a.InstanceID < *b.InstanceID
		case (a.InstanceID != nil) != (b.InstanceID != nil):
			return a.InstanceID != nil
		}
		return a.MemberID < b.MemberID
	})
	balancer, topics, err := b.MemberBalancer(members)
	if err != nil {
		return nil, newErrorf(ErrInconsistentGroupProtocol, "the group's members can't be balanced: %v", err).withCause(err)
	}
	names := make([]string, 0, len(topics))
	for t := range topics {
		names = append(names, t)
	}
	counts, err := m.counts(ctx, names)
	if err != nil {
		return nil, err
	}
	m.balanced = make(map[string]int32, len(names))
	for _, t := range names {
		m.balanced[t] = counts[t]
	}
	if orErr, ok := balancer.(kgo.GroupMemberBalancerOrError); ok {
		plan, err := orErr.BalanceOrError(counts)
		if err != nil {
			return nil, fmt.Errorf("balancing the group: %w", err)
		}
		return plan.IntoSyncAssignment(), nil
	}
	return balancer.Balance(counts).IntoSyncAssignment(), nil
}

// counts asks for the partition counts of topics; those that are not there are left out.
func (m *classicMember) counts(ctx context.Context, names []string) (map[string]int32, error) {
	found, err := m.c.topicPartitionCounts(ctx, names)
	if err != nil {
		return nil, err
	}
	counts := make(map[string]int32, len(names))
	for t, info := range found {
		if info.err == nil {
			counts[t] = int32(info.partitions)
		}
	}
	return counts, nil
}

// balanceIsStale reports whether the leader would balance differently now. Other members can subscribe to topics that
// it does not, and the broker that it asked may not have known a new topic yet.
func (m *classicMember) balanceIsStale(ctx context.Context) bool {
	if m.balanced == nil {
		return false
	}
	names := make([]string, 0, len(m.balanced))
	for t := range m.balanced {
		names = append(names, t)
	}
	counts, err := m.counts(ctx, names)
	if err != nil {
		return false
	}
	for t, n := range m.balanced {
		if counts[t] != n {
			return true
		}
	}
	return false
}

// refreshInterval is how long to wait before the topics are looked at again: not long while one of them is missing.
func (m *classicMember) refreshInterval(sub *subscription) time.Duration {
	d := m.g.refreshInterval(sub)
	for _, n := range m.balanced {
		if n == 0 {
			return min(d, missingTopicsRefresh)
		}
	}
	return d
}

// heartbeats keeps the membership alive until ctx ends or the group wants something. It goes on during a rebalance, so
// that a slow callback does not cost the membership.
func (m *classicMember) heartbeats(ctx context.Context, failed chan error) {
	ticker := time.NewTicker(max(min(m.g.heartbeat, m.g.session/3), time.Millisecond))
	defer ticker.Stop()
	answered := time.Now()
	for {
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
		err := m.beat(ctx)
		switch {
		case err == nil:
			answered = time.Now()
			continue
		case ctx.Err() != nil:
			return
		case errors.Is(err, kerr.RebalanceInProgress):
			answered = time.Now()
			select { // told once; the heartbeats go on until the member has rejoined
			case failed <- err:
			default:
			}
			continue
		case !brokerRefused(err):
			if time.Since(answered) < m.g.session {
				continue
			}
			err = errLost
		}
		// The membership is gone; a request to rejoin that was not read yet means nothing any longer.
		select {
		case <-failed:
		default:
		}
		failed <- err
		return
	}
}

func (m *classicMember) beat(ctx context.Context) error {
	req := kmsg.NewPtrHeartbeatRequest()
	req.Group = m.c.groupID
	req.InstanceID = m.instanceID()
	m.c.mu.Lock()
	req.MemberID, req.Generation = m.g.memberID, m.g.generation
	m.c.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, m.g.session)
	defer cancel()
	resp, err := req.RequestWith(ctx, m.c.client)
	if err != nil {
		return err
	}
	return kerr.ErrorForCode(resp.ErrorCode)
}

func (m *classicMember) leave(ctx context.Context) {
	if m.c.instanceID != "" {
		return
	}
	m.c.mu.Lock()
	memberID := m.g.memberID
	m.c.mu.Unlock()
	if memberID == "" {
		return
	}
	req := kmsg.NewPtrLeaveGroupRequest()
	req.Group = m.c.groupID
	req.MemberID = memberID
	member := kmsg.NewLeaveGroupRequestMember()
	member.MemberID = memberID
	req.Members = append(req.Members, member)
	ctx, cancel := context.WithTimeout(ctx, min(closeTimeout/2, m.c.client.requestTimeout()))
	defer cancel()
	_, _ = req.RequestWith(ctx, m.c.client) // at worst the session times out
}

func (m *classicMember) instanceID() *string {
	if m.c.instanceID == "" {
		return nil
	}
	return &m.c.instanceID
}

func copyByTopic(m map[string][]int32) map[string][]int32 {
	n := make(map[string][]int32, len(m))
	for t, ids := range m {
		n[t] = slices.Clone(ids)
	}
	return n
}
