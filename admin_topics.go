package kafka

import (
	"context"
	"fmt"

	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kmsg"
)

// TopicSpecification is a topic to be made.
type TopicSpecification struct {
	Topic             string
	NumPartitions     int               // 1 to 100000, or -1 for the broker's default
	ReplicationFactor int               // 0 for the broker's default, and with ReplicaAssignment
	ReplicaAssignment [][]int32         // the broker ids of every partition's replicas; nil lets the broker choose
	Config            map[string]string // topic settings that differ from the broker's defaults
}

// PartitionsSpecification says how many partitions a topic is to have.
type PartitionsSpecification struct {
	Topic             string
	IncreaseTo        int       // the new number of partitions in all, 1 to 100000
	ReplicaAssignment [][]int32 // the broker ids of every new partition's replicas; nil lets the broker choose
}

// TopicResult says what happened to one topic.
type TopicResult struct {
	Topic string
	Error Error
}

// String returns the topic, with the error's text in brackets behind it where there is one.
func (t TopicResult) String() string {
	if t.Error.code == ErrNoError {
		return t.Topic
	}
	return fmt.Sprintf("%s (%s)", t.Topic, t.Error.str)
}

// Bounds of what a topic may be made with.
const (
	topicPartitionsMax  = 100000
	topicReplicationMax = 10000
)

// CreateTopics makes topics. See [AdminClient] for how calls wait. An empty list, a number out of range, and a
// ReplicaAssignment that does not fit the other fields are ErrInvalidArg, and nothing is made.
func (a *AdminClient) CreateTopics(ctx context.Context, topics []TopicSpecification, options ...CreateTopicsAdminOption) (result []TopicResult, err error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	req := kmsg.NewPtrCreateTopicsRequest()
	names := make([]string, 0, len(topics))
	for _, t := range topics {
		rt, err := t.request()
		if err != nil {
			return nil, err
		}
		req.Topics = append(req.Topics, rt)
		names = append(names, t.Topic)
	}
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	if len(topics) == 0 {
		return nil, newErrorf(ErrInvalidArg, "No topics to create")
	}
	req.TimeoutMillis, req.ValidateOnly = call.operationMillis(), call.validateOnly
	resp, err := request[*kmsg.CreateTopicsResponse](call, req)
	if err != nil {
		return nil, err
	}
	errs := map[string]Error{}
	for _, t := range resp.Topics {
		errs[t.Topic] = call.topicError(t.ErrorCode, t.ErrorMessage)
	}
	return topicResults(names, errs), nil
}

// request checks a specification and makes its part of the request.
func (t TopicSpecification) request() (kmsg.CreateTopicsRequestTopic, error) {
	rt := kmsg.NewCreateTopicsRequestTopic()
	rt.Topic, rt.NumPartitions, rt.ReplicationFactor = t.Topic, int32(t.NumPartitions), int16(t.ReplicationFactor)
	if t.ReplicationFactor == 0 {
		rt.ReplicationFactor = -1
	}
	if t.ReplicaAssignment != nil {
		if rt.ReplicationFactor != -1 {
			return rt, newErrorf(ErrInvalidArg, "TopicSpecification.ReplicationFactor and TopicSpecification.ReplicaAssignment are mutually exclusive")
		}
		if len(t.ReplicaAssignment) != t.NumPartitions {
			return rt, newErrorf(ErrInvalidArg, "TopicSpecification.ReplicaAssignment must contain exactly TopicSpecification.NumPartitions partitions")
		}
	}
	if t.NumPartitions < -1 || t.NumPartitions > topicPartitionsMax {
		return rt, newErrorf(ErrInvalidArg, "Topic %s: num_partitions out of expected range 1..%d or -1 for broker default", t.Topic, topicPartitionsMax)
	}
	if t.ReplicationFactor < -1 || t.ReplicationFactor > topicReplicationMax {
		return rt, newErrorf(ErrInvalidArg, "Topic %s: replication_factor out of expected range -1..%d", t.Topic, topicReplicationMax)
	}
	for p, replicas := range t.ReplicaAssignment {
		if len(replicas) == 0 {
			return rt, newErrorf(ErrInvalidArg, "Failed to set replica assignment for topic %s partition %d: no broker ids", t.Topic, p)
		}
		ra := kmsg.NewCreateTopicsRequestTopicReplicaAssignment()
		ra.Partition, ra.Replicas = int32(p), replicas
		rt.ReplicaAssignment = append(rt.ReplicaAssignment, ra)
	}
	if len(t.ReplicaAssignment) > 0 { // the protocol wants the number only once
		rt.NumPartitions = -1
	}
	for _, k := range sortedKeys(t.Config) {
		c, v := kmsg.NewCreateTopicsRequestTopicConfig(), t.Config[k]
		c.Name, c.Value = k, &v
		rt.Configs = append(rt.Configs, c)
	}
	return rt, nil
}

// topicResults puts the topics' errors in the order of the request. A topic that the request named more than once is
// one result.
func topicResults(names []string, errs map[string]Error) []TopicResult {
	results := make([]TopicResult, 0, len(names))
	for _, n := range distinct(names) {
		e, ok := errs[n]
		if !ok {
			e = missing("topic", n)
		}
		results = append(results, TopicResult{Topic: n, Error: e})
	}
	return results
}

// topicError is the error of a topic. A broker that was not to wait says that time ran out when the work is under way:
// that is what was asked for.
func (call *adminCall) topicError(code int16, text *string) Error {
	if code == kerr.RequestTimedOut.Code && call.operationTimeout <= 0 {
		code = 0
	}
	return itemError(code, text)
}

// DeleteTopics deletes topics with all their messages. See [AdminClient] for how calls wait. An empty list is an
// ErrInvalidArg.
func (a *AdminClient) DeleteTopics(ctx context.Context, topics []string, options ...DeleteTopicsAdminOption) (result []TopicResult, err error) {
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	if len(topics) == 0 {
		return nil, newErrorf(ErrInvalidArg, "No topics to delete")
	}
	req := kmsg.NewPtrDeleteTopicsRequest()
	req.TimeoutMillis, req.TopicNames = call.operationMillis(), topics
	for _, t := range topics {
		rt := kmsg.NewDeleteTopicsRequestTopic()
		rt.Topic = &t
		req.Topics = append(req.Topics, rt)
	}
	resp, err := request[*kmsg.DeleteTopicsResponse](call, req)
	if err != nil {
		return nil, err
	}
	errs := map[string]Error{}
	for _, t := range resp.Topics {
		if t.Topic != nil {
			errs[*t.Topic] = call.topicError(t.ErrorCode, nil)
		}
	}
	return topicResults(topics, errs), nil
}

// CreatePartitions adds partitions to topics. See [AdminClient] for how calls wait. An empty list and a number out of
// range are ErrInvalidArg, and nothing is added.
func (a *AdminClient) CreatePartitions(ctx context.Context, partitions []PartitionsSpecification, options ...CreatePartitionsAdminOption) (result []TopicResult, err error) {
	if err := a.verify(); err != nil {
		return nil, err
	}
	req := kmsg.NewPtrCreatePartitionsRequest()
	names := make([]string, 0, len(partitions))
	for _, p := range partitions {
		rt := kmsg.NewCreatePartitionsRequestTopic()
		rt.Topic, rt.Count = p.Topic, int32(p.IncreaseTo)
		if p.IncreaseTo < 1 || p.IncreaseTo > topicPartitionsMax {
			return nil, newErrorf(ErrInvalidArg, "Topic %s: new_total_cnt out of expected range 1..%d", p.Topic, topicPartitionsMax)
		}
		for i, replicas := range p.ReplicaAssignment {
			if len(replicas) == 0 {
				return nil, newErrorf(ErrInvalidArg, "Failed to set replica assignment for topic %s new partition index %d: no broker ids", p.Topic, i)
			}
			ra := kmsg.NewCreatePartitionsRequestTopicAssignment()
			ra.Replicas = replicas
			rt.Assignment = append(rt.Assignment, ra)
		}
		req.Topics = append(req.Topics, rt)
		names = append(names, p.Topic)
	}
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return nil, err
	}
	defer call.cancel()
	if len(partitions) == 0 {
		return nil, newErrorf(ErrInvalidArg, "No partitions to create")
	}
	req.TimeoutMillis, req.ValidateOnly = call.operationMillis(), call.validateOnly
	resp, err := request[*kmsg.CreatePartitionsResponse](call, req)
	if err != nil {
		return nil, err
	}
	errs := map[string]Error{}
	for _, t := range resp.Topics {
		errs[t.Topic] = call.topicError(t.ErrorCode, t.ErrorMessage)
	}
	return topicResults(names, errs), nil
}

// TopicCollection names the topics that DescribeTopics is to describe.
type TopicCollection struct {
	topicNames []string
}

// NewTopicCollectionOfTopicNames makes a collection of topics by their names.
func NewTopicCollectionOfTopicNames(names []string) TopicCollection {
	return TopicCollection{topicNames: names}
}

// TopicPartitionInfo is one partition of a topic.
type TopicPartitionInfo struct {
	Partition int
	Leader    *Node // nil where there is none at the moment
	Replicas  []Node
	Isr       []Node // the replicas that are in sync
}

// TopicDescription is one topic. Where Error is set only Name is, too.
type TopicDescription struct {
	Name                 string
	TopicID              UUID
	Error                Error
	IsInternal           bool // one of the brokers' own topics
	Partitions           []TopicPartitionInfo
	AuthorizedOperations []ACLOperation // what this client may do; nil without SetAdminOptionIncludeAuthorizedOperations
}

// DescribeTopicsResult is what DescribeTopics returns, in the order of the request.
type DescribeTopicsResult struct {
	TopicDescriptions []TopicDescription
}

// DescribeTopics describes topics. It never creates one. See [AdminClient] for how calls wait. A nil collection, an
// empty name and a name given twice are ErrInvalidArg; an empty collection has an empty result.
func (a *AdminClient) DescribeTopics(ctx context.Context, topics TopicCollection, options ...DescribeTopicsAdminOption) (result DescribeTopicsResult, err error) {
	if err := a.verify(); err != nil {
		return result, err
	}
	if topics.topicNames == nil {
		return result, newErrorf(ErrInvalidArg, "TopicCollection of topic names cannot be nil")
	}
	call, err := begin(ctx, a, waitController, options)
	if err != nil {
		return result, err
	}
	defer call.cancel()
	for i, n := range topics.topicNames {
		if n == "" {
			return result, newErrorf(ErrInvalidArg, "Empty topic name at index %d isn't allowed", i)
		}
	}
	if len(distinct(topics.topicNames)) != len(topics.topicNames) {
		return result, newErrorf(ErrInvalidArg, "Duplicate topics not allowed")
	}
	result.TopicDescriptions = []TopicDescription{}
	if len(topics.topicNames) == 0 {
		return result, nil
	}
	req := kmsg.NewPtrMetadataRequest()
	req.Topics, req.IncludeTopicAuthorizedOperations = metadataTopics(topics.topicNames...), call.authorizedOps
	resp, err := request[*kmsg.MetadataResponse](call, req)
	if err != nil {
		return DescribeTopicsResult{}, err
	}
	nodes := nodesByID(resp)
	found := map[string]TopicDescription{}
	for _, t := range resp.Topics {
		if t.Topic == nil {
			continue
		}
		d := TopicDescription{Name: *t.Topic, Error: itemError(t.ErrorCode, nil)}
		if t.ErrorCode == 0 {
			d.TopicID, d.IsInternal, d.Partitions = uuidFrom(t.TopicID), t.IsInternal, partitionInfos(t.Partitions, nodes)
			d.AuthorizedOperations = call.operations(t.AuthorizedOperations)
		}
		found[d.Name] = d
	}
	for _, n := range topics.topicNames {
		d, ok := found[n]
		if !ok {
			d = TopicDescription{Name: n, Error: missing("topic", n)}
		}
		result.TopicDescriptions = append(result.TopicDescriptions, d)
	}
	return result, nil
}
