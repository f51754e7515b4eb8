package kafka

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"slices"
	"time"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// Metadata is what a broker knows of the cluster: its brokers and topics.
type Metadata struct {
	Brokers []BrokerMetadata         // sorted by ID
	Topics  map[string]TopicMetadata // by name

	// OriginatingBroker is the broker that answered. Its Host is "host:port/id" and its Port 0, as in librdkafka.
	OriginatingBroker BrokerMetadata
}

// BrokerMetadata is one broker: its id and the address that it gives to clients.
type BrokerMetadata struct {
	ID   int32
	Host string
	Port int
}

// TopicMetadata is one topic with its partitions. Error has code 0 where the broker has nothing to complain of.
type TopicMetadata struct {
	Topic      string
	Partitions []PartitionMetadata // sorted by ID
	Error      Error
}

// PartitionMetadata is one partition: the broker ids of its leader (-1: none), its replicas and those in sync.
type PartitionMetadata struct {
	ID       int32
	Error    Error
	Leader   int32
	Replicas []int32
	Isrs     []int32
}

// unreachableBackoff is the pause between two attempts while no broker can be reached.
const unreachableBackoff = 100 * time.Millisecond

// getMetadata asks a broker about one topic; about all topics; or, with a nil topic and allTopics false, about those
// that this client has used, which before the first are all. Producers and admin clients may create the topic by
// asking for it. It waits up to timeoutMs milliseconds, -1 without end: ErrTransport when no broker could be reached
// until then, ErrTimedOut when one did not answer.
func (c *client) getMetadata(topic *string, allTopics bool, timeoutMs int) (*Metadata, error) {
	if err := c.verify(); err != nil {
		return nil, err
	}
	ctx, cancel := c.within(timeoutMs)
	defer cancel()
	req := kmsg.NewPtrMetadataRequest()
	req.AllowAutoTopicCreation = c.conf.flag("allow.auto.create.topics") // true for producers, false for consumers, unless set
	if topic != nil {                                                    // known from now on, also when all are asked for
		req.Topics = metadataTopics(*c.topics.name(*topic))
	}
	switch {
	case allTopics:
		req.Topics = nil
	case topic == nil:
		req.Topics = metadataTopics(c.topics.all()...)
	}
	shard := c.ask(ctx, req)[0]
	if shard.Err != nil {
		return nil, c.askError(ctx, shard.Err, ErrTransport)
	}
	resp := shard.Resp.(*kmsg.MetadataResponse)
	for _, t := range resp.Topics {
		if t.Topic != nil {
			c.topics.learn(*t.Topic, len(t.Partitions))
		}
	}
	return metadataFrom(shard.Meta, resp), nil
}

// metadataTopics are the topics of a metadata request; none of them means all there are.
func metadataTopics(names ...string) (topics []kmsg.MetadataRequestTopic) {
	for _, n := range names {
		t := kmsg.NewMetadataRequestTopic()
		t.Topic = &n
		topics = append(topics, t)
	}
	return topics
}

func metadataFrom(from kgo.BrokerMetadata, resp *kmsg.MetadataResponse) *Metadata {
	md := &Metadata{
		Brokers:           make([]BrokerMetadata, 0, len(resp.Brokers)),
		Topics:            make(map[string]TopicMetadata, len(resp.Topics)),
		OriginatingBroker: BrokerMetadata{ID: from.NodeID, Host: fmt.Sprintf("%s:%d/%d", from.Host, from.Port, from.NodeID)},
	}
	if from.NodeID < 0 { // a bootstrap address: a broker's own, if the broker gives it to clients too
		md.OriginatingBroker = BrokerMetadata{ID: -1, Host: fmt.Sprintf("%s:%d/bootstrap", from.Host, from.Port)}
		for _, b := range resp.Brokers {
			if b.Host == from.Host && b.Port == from.Port {
				md.OriginatingBroker = BrokerMetadata{ID: b.NodeID, Host: fmt.Sprintf("%s:%d/%d", b.Host, b.Port, b.NodeID)}
			}
		}
	}
	for _, b := range resp.Brokers {
		md.Brokers = append(md.Brokers, BrokerMetadata{ID: b.NodeID, Host: b.Host, Port: int(b.Port)})
	}
	slices.SortFunc(md.Brokers, func(a, b BrokerMetadata) int { return cmp.Compare(a.ID, b.ID) })
	for _, t := range resp.Topics {
		if t.Topic == nil {
			continue
		}
		tm := TopicMetadata{Topic: *t.Topic, Error: codeError(t.ErrorCode), Partitions: make([]PartitionMetadata, 0, len(t.Partitions))}
		for _, p := range t.Partitions {
			tm.Partitions = append(tm.Partitions, PartitionMetadata{
				ID: p.Partition, Error: codeError(p.ErrorCode), Leader: p.Leader,
				Replicas: append([]int32{}, p.Replicas...), Isrs: append([]int32{}, p.ISR...),
			})
		}
		slices.SortFunc(tm.Partitions, func(a, b PartitionMetadata) int { return cmp.Compare(a.ID, b.ID) })
		md.Topics[*t.Topic] = tm
	}
	return md
}

// queryWatermarks asks the partition's leader for its first offset and its end: under isolation.level=read_committed,
// which is the default, the end is the last stable offset. On a closed client both are -1, on any other failure 0.
// Errors: ErrUnknownPartition, ErrAllBrokersDown when no broker could be reached in timeoutMs milliseconds,
// ErrTimedOut when one did not answer.
func (c *client) queryWatermarks(topic string, partition int32, timeoutMs int) (low, high int64, err error) {
	if err := c.verify(); err != nil {
		return -1, -1, err
	}
	if topic == "" { // no broker ever answers for it: librdkafka's answer, without the wait
		return 0, 0, newError(ErrTimedOut)
	}
	ctx, cancel := c.within(timeoutMs)
	defer cancel()
	found, err := c.listOffsets(ctx, c.isolation(), []offsetQuery{
		{topic, partition, int64(OffsetBeginning)}, {topic, partition, int64(OffsetEnd)},
	})
	if err != nil {
		return 0, 0, err
	}
	for _, f := range found {
		if f.err != nil {
			return 0, 0, unknownPartition(*f.err)
		}
	}
	return found[0].offset, found[1].offset, nil
}

// offsetsForTimes looks up, for every partition, the first offset whose timestamp is at or after the time that its
// Offset field holds in milliseconds: OffsetEnd where there is none. A partition that could not be looked up keeps
// what it came with and has its Error set; the call itself fails when none could. Other errors: ErrInvalidArg for an
// empty list, ErrAllBrokersDown and ErrTimedOut as with queryWatermarks.
func (c *client) offsetsForTimes(times []TopicPartition, timeoutMs int) ([]TopicPartition, error) {
	if err := c.verify(); err != nil {
		return nil, err
	}
	if len(times) == 0 {
		return nil, newError(ErrInvalidArg)
	}
	queries := make([]offsetQuery, len(times))
	for i, t := range times {
		if t.Topic == nil {
			return nil, newErrorf(ErrInvalidArg, "The topic of partition %d is missing: set Topic", t.Partition)
		}
		queries[i] = offsetQuery{*t.Topic, t.Partition, int64(t.Offset)}
	}
	ctx, cancel := c.within(timeoutMs)
	defer cancel()
	found, err := c.listOffsets(ctx, c.isolation(), queries)
	if err != nil {
		return nil, err
	}
	result, failed := make([]TopicPartition, len(times)), 0
	for i, f := range found {
		result[i] = TopicPartition{Topic: times[i].Topic, Partition: times[i].Partition, Offset: times[i].Offset}
		if f.err != nil {
			result[i].Error = *f.err
			failed++
			continue
		}
		result[i].Offset, result[i].LeaderEpoch = Offset(f.offset), epochPtr(f.epoch)
	}
	if failed == len(times) {
		return nil, unknownPartition(*found[0].err)
	}
	return result, nil
}

// unknownPartition is the client's own error for a partition that the brokers do not know.
func unknownPartition(err Error) Error {
	if err.code == ErrUnknownTopicOrPart {
		return newError(ErrUnknownPartition).withCause(err.cause)
	}
	return err
}

// epochPtr is a leader epoch as TopicPartition has it: nil when it is not known.
func epochPtr(epoch int32) *int32 {
	if epoch < 0 {
		return nil
	}
	return &epoch
}

// isolation is isolation.level as the protocol has it.
func (c *client) isolation() int8 {
	if c.conf.str("isolation.level") == "read_uncommitted" {
		return 0
	}
	return 1
}

// offsetQuery asks for the offset at a time in milliseconds, or at one of the protocol's special times: -1 the end,
// -2 the beginning, -3 the message with the largest timestamp.
type offsetQuery struct {
	topic     string
	partition int32
	at        int64
}

type offsetAnswer struct {
	offset    int64 // -1: no message at or after that time
	timestamp int64 // milliseconds, -1 if not known
	epoch     int32 // -1 if not known
	err       *Error
	noLeader  bool // err is from the metadata: there was no leader to ask
}

// listOffsets answers queries in their order. It fails as a whole only when no broker answered before ctx ended. A
// partition without a leader is asked for again until then. A partition that a topic does not have is an
// ErrUnknownPartition, a topic that does not exist an ErrUnknownTopicOrPart: no topic is created by asking.
func (c *client) listOffsets(ctx context.Context, isolation int8, queries []offsetQuery) ([]offsetAnswer, error) {
	topics := make([]string, len(queries))
	for i, q := range queries {
		topics[i] = q.topic
	}
	known, err := c.lookUp(ctx, topics)
	if err != nil {
		return nil, c.askError(ctx, err, ErrAllBrokersDown)
	}
	answers := make([]offsetAnswer, len(queries))
	var open []int
	for i, q := range queries {
		if err := known.check(q.topic, q.partition); err != nil {
			answers[i].err, answers[i].noLeader = err, true
		} else {
			open = append(open, i)
		}
	}
	for len(open) > 0 {
		// A request may name a partition once, so what asks for one again goes into the next round.
		round, later := map[topicPartition]int{}, []int(nil)
		for _, i := range open {
			k := topicPartition{queries[i].topic, queries[i].partition}
			if _, dup := round[k]; dup {
				later = append(later, i)
				continue
			}
			round[k] = i
		}
		got, err := c.listOffsetsOnce(ctx, isolation, queries, round)
		if err != nil {
			return nil, err
		}
		again := false
		for k, i := range round {
			a, ok := got[k]
			if !ok {
				e := newErrorf(ErrBadMsg, "The broker's answer lacks %s [%d]", k.topic, k.id)
				a = offsetAnswer{err: &e}
			}
			answers[i] = a
			if a.err != nil && waitsForLeader(a.err) {
				later, again = append(later, i), true
			}
		}
		if open = later; again && !sleep(ctx, unreachableBackoff) {
			break
		}
	}
	return answers, nil
}

// topics are what the cluster says of some topics.
type topics map[string]topicInfo

// lookUp asks for topics, without creating them. What goes by partition looks here first: the engine, which looks for
// itself to find the leaders, would create topics where messages to them would.
func (c *client) lookUp(ctx context.Context, names []string) (topics, error) {
	req := kmsg.NewPtrMetadataRequest()
	if req.Topics = metadataTopics(distinct(names)...); len(req.Topics) == 0 {
		return nil, nil
	}
	shard := c.ask(ctx, req)[0]
	if shard.Err != nil {
		return nil, shard.Err
	}
	found := topics{}
	for _, t := range shard.Resp.(*kmsg.MetadataResponse).Topics {
		if t.Topic != nil {
			c.topics.learn(*t.Topic, len(t.Partitions))
			found[*t.Topic] = topicInfo{len(t.Partitions), t.TopicID, kerr.ErrorForCode(t.ErrorCode)}
		}
	}
	return found, nil
}

// check returns what is wrong with a partition, nil if it exists.
func (ts topics) check(topic string, partition int32) *Error {
	t, ok := ts[topic]
	var e Error
	switch {
	case !ok:
		e = newError(ErrUnknownTopicOrPart)
	case t.err != nil && !waitsForLeader(new(toError(t.err))):
		e = toError(t.err)
	case t.err == nil && (partition < 0 || int(partition) >= t.partitions):
		e = newError(ErrUnknownPartition)
	default:
		return nil
	}
	return &e
}

// waitsForLeader reports whether the error goes away when the partition's leader is known again.
func waitsForLeader(err *Error) bool {
	return err.code == ErrLeaderNotAvailable || err.code == ErrNotLeaderForPartition || err.code == ErrFencedLeaderEpoch || err.code == ErrUnknownLeaderEpoch || err.code == ErrOffsetNotAvailable
}

func (c *client) listOffsetsOnce(ctx context.Context, isolation int8, queries []offsetQuery, round map[topicPartition]int) (map[topicPartition]offsetAnswer, error) {
	req := kmsg.NewPtrListOffsetsRequest()
	req.ReplicaID, req.IsolationLevel = -1, isolation
	at := map[string]int{}
	for k, i := range round {
		n, ok := at[k.topic]
		if !ok {
			t := kmsg.NewListOffsetsRequestTopic()
			t.Topic = k.topic
			n, at[k.topic] = len(req.Topics), len(req.Topics)
			req.Topics = append(req.Topics, t)
		}
		p := kmsg.NewListOffsetsRequestTopicPartition()
		p.Partition, p.Timestamp = k.id, queries[i].at
		req.Topics[n].Partitions = append(req.Topics[n].Partitions, p)
	}
	got := map[topicPartition]offsetAnswer{}
	for _, s := range c.ask(ctx, req) {
		if s.Err != nil {
			if ctx.Err() != nil || unreachable(s.Err) {
				return nil, c.askError(ctx, s.Err, ErrAllBrokersDown)
			}
			e := toError(s.Err)
			for _, t := range s.Req.(*kmsg.ListOffsetsRequest).Topics {
				for _, p := range t.Partitions {
					got[topicPartition{t.Topic, p.Partition}] = offsetAnswer{err: &e}
				}
			}
			continue
		}
		for _, t := range s.Resp.(*kmsg.ListOffsetsResponse).Topics {
			for _, p := range t.Partitions {
				a := offsetAnswer{offset: p.Offset, timestamp: p.Timestamp, epoch: p.LeaderEpoch}
				if p.ErrorCode != 0 {
					e := codeError(p.ErrorCode)
					a.err = &e
				} else if s.Resp.GetVersion() == 0 && len(p.OldStyleOffsets) > 0 {
					a.offset = p.OldStyleOffsets[0]
				}
				got[topicPartition{t.Topic, p.Partition}] = a
			}
		}
	}
	return got, nil
}

// within returns a context for a call that may take timeoutMs milliseconds, -1 for ever. Close ends it.
func (c *client) within(timeoutMs int) (context.Context, context.CancelFunc) {
	if timeoutMs == -1 {
		return context.WithCancel(c.tasks.ctx)
	}
	return context.WithTimeout(c.tasks.ctx, time.Duration(timeoutMs)*time.Millisecond)
}

// ask sends req, split over the brokers that it concerns, and waits for the answers as long as ctx lasts: while no
// broker can be reached, or the group's coordinator is still to be chosen, it tries again, as librdkafka does, where
// the engine gives up earlier.
func (c *client) ask(ctx context.Context, req kmsg.Request) []kgo.ResponseShard {
	for {
		shards := c.RequestSharded(ctx, req)
		for i := range shards {
			if brokerTooOld(shards[i].Err) {
				shards[i].Err = unsupported(kmsg.Key(req.Key())).withCause(shards[i].Err)
			}
		}
		if !allUnreachable(shards) && !noCoordinator(shards) || !sleep(ctx, unreachableBackoff) {
			return shards
		}
	}
}

// noCoordinator reports whether nobody has looked at a request that is for a coordinator: in a new cluster, or while
// brokers come and go.
func noCoordinator(shards []kgo.ResponseShard) bool {
	for _, s := range shards {
		if !errors.Is(s.Err, kerr.CoordinatorNotAvailable) && !errors.Is(s.Err, kerr.CoordinatorLoadInProgress) && !errors.Is(s.Err, kerr.NotCoordinator) {
			return false
		}
	}
	return len(shards) > 0
}

func allUnreachable(shards []kgo.ResponseShard) bool {
	for _, s := range shards {
		if s.Err == nil || !unreachable(s.Err) {
			return false
		}
	}
	return len(shards) > 0
}

// unreachable reports whether the error means that the request never got to a broker, so that it may be sent again
// whatever it asks for.
func unreachable(err error) bool {
	var (
		setup   *setupError
		backoff *backoffError
		dns     *net.DNSError
		op      *net.OpError
		first   *kgo.ErrFirstReadEOF
	)
	return errors.As(err, &setup) || errors.As(err, &backoff) || errors.As(err, &dns) || errors.As(err, &op) && op.Op == "dial" ||
		errors.As(err, &first) || errors.Is(err, kerr.SaslAuthenticationFailed)
}

// askError is the error of a failed ask. When its time ran out and no broker could be reached it has the code down.
func (c *client) askError(ctx context.Context, err error, down ErrorCode) Error {
	switch {
	case errors.Is(ctx.Err(), context.Canceled), c.tasks.ctx.Err() != nil:
		return newError(ErrDestroy).withCause(err)
	case ctx.Err() == nil && !unreachable(err):
		return toError(err)
	case unreachable(err):
		return newError(down).withCause(err)
	}
	return newError(c.timeoutCode(down)).withCause(err)
}

// sleep waits for d. It returns false at once when ctx ends.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-ctx.Done():
		return false
	}
}
