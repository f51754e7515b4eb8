package kafka

import (
	"context"
	"errors"
	"fmt"
	"sort"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// ConsumerGroupTopicPartitions are partitions of one group.
type ConsumerGroupTopicPartitions struct {
	Group      string
	Partitions []TopicPartition
}

// String returns the group with its partitions.
func (gtp ConsumerGroupTopicPartitions) String() string {
	s := gtp.Group + "[ "
	for _, p := range gtp.Partitions {
		s += p.String() + " "
	}
	return s + "]"
}

// ListConsumerGroupOffsetsResult is what ListConsumerGroupOffsets returns: one element.
type ListConsumerGroupOffsetsResult struct {
	ConsumerGroupsTopicPartitions []ConsumerGroupTopicPartitions
}

// onlyGroup returns the one group of a call that takes exactly one.
func onlyGroup(groups []ConsumerGroupTopicPartitions) (ConsumerGroupTopicPartitions, error) {
	if len(groups) != 1 {
		return ConsumerGroupTopicPartitions{}, fmt.Errorf("expected length of groupsPartitions is 1, got %d", len(groups))
	}
	return groups[0], checkPartitions(groups[0].Partitions, "Duplicate partitions not allowed")
}

// ListConsumerGroupOffsets gets the offsets that one group committed: of the partitions asked for, with OffsetInvalid
// where there is none, or with nil Partitions of all that it has. The result is sorted by topic and partition. See
// [AdminClient] for how calls wait. groupsPartitions must have exactly one element. ErrInvalidArg: an empty list of
// partitions, or one given twice.
func (a *AdminClient) ListConsumerGroupOffsets(ctx context.Context, groupsPartitions []ConsumerGroupTopicPartitions, options ...ListConsumerGroupOffsetsAdminOption) (lcgor ListConsumerGroupOffsetsResult, err error) {
	if err := a.verify(); err != nil {
		return lcgor, err
	}
	g, err := onlyGroup(groupsPartitions)
	if err != nil {
		return lcgor, err
	}
	if g.Partitions != nil && len(g.Partitions) == 0 {
		return lcgor, newErrorf(ErrInvalidArg, "NULL or non-empty topic partition list must be passed")
	}
	call, err := begin(ctx, a, waitResponse, options)
	if err != nil {
		return lcgor, err
	}
	defer call.cancel()
	found, err := call.committed(g.Group, g.Partitions, call.stableOffsets)
	if err != nil {
		return lcgor, err
	}
	lcgor.ConsumerGroupsTopicPartitions = []ConsumerGroupTopicPartitions{{Group: g.Group, Partitions: found}}
	return lcgor, nil
}

// committed gets what a group committed for partitions; nil means all.
func (call *adminCall) committed(group string, partitions []TopicPartition, stable bool) ([]TopicPartition, error) {
	rg := kmsg.NewOffsetFetchRequestGroup()
	rg.Group = group
	found := []TopicPartition{}
	known, err := call.client.lookUp(call.ctx, topicNames(partitions))
	if err != nil {
		return nil, call.fail(err)
	}
	for topic, ids := range partitionsByTopic(partitions) {
		if info, ok := known[topic]; !ok || info.err != nil { // a topic that is not there has no offset
			for _, id := range ids {
				found = append(found, TopicPartition{Topic: &topic, Partition: id, Offset: OffsetInvalid})
			}
			continue
		}
		t := kmsg.NewOffsetFetchRequestGroupTopic()
		t.Topic, t.TopicID, t.Partitions = topic, known[topic].id, ids
		rg.Topics = append(rg.Topics, t)
	}
	if partitions != nil && len(rg.Topics) == 0 { // no topics would ask for all
		sort.Sort(TopicPartitions(found))
		return found, nil
	}
	req := kmsg.NewPtrOffsetFetchRequest()
	req.RequireStable = stable
	req.Groups = []kmsg.OffsetFetchRequestGroup{rg}
	resp, err := request[*kmsg.OffsetFetchResponse](call, req)
	if err != nil {
		return nil, coordinatorRefused("LISTCONSUMERGROUPOFFSETS", err)
	}
	for _, g := range resp.Groups {
		if g.Group != group {
			continue
		}
		if g.ErrorCode != 0 {
			e := itemError(g.ErrorCode, nil)
			e.str = "LISTCONSUMERGROUPOFFSETS worker failed to parse response: ListConsumerGroupOffsetsResponse response failure: " + e.str
			return nil, e
		}
		for _, t := range g.Topics {
			for _, p := range t.Partitions {
				tp := TopicPartition{Topic: &t.Topic, Partition: p.Partition, Offset: Offset(p.Offset), LeaderEpoch: epochPtr(p.LeaderEpoch)}
				if p.Offset < 0 {
					tp.Offset = OffsetInvalid
				}
				if m := deref(p.Metadata); m != "" {
					tp.Metadata = &m
				}
				// A topic that is not there has no offset: as of version 10 of the request, which names topics by
				// id, brokers make an error of it.
				if p.ErrorCode != 0 && p.ErrorCode != kerr.UnknownTopicID.Code && p.ErrorCode != kerr.UnknownTopicOrPartition.Code {
					tp.Error = codeError(p.ErrorCode)
				}
				found = append(found, tp)
			}
		}
	}
	sort.Sort(TopicPartitions(found))
	return found, nil
}

// coordinatorRefused says that a client without rights on a group was not told its coordinator, in librdkafka's words.
func coordinatorRefused(call string, err error) error {
	var e Error
	if !errors.As(err, &e) || e.code != ErrGroupAuthorizationFailed {
		return err
	}
	return newErrorf(e.code, "%s worker coordinator request failed: %s", call, e.code).withCause(err)
}

// AlterConsumerGroupOffsetsResult is what AlterConsumerGroupOffsets returns: one element.
type AlterConsumerGroupOffsetsResult struct {
	ConsumerGroupsTopicPartitions []ConsumerGroupTopicPartitions
}

// AlterConsumerGroupOffsets commits offsets for one group that has no members at the time. The result is sorted by
// topic and partition, each with its Error: ErrUnknownMemberID where the group is in use. See [AdminClient] for how
// calls wait. groupsPartitions must have exactly one element. ErrInvalidArg: no partitions, one given twice, an offset
// below 0.
func (a *AdminClient) AlterConsumerGroupOffsets(ctx context.Context, groupsPartitions []ConsumerGroupTopicPartitions, options ...AlterConsumerGroupOffsetsAdminOption) (acgor AlterConsumerGroupOffsetsResult, err error) {
	if err := a.verify(); err != nil {
		return acgor, err
	}
	g, err := onlyGroup(groupsPartitions)
	if err != nil {
		return acgor, err
	}
	if len(g.Partitions) == 0 {
		return acgor, newErrorf(ErrInvalidArg, "Non-empty topic partition list must be present")
	}
	for _, p := range g.Partitions {
		if p.Offset < 0 {
			return acgor, newErrorf(ErrInvalidArg, "All topic-partition offsets must be >= 0")
		}
	}
	call, err := begin(ctx, a, waitResponse, options)
	if err != nil {
		return acgor, err
	}
	defer call.cancel()
	results, err := call.commitFor(g)
	if err != nil {
		return acgor, err
	}
	acgor.ConsumerGroupsTopicPartitions = []ConsumerGroupTopicPartitions{{Group: g.Group, Partitions: results}}
	return acgor, nil
}

// commitFor commits offsets from outside of the group.
func (call *adminCall) commitFor(g ConsumerGroupTopicPartitions) ([]TopicPartition, error) {
	known, err := call.client.lookUp(call.ctx, topicNames(g.Partitions))
	if err != nil {
		return nil, call.fail(err)
	}
	req := kmsg.NewPtrOffsetCommitRequest()
	req.Group, req.Generation = g.Group, -1
	at := map[string]int{}
	codes := map[topicPartition]int16{}
	for _, p := range g.Partitions {
		info, ok := known[*p.Topic]
		if !ok || info.err != nil {
			codes[topicPartition{*p.Topic, p.Partition}] = kerr.UnknownTopicOrPartition.Code
			continue
		}
		n, ok := at[*p.Topic]
		if !ok {
			t := kmsg.NewOffsetCommitRequestTopic()
			t.Topic, t.TopicID = *p.Topic, info.id
			n, at[*p.Topic] = len(req.Topics), len(req.Topics)
			req.Topics = append(req.Topics, t)
		}
		rp := kmsg.NewOffsetCommitRequestTopicPartition()
		rp.Partition, rp.Offset, rp.Metadata = p.Partition, int64(p.Offset), p.Metadata
		if p.LeaderEpoch != nil {
			rp.LeaderEpoch = *p.LeaderEpoch
		}
		req.Topics[n].Partitions = append(req.Topics[n].Partitions, rp)
	}
	if len(req.Topics) > 0 {
		resp, err := request[*kmsg.OffsetCommitResponse](call, req)
		if err != nil {
			return nil, coordinatorRefused("ALTERCONSUMERGROUPOFFSETS", err)
		}
		byID := map[[16]byte]string{}
		for n, info := range known {
			byID[info.id] = n
		}
		for _, t := range resp.Topics {
			if resp.Version >= 10 { // topics go by their ids
				t.Topic = byID[t.TopicID]
			}
			for _, p := range t.Partitions {
				codes[topicPartition{t.Topic, p.Partition}] = p.ErrorCode
			}
		}
	}
	results := make([]TopicPartition, len(g.Partitions))
	for i, p := range g.Partitions {
		p.Error = nil
		code, ok := codes[topicPartition{*p.Topic, p.Partition}]
		switch {
		case !ok:
			p.Error = missing("partition", p.String())
		case code != 0:
			p.Error = codeError(code)
		}
		results[i] = p
	}
	sort.Sort(TopicPartitions(results))
	return results, nil
}

// OffsetSpec says which offset ListOffsets is to find: one of the constants, or a time in milliseconds.
type OffsetSpec int64

// Offsets that are not found by a time.
const (
	MaxTimestampOffsetSpec OffsetSpec = -3 // of the message with the latest timestamp
	EarliestOffsetSpec     OffsetSpec = -2 // the first that the partition still has
	LatestOffsetSpec       OffsetSpec = -1 // the end
)

// NewOffsetSpecForTimestamp finds the first message whose timestamp, in milliseconds, is at or after this one.
func NewOffsetSpecForTimestamp(timestamp int64) OffsetSpec { return OffsetSpec(timestamp) }

// ListOffsetsResultInfo is what was found for one partition.
type ListOffsetsResultInfo struct {
	Offset      Offset // OffsetEnd where there is no message at or after the time; OffsetInvalid with an Error
	Timestamp   int64  // of the message in milliseconds, -1 where there is none
	LeaderEpoch *int32 // nil where it is not known
	Error       Error
}

// ListOffsetsResult is what ListOffsets returns. Its keys have topic pointers of their own, so go through it with range
// instead of looking up the keys of the request.
type ListOffsetsResult struct {
	ResultInfos map[TopicPartition]ListOffsetsResultInfo
}

// waitLeaders is what calls that go to the leaders of partitions wait for first.
const waitLeaders = "Failed to query partition leaders: "

// ListOffsets finds offsets of partitions: the first, the end, or by time. See [AdminClient] for how calls wait.
// ErrInvalidArg: a nil map, a partition twice or below zero, an empty topic, a spec below -3. ErrNoent: none of the
// partitions exists, or has a leader that this client may ask.
func (a *AdminClient) ListOffsets(ctx context.Context, topicPartitionOffsets map[TopicPartition]OffsetSpec, options ...ListOffsetsAdminOption) (result ListOffsetsResult, err error) {
	if err := a.verify(); err != nil {
		return result, err
	}
	if topicPartitionOffsets == nil {
		return result, newErrorf(ErrInvalidArg, "expected topicPartitionOffsets parameter.")
	}
	var queries []offsetQuery
	seen := map[topicPartition]bool{}
	twice := false
	for p, spec := range topicPartitionOffsets {
		i := len(queries)
		switch {
		case p.Topic == nil:
			return result, newErrorf(ErrInvalidArg, "The topic of partition %d is missing: set Topic", p.Partition)
		case *p.Topic == "":
			return result, newErrorf(ErrInvalidArg, "Partition topic name at index %d must be non-empty", i)
		case p.Partition < 0:
			return result, newErrorf(ErrInvalidArg, "Partition at index %d cannot be negative", i)
		case spec < MaxTimestampOffsetSpec:
			return result, newErrorf(ErrInvalidArg, "Partition %d has an invalid offset %d", i, spec)
		}
		k := topicPartition{*p.Topic, p.Partition}
		twice = twice || seen[k]
		seen[k] = true
		queries = append(queries, offsetQuery{k.topic, k.id, int64(spec)})
	}
	if twice {
		return result, newErrorf(ErrInvalidArg, "Partitions must not contain duplicates")
	}
	call, err := begin(ctx, a, waitResponse, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	result.ResultInfos = map[TopicPartition]ListOffsetsResultInfo{}
	if len(queries) == 0 {
		return result, nil
	}
	found, err := call.client.listOffsets(call.ctx, int8(call.isolation), queries)
	if err != nil {
		return ListOffsetsResult{}, call.leadersFail(err)
	}
	asked := false
	for i, f := range found {
		q := queries[i]
		info := ListOffsetsResultInfo{Offset: Offset(f.offset), Timestamp: f.timestamp, LeaderEpoch: epochPtr(f.epoch), Error: itemError(0, nil)}
		if f.err != nil {
			info = ListOffsetsResultInfo{Offset: OffsetInvalid, Timestamp: -1, Error: itemLocalError(*f.err)}
		}
		asked = asked || !f.noLeader
		result.ResultInfos[TopicPartition{Topic: &q.topic, Partition: q.partition}] = info
	}
	if !asked {
		return ListOffsetsResult{}, noLeaders()
	}
	return result, nil
}

// leadersFail is the error of a call that goes to the leaders of partitions and got no answer.
func (call *adminCall) leadersFail(err error) error {
	if call.app.Err() != nil {
		return call.app.Err()
	}
	if call.ctx.Err() == nil {
		return toError(err)
	}
	return newErrorf(ErrTimedOut, "%s%s", waitLeaders, ErrTimedOut).withCause(err)
}

// noLeaders is the error of such a call when none of the partitions has a leader that could be asked.
func noLeaders() Error { return newErrorf(ErrNoent, "%sNo leaders found", waitLeaders) }
